import type { Call } from './osquery-planner.ts'

/** Seconds of CPU: for each call, and for each row that the call makes. */
interface Cost {
  readonly call: number
  readonly row: number
  /** Of a call that is constrained, if it costs less or more than listing everything. */
  readonly constrained?: number
}

/** What starting osquery and loading its tables costs for every query (measured on 5.23). */
const START = 0.03

/**
 * Costs of tables, measured on osquery 5.23 on two cores at `nice` where the facts say so (processes, sockets, units,
 * packages, suid_bin), and otherwise estimated from what the table's source reads. The tables of packages' files
 * list some 100,000 on a server, however few the model has.
 */
const COSTS: Readonly<Record<string, Cost>> = {
  processes: { call: 0.000_05, row: 0.000_15 },
  process_envs: { call: 0.000_05, row: 0.000_005 },
  process_namespaces: { call: 0.000_05, row: 0.000_1 },
  process_memory_map: { call: 0.000_05, row: 0.000_02 },
  process_open_sockets: { call: 0.1, row: 0.000_02, constrained: 0.005 },
  process_open_files: { call: 0.000_05, row: 0.000_05 },
  listening_ports: { call: 0.1, row: 0.000_02 },
  systemd_units: { call: 0.01, row: 0.001_2 },
  deb_packages: { call: 0.08, row: 0.000_01 },
  rpm_packages: { call: 0.1, row: 0.000_05, constrained: 0.002 },
  deb_package_files: { call: 1, row: 0 },
  rpm_package_files: { call: 1.5, row: 0 },
  users: { call: 0.000_1, row: 0.000_005 },
  groups: { call: 0.000_1, row: 0.000_005 },
  file: { call: 0.000_1, row: 0.000_02 },
  hash: { call: 0.000_1, row: 0.000_5 },
  extended_attributes: { call: 0.000_1, row: 0.000_03 },
  suid_bin: { call: 1.5, row: 0 },
  mounts: { call: 0.01, row: 0.000_05 },
  docker_containers: { call: 0.05, row: 0.01 },
  docker_container_mounts: { call: 0.01, row: 0.000_1 }
}

const OTHER: Cost = { call: 0.002, row: 0.000_01 }

/** Seconds of CPU that a query takes, by the calls that its plan makes. */
export function secondsOf(calls: readonly Call[]): number {
  let seconds = START
  for (const { table, full, rows } of calls) {
    const { call, row, constrained = call } = COSTS[table] ?? OTHER
    seconds += (full ? call : constrained) + rows.length * row
  }
  return seconds
}
