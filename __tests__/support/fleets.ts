import type { Query } from '../../src/osquery/pack.ts'
import type { HostFacts, HostRecord, QueryResult, Row } from '../../src/snapshot/snapshot.ts'

/** The osquery tables behind the names of the tests' queries. */
const TABLES: Readonly<Record<string, string>> = {
  programs: 'processes',
  ports: 'listening_ports',
  cron: 'crontab',
  modules: 'kernel_modules',
  guards: 'systemd_units',
  binaries: 'file JOIN hash USING (path)',
  sessions: 'logged_in_users'
}

/** A query for tests. */
export function query(name: string, identity: string[] | null, rest: Partial<Query> = {}): Query {
  return {
    name,
    sql: `SELECT * FROM ${TABLES[name] ?? name}`,
    title: name,
    platforms: [],
    identity,
    changes: [],
    cohort: [],
    attack: [],
    weight: 'normal',
    control: false,
    root: false,
    ...rest
  }
}

export const facts: HostFacts = {
  hostname: null,
  fqdn: null,
  addresses: [],
  macs: [],
  machineId: null,
  bootId: null,
  os: 'debian',
  osVersion: '12',
  arch: 'x86_64',
  osqueryVersion: '5.23.0',
  root: true
}

export function host(id: string, rows: Record<string, Row[]>, rest: Partial<HostRecord> = {}): HostRecord {
  const queries: Record<string, QueryResult> = {}
  for (const [name, list] of Object.entries(rows)) queries[name] = { status: 'ok', detail: null, rows: list }
  return {
    host: id,
    status: 'reported',
    code: null,
    reason: null,
    unanswered: false,
    collectedAt: null,
    facts,
    queries,
    ...rest
  }
}

export const QUERIES = [
  query('programs', ['path', 'username']),
  query('ports', ['protocol', 'port', 'path']),
  query('cron', ['path', 'command'], { attack: ['T1053.003'] }),
  query('modules', ['name'], { weight: 'integrity', attack: ['T1547.006'] }),
  query('binaries', ['path', 'version', 'sha256'], { changes: ['sha256'], cohort: ['version'] }),
  query('guards', ['name', 'state'], { changes: ['state'], control: true }),
  query('sessions', ['user'], { weight: 'context' })
] as const

export const hostId = (index: number): string => `i-${index.toString(16).padStart(17, '0')}`

/** A healthy host. Hosts differ in their pids, in a random part of a cron command and in package versions. */
export function healthy(index: number): Record<string, Row[]> {
  return {
    programs: ['/usr/sbin/sshd', '/usr/sbin/nginx', '/usr/bin/node', '/usr/sbin/cron'].map((path, at) => ({
      path,
      username: at === 2 ? 'app' : 'root',
      pid: String(1000 + index * 7 + at)
    })),
    ports: [
      { protocol: '6', port: '22', path: '/usr/sbin/sshd' },
      { protocol: '6', port: '443', path: '/usr/sbin/nginx' }
    ],
    cron: [{ path: '/etc/crontab', command: `run-parts --report /etc/cron.daily # ${index * 7919 + 10000}` }],
    modules: ['ext4', 'nf_tables', 'overlay'].map(name => ({ name })),
    binaries: [
      {
        path: '/usr/sbin/sshd',
        version: index % 3 === 0 ? '9.2p2' : '9.2p1',
        sha256: index % 3 === 0 ? 'bb' : 'aa'
      }
    ],
    guards: [{ name: 'auditd', state: 'active' }],
    sessions: index === 5 ? [{ user: 'alice' }] : []
  }
}

/** `size` healthy hosts, each changed by `change`. */
export function fleet(
  size: number,
  change: (index: number, rows: Record<string, Row[]>) => void = () => undefined
): HostRecord[] {
  return Array.from({ length: size }, (_, index) => {
    const rows = healthy(index)
    change(index, rows)
    return host(hostId(index), rows)
  })
}
