import { afterAll, expect, test } from '@jest/globals'
import type { TableRow } from '../../simulator/fleet/host.ts'
import { simulatedOsquery } from '../../simulator/osquery/answer.ts'

// What osquery 5.23 was seen to print, byte for byte.
const osquery = simulatedOsquery()
afterAll(() => osquery.close())

const tables: Record<string, TableRow[]> = {
  users: [{ uid: 0, username: 'root', directory: '/root' }],
  processes: [
    { pid: 1, parent: 0, name: 'systemd' },
    { pid: 2, parent: 1, name: 'sh' }
  ],
  file: [{ path: '/etc/passwd', mode: '0644' }],
  authorized_keys: [{ uid: 0, key: 'AAAA' }],
  systemd_units: [{ id: 'ssh.service' }]
}
const answer = (sql: string, asked: Record<string, TableRow[]> = tables) => osquery.answer(asked, sql)
const printed = (sql: string) => answer(sql).stdout.toString('latin1')
const list = (...rows: string[]) => `[\n${rows.join(',\n')}\n]\n`

test('rows are printed one per line, their keys by name', () => {
  expect(printed('SELECT username, directory, uid FROM users')).toBe(
    list('  {"directory":"/root","uid":"0","username":"root"}')
  )
  expect(printed('SELECT pid FROM processes ORDER BY pid DESC')).toBe(list('  {"pid":"2"}', '  {"pid":"1"}'))
  expect(printed('SELECT 1 AS b, 2 AS B, 3 AS _')).toBe(list('  {"B":"2","_":"3","b":"1"}'))
})

test('no rows are a list with an empty line', () => {
  expect(answer('SELECT * FROM users WHERE 0')).toEqual({
    stdout: Buffer.from('[\n\n]\n'),
    stderr: '',
    code: 0
  })
})

test.each([
  ['NULL', ''],
  ['0.1 + 0.2', '0.3'],
  ['2.0', '2.0'],
  ['1.5', '1.5'],
  ['1e15', '1.0e+15'],
  ['1e300', '1.0e+300'],
  ['1e300 * 1e300', 'Inf'],
  ['-1e300 * 1e300', '-Inf'],
  ['9223372036854775807', '9223372036854775807'],
  ['9223372036854775808', '9.22337203685478e+18'],
  ["x'00ff41'", ''],
  ["x'4100ff'", 'A'],
  ["CAST(x'ff41c3' AS TEXT)", '\xffA\xc3'],
  ["CAST(x'c3a9' AS TEXT)", '\xc3\xa9'],
  ["'é'", '\xc3\xa9'],
  ['char(9, 10, 1, 27, 127)', '\\t\\n\\u0001\\u001B\x7f'],
  [`'"\\/'`, '\\"\\\\/']
])('the value %s is printed as by osquery', (sql, expected) => {
  expect(printed(`SELECT ${sql} AS v`)).toBe(list(`  {"v":"${expected}"}`))
})

test('of two columns with one name the last counts', () => {
  expect(printed('SELECT p.pid, q.pid FROM processes p JOIN processes q ON q.parent = p.pid')).toBe(
    list('  {"pid":"2"}')
  )
})

test.each([
  ['SELECT * FROM nosuch', 1, 'Error: no such table: nosuch\n'],
  ['SELECT nosuch FROM users', 1, 'Error: no such column: nosuch\n'],
  ['SELECT nosuch(1)', 1, 'Error: no such function: nosuch\n'],
  ['SELEC 1', 1, 'Error: near "SELEC": syntax error\n'],
  ["SELECT json('{')", 1, 'Error: malformed JSON\n'],
  ['SELECT abs(-9223372036854775808)', 1, 'Error: integer overflow\n'],
  ['SELECT zeroblob(2000000000)', 18, 'Error: string or blob too big\n']
])('%s ends with exit code %d', (sql, code, stderr) => {
  expect(answer(sql)).toMatchObject({ code, stderr })
  expect(printed(sql)).toBe('[]\n')
})

const head = (level: 'E' | 'W') => `^${level}\\d{4} [\\d:.]+ +\\d+ [\\w.]+:\\d+\\] `

test('a required column that is missing ends with exit code 19', () => {
  const { code, stderr } = answer('SELECT path FROM file')
  expect(code).toBe(19)
  const words = 'Table file was queried without a required column in the WHERE clause'
  expect(stderr.split('\n')).toEqual([
    expect.stringMatching(`${head('W')}${words}$`),
    expect.stringMatching(`${head('W')}Please see the table documentation: https://osquery.io/schema/#file$`),
    `Error: ${words}`,
    ''
  ])
  for (const sql of [
    "SELECT * FROM file WHERE path = '/etc/passwd'",
    "SELECT * FROM file WHERE directory LIKE '/etc'",
    'SELECT f.mode FROM users u JOIN file f ON u.directory = f.path',
    "SELECT 'curl' AS word FROM users"
  ])
    expect(answer(sql)).toMatchObject({ code: 0, stderr: '' })
})

test('a table of events has no rows and a warning', () => {
  const { stdout, stderr, code } = answer('SELECT pid, cmdline FROM process_events WHERE uid > 0')
  expect({ code, rows: stdout.toString() }).toEqual({ code: 0, rows: '[\n\n]\n' })
  expect(stderr).toMatch(
    new RegExp(`${head('W')}Table process_events is event-based but events are disabled\n$`)
  )
  expect(answer('SELECT time FROM process_events').code).toBe(0)
})

test('the keys of one user come with a warning', () => {
  expect(answer('SELECT key FROM authorized_keys').stderr).toMatch(
    new RegExp(
      `${head('W')}The authorized_keys table returns data based on the current user by default, consider JOINing against the users table\n$`
    )
  )
  expect(answer('SELECT key FROM users CROSS JOIN authorized_keys USING (uid)').stderr).toBe('')
})

test('without a message bus the units are empty, with an error and exit code 0', () => {
  const { stdout, stderr, code } = answer('SELECT id FROM systemd_units', {})
  expect({ code, rows: stdout.toString() }).toEqual({ code: 0, rows: '[\n\n]\n' })
  expect(stderr).toMatch(
    new RegExp(`${head('E')}Failed to generate the systemd unit list: Failed to connect to the system dbus: `)
  )
})
