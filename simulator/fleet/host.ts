import { addText, FNV_OFFSET } from '../../src/lib/fnv1a.ts'

/** A row of an osquery table; columns that are not named are NULL. */
export type TableRow = Record<string, string | number>

/**
 * How a host behaves when a command reaches it, or why none does. `silent`: undeliverable; `impostor`: answers under
 * another host's name; `cut`: prints more than SSM passes on; `denied`: the role may not send to it.
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

/** A host of the embedded fleet: what its osquery would see. */
export interface SimulatedHost {
  readonly id: string
  readonly name: string
  readonly address: string
  readonly tags: Readonly<Record<string, string>>
  behavior: Behavior
  readonly tables: Record<string, TableRow[]>
}

/** What was planted, and where: the truth that a run is measured against. */
export interface Compromise {
  readonly name: string
  readonly description: string
  readonly hosts: readonly string[]
}

export interface SimulatedFleet {
  readonly hosts: readonly SimulatedHost[]
  readonly compromises: readonly Compromise[]
}

/** Adds processes to a host, each with a pid of its own. */
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

/** A file and its digest, which osquery tells in two tables. */
export function addFile(host: SimulatedHost, path: string, content: string, rest: TableRow = {}): void {
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
    ...rest
  })
  addRow(host, 'hash', { path, directory, sha256: digestOf(content) })
}

/** A stand-in for a file's SHA-256: 64 hex digits that hang on the content's name. */
export function digestOf(content: string): string {
  let digest = ''
  for (let part = 0; part < 8; part++) {
    digest += (addText(FNV_OFFSET ^ part, content) >>> 0).toString(16).padStart(8, '0')
  }
  return digest
}
