import { EVENT_TABLES, REQUIRED_COLUMNS } from '../../src/osquery/tables.ts'

/** Tables that have rows of the current user only, unless the statement names users (`user_data` in osquery's specs). */
const USER_TABLES: ReadonlySet<string> = new Set([
  'authorized_keys',
  'known_hosts',
  'shell_history',
  'ssh_configs',
  'user_ssh_keys',
  'vscode_extensions'
])

/** What osquery says on stderr beside its rows, and how it then exits. */
export interface Complaints {
  readonly stderr: string
  /** 19: nothing is answered. */
  readonly code: 0 | 19
}

/**
 * What osquery complains of in a statement: events that are off, a required column that is missing, rows of one user
 * only, a message bus that is not there. Whether a column is given is read off the text of the statement.
 * @param tables the tables that it names
 * @param hasBus systemd can be asked on this host
 */
export function complaintsOf(sql: string, tables: readonly string[], hasBus: boolean): Complaints {
  const lines: string[] = []
  const log = (level: 'E' | 'W', file: string, text: string) =>
    lines.push(`${level}1129 07:48:59.457625 13566 ${file}] ${text}`)
  for (const table of tables) {
    const required = REQUIRED_COLUMNS.get(table)
    if (required !== undefined && !required.some(column => isGiven(sql, column))) {
      const words = `Table ${table} was queried without a required column in the WHERE clause`
      log('W', 'virtual_table.cpp:1012', words)
      log(
        'W',
        'virtual_table.cpp:1012',
        `Please see the table documentation: https://osquery.io/schema/#${table}`
      )
      return { stderr: `${lines.join('\n')}\nError: ${words}\n`, code: 19 }
    }
    if (EVENT_TABLES.has(table))
      log('W', 'virtual_table.cpp:984', `Table ${table} is event-based but events are disabled`)
    if (USER_TABLES.has(table) && !isGiven(sql, 'uid'))
      log(
        'W',
        'virtual_table.cpp:996',
        `The ${table} table returns data based on the current user by default, consider JOINing against the users table`
      )
    if (table === 'systemd_units' && !hasBus)
      log(
        'E',
        'systemd_units.cpp:38',
        'Failed to generate the systemd unit list: Failed to connect to the system dbus: Failed to connect to socket /run/dbus/system_bus_socket: No such file or directory (org.freedesktop.DBus.Error.FileNotFound)'
      )
  }
  return { stderr: lines.map(line => `${line}\n`).join(''), code: 0 }
}

/** Whether a statement compares a column, or joins with it. */
function isGiven(sql: string, column: string): boolean {
  const before = new RegExp(`\\b${column}\\s*(?:=|\\bIN\\b|\\bLIKE\\b)`, 'i')
  const after = new RegExp(`=\\s*(?:\\w+\\.)?${column}\\b`, 'i')
  const using = new RegExp(`\\bUSING\\s*\\([^)]*\\b${column}\\b`, 'i')
  return before.test(sql) || after.test(sql) || using.test(sql)
}
