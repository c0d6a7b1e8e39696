import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { redactReport } from '../../src/report/redact.ts'
import { MAX_VALUE_LENGTH, redactText } from '../../src/text/secrets.ts'
import { cluster, finding, host, report, row } from '../support/reports.ts'

// Built from parts, so that no scanner takes this file for a leak.
const parts = (...pieces: string[]): string => pieces.join('')
const ACCESS_KEY = parts('AKIA', 'IOSFODNN7EXAMPLE')
const SECRET_KEY = parts('wJalrXUtnFEMI/K7MDENG/', 'bPxRfiCYEXAMPLEKEY')
const GITHUB = parts('ghp', '_', 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8')
const SLACK = parts('xox', 'b-', '123456789012-abcdefABCDEF')
const STRIPE = parts('sk', '_live_', '4eC39HqLyjWDarjtT1zdp7dc')
const JWT = parts(
  'eyJhbGciOiJIUzI1NiJ9',
  '.',
  'eyJzdWIiOiIxMjM0NTY3ODkwIn0',
  '.',
  'dozjgNryP4J3jVmNHl0w5N_XgL0n3I9'
)
const SSH_KEY = parts('AAAAC3NzaC1lZDI1NTE5AAAAI', 'JkVDlGSRzMQXkKHvoXwDyyBBQGFVH2lV9oT2ZcCIOwr')

test.each([
  [
    `aws configure set ${ACCESS_KEY} ${SECRET_KEY}`,
    'aws configure set [redacted: AWS access key] [redacted: AWS secret key]'
  ],
  [`AWS_SECRET_ACCESS_KEY=${SECRET_KEY} aws s3 ls`, 'AWS_SECRET_ACCESS_KEY=[redacted: secret] aws s3 ls'],
  [
    'curl -H "Authorization: Bearer abc.def-ghi" https://x',
    'curl -H "Authorization: Bearer [redacted: authorization]" https://x'
  ],
  ['curl -H "authorization: token abcdefgh"', 'curl -H "authorization: token [redacted: authorization]"'],
  ['app --password hunter2 --port 80', 'app --password [redacted: secret] --port 80'],
  ['app --db-password=hunter2', 'app --db-password=[redacted: secret]'],
  ['app -token "two words" -v', 'app -token [redacted: secret] -v'],
  ['{"client_secret": "s3cr3t", "port": 1}', '{"client_secret": [redacted: secret], "port": 1}'],
  ['Server=db;Uid=app;Pwd=hunter2;', 'Server=db;Uid=app;Pwd=[redacted: secret];'],
  ['postgres://app:p@ss:w0rd@db:5432/x', 'postgres://app:[redacted: password]@db:5432/x'],
  ['curl -s -u admin:hunter2 http://x', 'curl -s -u admin:[redacted: password] http://x'],
  ['mysqldump -h db -phunter2 shop', 'mysqldump -h db -p[redacted: password] shop'],
  ['sshpass -p hunter2 ssh x', 'sshpass -p [redacted: password] ssh x'],
  [`git clone with ${GITHUB}`, 'git clone with [redacted: GitHub token]'],
  [`post ${SLACK}`, 'post [redacted: Slack token]'],
  [`pay ${STRIPE}.`, 'pay [redacted: Stripe key].'],
  [`cookie ${JWT}`, 'cookie [redacted: JWT]'],
  [
    parts('x -----BEGIN RSA ', 'PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY----- y'),
    'x [redacted: private key] y'
  ],
  [parts('-----BEGIN ', 'PRIVATE KEY-----\nMIIE'), '[redacted: private key]']
])('hides the secret in: %s', (text, expected) => {
  const redacted = redactText(text)
  expect(redacted.text).toBe(expected)
  expect(redacted.count).toBeGreaterThan(0)
})

test.each([
  'app --password-file /etc/app/password',
  '/usr/lib/token-daemon --listen 0.0.0.0:80',
  'password=$DB_PASSWORD',
  'sshd: root@pts/0',
  'ssh://git@github.com/acme/app',
  'sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709',
  '/usr/sbin/sshd -D -o PasswordAuthentication=no',
  'http://10.0.0.1:8080/metrics',
  'token_type=bearer_only',
  'monkey=banana keyboard=us',
  'ALL=(ALL) NOPASSWD: ALL'
])('leaves alone: %s', text => {
  expect(redactText(text)).toEqual({ text, count: 0 })
})

test('an ssh public key is shown by the fingerprint that ssh-keygen shows', () => {
  expect(redactText(`ssh-ed25519 ${SSH_KEY} ops@acme`).text).toMatch(
    /^ssh-ed25519 \[redacted: ssh key SHA256:[A-Za-z0-9+/]{43}\] ops@acme$/
  )
  expect(redactText(SSH_KEY).text).not.toBe(redactText(SSH_KEY.replace('Jk', 'Jl')).text)
})

test('redacting twice changes nothing and counts nothing again', () => {
  const text = `--password x token=${GITHUB} https://u:p@h/ Authorization: Bearer abcdefg ${SSH_KEY} ${ACCESS_KEY}`
  const once = redactText(text)
  expect(redactText(once.text)).toEqual({ text: once.text, count: 0 })
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), fc.constantFrom(GITHUB, JWT, SECRET_KEY), (around, secret) => {
      const first = redactText(`${around} --password=${secret} ${around}`)
      expect(first.text).not.toContain(secret)
      expect(redactText(first.text).text).toBe(first.text)
    })
  )
})

