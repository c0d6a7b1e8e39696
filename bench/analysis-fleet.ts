import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { builtinPack } from '../src/osquery/builtin-packs.ts'
import type { Query } from '../src/osquery/pack.ts'
import type { HostRecord, QueryResult, Row, SnapshotHeader } from '../src/snapshot/snapshot.ts'

/** Rows of a host; one in twenty is its own noise. */
export const ROWS = 500
const ROLES = ['web', 'worker', 'database', 'bastion'] as const
/** How the hosts are spread over the roles. */
const SHARES = [0.55, 0.3, 0.14, 0.01] as const

/** Queries of the built-in pack; the second list has volatile columns such as a pid. */
const ASKED = ['packages', 'setuid_files', 'systemd_units', 'kernel_modules', 'sysctls', 'users']
const ASKED_VOLATILE = ['programs', 'listening_ports', 'crontab']

export const benchQueries = (): Query[] =>
  (builtinPack('linux')?.queries ?? []).filter(({ name }) => [...ASKED, ...ASKED_VOLATILE].includes(name))

const benchHeader: SnapshotHeader = {
  fleetDriftSnapshot: 1,
  name: 'bench',
  collector: 'files',
  packs: [],
  targets: [],
  region: null,
  startedAt: '2026-01-01T00:00:00Z'
}

/**
 * Writes a fleet as a snapshot, line by line: a few roles, shared rows, pids, and per-host noise, half of which is
 * shared by some hosts and half is met once. The same seed gives the same fleet.
 */
export async function writeFleet(path: string, hosts: number, seed: number): Promise<void> {
  const random = generator(seed)
  const gzip = createGzip({ level: 1 })
  const written = finished(gzip.pipe(createWriteStream(path)))
  const shared = ROLES.map((role, at) => sharedRows(role, at))
  gzip.write(`${JSON.stringify(benchHeader)}\n`)
  for (let index = 0; index < hosts; index++) {
    const draw = random()
    let role = 0
    for (let sum = SHARES[0]; role < ROLES.length - 1 && draw > sum; sum += SHARES[role] ?? 1) role++
    const line = `${JSON.stringify(hostOf(index, shared[role] ?? {}, random))}\n`
    if (!gzip.write(line)) await once(gzip, 'drain')
  }
  gzip.end()
  await written
}

function hostOf(index: number, shared: Record<string, readonly Row[]>, random: () => number): HostRecord {
  const between = (from: number, to: number) => from + Math.floor(random() * (to - from))
  const hex = (digits: number) => Array.from({ length: digits }, () => between(0, 16).toString(16)).join('')
  const address = `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`
  const hostname = `ip-${address.replaceAll('.', '-')}`
  const queries: Record<string, QueryResult> = {}
  let pid = between(300, 900)
  for (const [name, rows] of Object.entries(shared)) {
    const own = rows.map(row => {
      if (!ASKED_VOLATILE.includes(name)) return row
      pid += between(1, 60)
      return { ...row, pid: String(pid) }
    })
    queries[name] = { status: 'ok', detail: null, rows: own }
  }
  const add = (name: string, row: Row) => {
    const result = queries[name]
    if (result !== undefined) queries[name] = { ...result, rows: [...result.rows, row] }
  }
  for (let noise = 0; noise < ROWS * 0.025; noise++) {
    // Some hosts have it: the rarer the more there are, as a power law has it.
    const rank = Math.floor(2000 ** random())
    add('packages', { name: `extra-tool-${rank}`, kind: 'deb' })
    const token = hex(12)
    const drawn = random()
    if (drawn < 0.4)
      add('crontab', {
        path: `/etc/cron.d/job-${token}`,
        command: `root /usr/local/bin/job --id ${token}`,
        pid: '0'
      })
    else if (drawn < 0.8)
      add('programs', {
        path: `/tmp/.build-${token}/worker`,
        username: 'ci',
        name: 'worker',
        cmdline: `/tmp/.build-${token}/worker --host ${hostname}`,
        pid: String(between(1000, 60000))
      })
    else
      add('listening_ports', {
        protocol: '6',
        address,
        port: String(between(20000, 32000)),
        path: '/usr/bin/app',
        name: 'app',
        pid: String(between(1000, 60000))
      })
  }
  return {
    host: `i-${index.toString(16).padStart(17, '0')}`,
    status: 'reported',
    code: null,
    reason: null,
    unanswered: false,
    collectedAt: '2026-01-01T00:05:00Z',
    facts: {
      hostname,
      fqdn: `${hostname}.eu-west-1.compute.internal`,
      addresses: [address, '127.0.0.1', '::1', `fe80::${hex(4)}:${hex(4)}:${hex(4)}:${hex(4)}`],
      macs: [`0a:${hex(2)}:${hex(2)}:${hex(2)}:${hex(2)}:${hex(2)}`],
      machineId: hex(32),
      bootId: `${hex(8)}-${hex(4)}-${hex(4)}-${hex(4)}-${hex(12)}`,
      os: 'debian',
      osVersion: '12',
      arch: 'x86_64',
      osqueryVersion: '5.23.0',
      root: true
    },
    queries
  }
}

/** The rows of all hosts of a role: two thirds are those of every role. */
function sharedRows(role: string, at: number): Record<string, readonly Row[]> {
  const list = (count: number, row: (index: number, owner: string) => Row) =>
    Array.from({ length: count }, (_, index) => row(index, index % 3 === 2 ? role : 'base'))
  return {
    packages: list(240, (index, owner) => ({ name: `lib${owner}-component-${index}-common`, kind: 'deb' })),
    setuid_files: list(25, (index, owner) => ({
      path: `/usr/lib/${owner}/helper-${index}`,
      username: 'root',
      groupname: 'root',
      permissions: 'S'
    })),
    systemd_units: list(60, (index, owner) => ({
      id: `${owner}-unit-${index}.service`,
      fragment_path: `/usr/lib/systemd/system/${owner}-unit-${index}.service`,
      unit_file_state: 'enabled',
      user: '',
      active_state: 'active',
      sub_state: 'running'
    })),
    kernel_modules: list(40, (index, owner) => ({
      name: `${owner}_module_${index}`,
      size: String(16384 + index * 4096),
      used_by: '-',
      status: 'Live'
    })),
    sysctls: list(20, (index, owner) => ({ name: `net.${owner}.option_${index}`, current_value: '1' })),
    users: list(20, (index, owner) => ({
      username: `${owner}${index}`,
      shell: '/usr/sbin/nologin',
      uid: String(index),
      gid: String(index),
      directory: '/nonexistent'
    })),
    programs: list(50, (index, owner) => ({
      path: `/usr/sbin/${owner}-daemon-${index}`,
      username: 'root',
      name: `${owner}-daemon-${index}`,
      cmdline: `/usr/sbin/${owner}-daemon-${index} --config /etc/${owner}/${index}.conf`
    })),
    listening_ports: list(12, (index, owner) => ({
      protocol: '6',
      address: '*',
      port: String(1000 + at + index * 3),
      path: `/usr/sbin/${owner}-daemon-${index}`,
      name: `${owner}-daemon-${index}`
    })),
    crontab: list(8, (index, owner) => ({
      path: `/etc/cron.d/${owner}-${index}`,
      command: `root /usr/lib/${owner}/cron-${index}`
    }))
  }
}

/** Mulberry32 (T. Ettinger): small, seeded, good enough for made-up fleets. */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
