import { addProcess, addRow, type SimulatedHost, type TableRow } from '../../simulator/fleet/host.ts'

/** The pid of processes that are added; no simulated host uses it. */
export const NEW_PID = 62_000

/** The folder of units that packages bring. */
export const VENDOR_UNITS = '/usr/lib/systemd/system'

/** The pid of the program at a path, or 1. */
export const pidOf = (host: SimulatedHost, path: string): number =>
  Number(host.tables.processes?.find(process => process.path === path)?.pid ?? 1)

/** Starts a program in a unit of its own, as root. */
export function run(host: SimulatedHost, path: string, cmdline: string, columns: TableRow = {}): number {
  return addProcess(host, {
    pid: NEW_PID,
    path,
    cmdline,
    cgroup_path: '/system.slice/x.service',
    ...columns
  })
}

/** Starts programs, each by the one before it, under the same columns. Returns the last pid. */
export function runChain(
  host: SimulatedHost,
  programs: readonly (readonly [path: string, cmdline: string])[],
  columns: TableRow = {}
): number {
  let parent = Number(columns.parent ?? 1)
  let pid = Number(columns.pid ?? NEW_PID)
  for (const [path, cmdline] of programs) {
    run(host, path, cmdline, { ...columns, pid, parent })
    parent = pid++
  }
  return parent
}

/** Opens a connection to port 443 of an address. */
export function connect(
  host: SimulatedHost,
  pid: number,
  remote_address: string,
  columns: TableRow = {}
): void {
  addRow(host, 'process_open_sockets', {
    pid,
    family: 2,
    protocol: 6,
    fd: 5,
    local_address: host.address,
    local_port: 45_000,
    remote_address,
    remote_port: 443,
    state: 'ESTABLISHED',
    ...columns
  })
}

/** Changes the rows of a table that have a value in a column. */
export function change(
  host: SimulatedHost,
  table: string,
  column: string,
  value: string,
  to: Partial<TableRow>
): void {
  for (const row of host.tables[table] ?? []) if (row[column] === value) Object.assign(row, to)
}

/** Adds kernel modules. */
export function load(host: SimulatedHost, ...names: string[]): void {
  for (const name of names) addRow(host, 'kernel_modules', { name, status: 'Live', used_by: '-' })
}

/** An instance of a unit of a package, as systemd lists it. */
export function instance(id: string, template: string, columns: TableRow = {}): TableRow {
  return {
    id,
    fragment_path: `${VENDOR_UNITS}/${template}`,
    load_state: 'loaded',
    active_state: 'active',
    sub_state: 'running',
    unit_file_state: 'static',
    user: '',
    ...columns
  }
}

/** Installs packages of Debian. */
export function install(host: SimulatedHost, ...names: string[]): void {
  for (const name of names)
    addRow(host, 'deb_packages', { name, version: '1.0-1', status: 'install ok installed', arch: 'amd64' })
}

/** Lists files as those of a Debian package. */
export function own(host: SimulatedHost, name: string, ...paths: string[]): void {
  for (const path of paths) addRow(host, 'deb_package_files', { package: name, path })
}

/** Several things that happen to one host, one after the other: each gets process ids of its own. */
export function together(...happens: readonly ((host: SimulatedHost) => void)[]) {
  return (host: SimulatedHost): void => {
    for (const [at, happen] of happens.entries()) {
      happen(host)
      moveNewProcesses(host, (at + 1) * NEW_PIDS)
    }
  }
}

/** So many process ids may one change take. */
const NEW_PIDS = 100
const PID_COLUMNS = ['pid', 'parent']

function moveNewProcesses(host: SimulatedHost, by: number): void {
  for (const rows of Object.values(host.tables))
    for (const row of rows)
      for (const column of PID_COLUMNS) {
        const pid = Number(row[column])
        if (pid >= NEW_PID && pid < NEW_PID + NEW_PIDS) row[column] = pid + by
      }
}