test('a long value is cut, and a secret across the cut is still redacted', () => {
  const long = `${'x '.repeat(MAX_VALUE_LENGTH / 2 - 10)}${GITHUB}${'y'.repeat(1_000_000)}`
  const { text } = redactText(long)
  expect(text.length).toBeLessThan(MAX_VALUE_LENGTH + 60)
  expect(text).toContain(`[cut: ${long.length} characters]`)
  expect(text).not.toContain('ghp_')
})

test('hostile values do not slow redaction down: a backtracking pattern would time out', () => {
  const hostile = [
    'password',
    'token ',
    '://a:',
    'authorization: ',
    '-----BEGIN PRIVATE KEY-----',
    'eyJ',
    'AKIA',
    'curl -u ',
    'mysql ',
    '--secret',
    ' -a',
    '"\\',
    'AAAAB3NzaC1',
    'AKIAIOSFODNN7EXAMPLE ',
    'a',
    '-',
    '@'
  ]
  for (const piece of hostile) redactText(piece.repeat(100_000))
  for (const piece of hostile)
    redactText(`://a:password=AKIAIOSFODNN7EXAMPLE curl eyJ${piece.repeat(100_000)}`)
})

test('every place of a report that can quote a host is redacted and counted', () => {
  const leak = `token=${GITHUB}`
  const leaky = report(
    [host('i-1', { status: 'partial', reason: leak, name: leak })],
    [
      finding('f', {
        explanation: leak,
        acceptedBy: leak,
        rows: [
          row('p', { cmdline: leak }, { expected: { cmdline: leak } }),
          row('process_envs', { key: 'DB_PASSWORD', value: 'plain' }),
          row('shadow', { password_hash: '$6$abc', username: 'root' })
        ]
      })
    ],
    {
      notices: [leak],
      clusters: [cluster('c1', ['i-1'], { label: leak, distinguishedBy: [{ query: 'q', row: { a: leak } }] })]
    }
  )
  const { report: redacted, count } = redactReport(leaky)
  expect(JSON.stringify(redacted)).not.toContain('ghp_')
  expect(JSON.stringify(redacted)).not.toContain('plain')
  expect(JSON.stringify(redacted)).toContain('root')
  expect(JSON.stringify(redacted)).not.toContain('$6$')
  expect(count).toBe(11)
  expect(redactReport(redacted)).toEqual({ report: redacted, count: 0 })
})

test('a column named __proto__ survives redaction as a column', () => {
  const columns: Record<string, string> = Object.create(null)
  Object.defineProperty(columns, '__proto__', { value: 'x', enumerable: true })
  const { report: redacted } = redactReport(
    report([host('i-1')], [finding('f', { rows: [row('q', columns)] })])
  )
  expect(Object.keys(redacted.findings[0]!.rows[0]!.row)).toEqual(['__proto__'])
})
