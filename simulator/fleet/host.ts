import { addText, FNV_OFFSET } from '../../src/lib/fnv1a.ts'
import type { Random } from './random.ts'

/** When the hosts of every fleet are looked at, in seconds since 1970. */
export const SIMULATED_NOW = 1_795_000_000

/** A row of an osquery table; columns that are not named are NULL. */
export type TableRow = Record<string, string | number>

/**
 * How a host behaves when a command reaches it, or why none does. `silent`: the command cannot be delivered; `impostor`:
 * it answers under another host's name; `cut`: it prints more than SSM passes on; `denied`: the role may not send to it.
 */
export type Behavior =
  | 'honest'
  | 'silent'
  | 'no-osquery'
  | 'garbage'
  | 'hang'
  | 'failed'
  | 'timed-out'
  | 'offline'
  | 'other-platform'
  | 'denied'
  | 'impostor'
  | 'cut'

/** A host of the simulated fleet: what its osquery would see. */
export interface SimulatedHost {
  readonly id: string
  readonly name: string
  readonly address: string
  readonly tags: Readonly<Record<string, string>>
  behavior: Behavior
  readonly tables: Record<string, TableRow[]>
}

/** What an attacker did, and where: the ground truth of a run. */
export interface Compromise {
  readonly name: string
  readonly description: string
  readonly hosts: readonly string[]
}

export interface SimulatedFleet {
  readonly hosts: readonly SimulatedHost[]
  readonly compromises: readonly Compromise[]
}

/** Adds a process to a host. Returns its pid. */
export function addProcess(
  host: SimulatedHost,
  process: { pid: number; path: string; cmdline: string } & TableRow
): number {
  const name = process.path.split('/').at(-1) ?? ''
  const rows = host.tables.processes ?? []
  host.tables.processes = rows
  rows.push({
    name: name.slice(0, 15),
    state: 'S',
    uid: 0,
    gid: 0,
    euid: 0,
    egid: 0,
    on_disk: 1,
    parent: 1,
    cwd: '/',
    root: '/',
    cgroup_path: '/system.slice/unknown.service',
    ...process
  })
  return process.pid
}

export function addRow(host: SimulatedHost, table: string, row: TableRow): void {
  const rows = host.tables[table] ?? []
  host.tables[table] = rows
  rows.push(row)
}

/** A file and its digest, which osquery reports in two tables. */
export function addFile(host: SimulatedHost, path: string, content: string, columns: TableRow = {}): void {
  const slash = path.lastIndexOf('/')
  const directory = path.slice(0, slash)
  addRow(host, 'file', {
    path,
    directory,
    filename: path.slice(slash + 1),
    uid: 0,
    gid: 0,
    mode: '0644',
    type: 'regular',
    size: content.length * 97,
    symlink: 0,
    ...columns
  })
  addRow(host, 'hash', { path, directory, sha256: digestOf(content) })
}

/** A systemd unit in the folder of its unit file. */
export function addUnit(
  host: SimulatedHost,
  id: string,
  folder: string,
  active_state: string,
  unit_file_state: string
): void {
  addRow(host, 'systemd_units', {
    id,
    description: id.replace(/\.\w+$/, ''),
    load_state: 'loaded',
    active_state,
    sub_state: active_state === 'active' ? 'running' : 'dead',
    unit_file_state,
    fragment_path: `${folder}/${id}`,
    user: ''
  })
}

/** A port that a process listens on. @param protocol 6 for TCP, 17 for UDP */
export function addListener(
  host: SimulatedHost,
  random: Random,
  pid: number,
  protocol: number,
  address: string,
  port: number
): void {
  addRow(host, 'listening_ports', {
    pid,
    port,
    protocol,
    family: address.includes(':') ? 10 : 2,
    address,
    fd: random.between(3, 90),
    socket: random.between(1e4, 9e5),
    net_namespace: 4026531840
  })
}

/** A substitute for a file's SHA-256: 64 hex digits that depend on the name of its content. */
export function digestOf(content: string): string {
  let digest = ''
  for (let part = 0; part < 8; part++) {
    digest += (addText(FNV_OFFSET ^ part, content) >>> 0).toString(16).padStart(8, '0')
  }
  return digest
}
