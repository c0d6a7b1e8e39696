import type { Random } from '../../../simulator/fleet/random.ts'
import { type Query, unknownQuery } from '../../../src/osquery/pack.ts'
import type { Row } from '../fleet/ground-truth.ts'
import type { Rows } from '../fleet/rows.ts'
import type { ForeignPack } from '../fleet/scenario.ts'

/** A table of the foreign pack: where its rows come from, what its columns are called, which of them cannot be compared. */
interface Table {
  readonly from: readonly string[]
  /** Column of the linux pack → column here; others are dropped. */
  readonly columns: Readonly<Record<string, string>>
  /** Columns drawn anew at each query, under names that are in none of the product's lists. */
  readonly drawn: readonly string[]
}

const PROCESS = { path: 'image', tool: 'image', username: 'owner' }
const DIGESTED = { path: 'file_name', sha256: 'authenticode_sha256', version: 'product_version' }

const TABLES: Readonly<Record<string, Table>> = {
  services: {
    from: ['systemd_units'],
    columns: { id: 'service_name', fragment_path: 'binary', unit_file_state: 'start_type' },
    drawn: ['handle_count']
  },
  service_states: {
    from: ['security_controls'],
    columns: { id: 'service_name', state: 'run_state' },
    drawn: ['checkpoint']
  },
  scheduled_tasks: {
    from: ['crontab'],
    columns: { path: 'task', command: 'action' },
    drawn: ['task_run_tick']
  },
  running: {
    from: [
      'programs',
      'sessions',
      'session_programs',
      'package_runs',
      'temporary_programs',
      'memory_only_programs',
      'kernel_thread_impostors',
      'service_shells',
      'replaced_programs',
      'loader_environment'
    ],
    columns: PROCESS,
    drawn: ['process_number', 'working_set', 'launch_tick']
  },
  listeners: {
    from: ['listening_ports', 'packet_sockets'],
    columns: { protocol: 'transport', address: 'local_ip', port: 'service_port', path: 'image' },
    drawn: ['process_number']
  },
  peers: {
    from: ['outbound', 'shell_connections'],
    columns: { path: 'image', remote_port: 'peer_port' },
    drawn: ['process_number', 'source_port']
  },
  drivers: { from: ['kernel_modules'], columns: { name: 'driver' }, drawn: ['load_address'] },
  accounts: {
    from: ['users', 'root_accounts'],
    columns: { username: 'account', shell: 'logon_program' },
    drawn: []
  },
  account_flags: {
    from: ['passwords'],
    columns: { username: 'account', password_status: 'flag' },
    drawn: ['last_logon_tick']
  },
  group_members: {
    from: ['admin_groups'],
    columns: { groupname: 'local_group', username: 'member' },
    drawn: []
  },
  rights: {
    from: ['sudoers', 'authorized_keys'],
    columns: { header: 'holder', rule_details: 'right', username: 'holder', key: 'right' },
    drawn: []
  },
  autostart: {
    from: ['boot_scripts', 'system_hooks', 'login_config', 'preload_file'],
    columns: DIGESTED,
    drawn: ['usn']
  },
  signed_files: { from: ['core_programs', 'pam_modules'], columns: DIGESTED, drawn: ['usn'] },
  privileged_files: {
    from: ['setuid_files', 'setuid_elsewhere', 'file_capabilities', 'hidden_files', 'proc_mounts'],
    columns: { path: 'file_name' },
    drawn: ['usn']
  },
  policies: { from: ['sysctls'], columns: { name: 'policy', current_value: 'setting' }, drawn: [] },
  filters: {
    from: ['firewall'],
    columns: { chain: 'direction', policy: 'fallback', target: 'verdict', dst_port: 'service_port' },
    drawn: ['filter_run']
  },
  installed: { from: ['packages'], columns: { name: 'product' }, drawn: [] },
  names: { from: ['name_resolution'], columns: { kind: 'source', address: 'ip', value: 'names' }, drawn: [] }
}

const HOME: ReadonlyMap<string, { readonly name: string; readonly table: Table }> = new Map(
  Object.entries(TABLES).flatMap(([name, table]) =>
    table.from.map(query => [query, { name, table }] as const)
  )
)

const queries: readonly Query[] = Object.keys(TABLES).map(name => ({
  ...unknownQuery(name),
  sql: `SELECT * FROM ${name}`,
  title: name
}))

/**
 * The rows as a pack for Windows that the product does not know might return them: other tables, other columns, paths
 * with backslashes, and columns that change at each query under unknown names.
 */
export const FOREIGN: ForeignPack = {
  queries,
  translate(rows: Rows): Rows {
    const own: Rows = Object.fromEntries(queries.map(({ name }) => [name, []]))
    for (const [query, list] of Object.entries(rows)) {
      const home = HOME.get(query)
      if (home !== undefined) own[home.name]?.push(...list.map(row => renamed(row, home.table)))
    }
    return own
  },
  addVolatileColumns(row: Row, random: Random): Row {
    const seen: Record<string, string> = { ...row }
    for (const column of DRAWN.get(Object.keys(row).sort().join()) ?? [])
      seen[column] = String(random.between(1, 2 ** 31))
    return seen
  }
}

/** By the columns that a row of the table has. */
const DRAWN: ReadonlyMap<string, readonly string[]> = new Map(
  Object.values(TABLES).map(({ columns, drawn }) => [
    [...new Set(Object.values(columns))].sort().join(),
    drawn
  ])
)

function renamed(row: Row, { columns }: Table): Row {
  const own: Record<string, string> = Object.fromEntries(
    [...new Set(Object.values(columns))].map(column => [column, ''])
  )
  for (const [column, value] of Object.entries(row)) {
    const name = columns[column]
    if (name !== undefined) own[name] = value.startsWith('/') ? `C:${value.replace(/\//g, '\\')}` : value
  }
  return own
}
