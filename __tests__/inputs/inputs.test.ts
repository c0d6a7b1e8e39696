import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parse } from 'yaml'
import type { InputEnvironment, Inputs } from '../../src/inputs/inputs.ts'
import { InputError, parseInputs } from '../../src/inputs/parse.ts'

const environment: InputEnvironment = { region: 'eu-west-1', runId: '42', temp: '/tmp/runner' }
const enough = { targets: 'tag:Service=checkout' }

const declared: Record<string, { default: string }> = parse(
  readFileSync(new URL('../../action.yml', import.meta.url), 'utf8')
).inputs

/** Inputs as the runner passes them: the value in the workflow, else the default in action.yml. */
const read = (set: Record<string, string>, env: InputEnvironment = environment): Inputs =>
  parseInputs(name => set[name] ?? String(declared[name]?.default ?? ''), env)

function problemsOf(set: Record<string, string>, env = environment): readonly string[] {
  try {
    read({ ...enough, ...set }, env)
  } catch (error) {
    if (error instanceof InputError) return error.problems
    throw error
  }
  return []
}

describe('defaults', () => {
  test('the smallest workflow names only its targets', () => {
    expect(read(enough)).toMatchObject({
      mode: 'check',
      name: 'fleet',
      collector: 'ssm',
      targets: { kind: 'filters', filters: [{ key: 'tag:Service', values: ['checkout'] }] },
      targetLines: ['tag:Service=checkout'],
      files: [],
      expectedHosts: null,
      packs: ['linux'],
      baseline: null,
      indicators: null,
      region: 'eu-west-1',
      role: null,
      allowedAccountIds: [],
      document: null,
      maxConcurrency: '100%',
      timeoutSeconds: 600,
      minCoverage: 0,
      failOn: 'high',
      redact: true,
      publishToPublic: false,
      comment: 'auto',
      githubToken: expect.any(String),
      outputDir: '/tmp/runner/fleet-drift'
    })
  })

  test('an empty input means the same as one that is not set', () => {
    const role = { ...enough, 'role-to-assume': 'arn:aws:iam::111122223333:role/fleet-drift' }
    const { githubToken: _token, ...rest } = read(role)
    expect(parseInputs(name => ({ ...role })[name] ?? '', environment)).toEqual({ ...rest, githubToken: '' })
  })

  test('the default name is that of the baseline file', () => {
    expect(read({ ...enough, baseline: './baselines/checkout.json' })).toMatchObject({
      name: 'checkout',
      baseline: 'baselines/checkout.json'
    })
    expect(read({ ...enough, baseline: 'a/b.json', name: 'other' }).name).toBe('other')
  })

  test.each([
    ['arn:aws:iam::111122223333:role/fleet-drift', 'sts.amazonaws.com'],
    ['arn:aws-us-gov:iam::111122223333:role/fleet-drift', 'sts.amazonaws.com'],
    ['arn:aws-cn:iam::111122223333:role/fleet-drift', 'sts.amazonaws.com.cn']
  ])('the default audience for the role %s is %s', (arn, audience) => {
    expect(read({ ...enough, 'role-to-assume': arn }).role).toEqual({
      arn,
      sessionName: 'fleet-drift-42',
      durationSeconds: 3600,
      audience,
      inlineSessionPolicy: null
    })
  })
})

describe('a list has one entry per line', () => {
  test('empty lines and comments are not entries, whatever the line breaks', () => {
    const lines = '# the fleet\r\n\n  i-0123456789abcdef0  \r# i-00000000\n\ti-89abcdef\n'
    expect(read({ targets: lines }).targets).toEqual({
      kind: 'hosts',
      hosts: ['i-0123456789abcdef0', 'i-89abcdef']
    })
    expect(read({ ...enough, packs: 'linux\n# not today\nmine/a.json' }).packs).toEqual([
      'linux',
      'mine/a.json'
    ])
  })

  test('a comma is not a separator', () => {
    expect(read({ ...enough, packs: 'linux,incident' }).packs).toEqual(['linux,incident'])
    expect(problemsOf({ targets: 'i-0123456789abcdef0,i-89abcdef' })).toHaveLength(1)
    expect(problemsOf({ 'allowed-account-ids': '111122223333,444455556666' })).toEqual([
      'allowed-account-ids: "111122223333,444455556666" must be account IDs of 12 digits, one per line'
    ])
    expect(
      read({ ...enough, 'allowed-account-ids': '111122223333\n444455556666' }).allowedAccountIds
    ).toEqual(['111122223333', '444455556666'])
  })

  test('expected hosts are a number or IDs', () => {
    expect(read({ ...enough, 'expected-hosts': '48' }).expectedHosts).toEqual({ count: 48 })
    expect(
      read({ ...enough, 'expected-hosts': '# web\ni-89abcdef\nmi-0123456789abcdef0' }).expectedHosts
    ).toEqual({ ids: ['i-89abcdef', 'mi-0123456789abcdef0'] })
    expect(read({ ...enough, 'expected-hosts': '# none yet' }).expectedHosts).toBeNull()
  })
})

describe('valid values are accepted', () => {
  test.each([
    ['aws-region', 'us-gov-west-1', { region: 'us-gov-west-1' }],
    ['aws-region', 'cn-north-1', { region: 'cn-north-1' }],
    ['aws-region', 'us-isob-east-1', { region: 'us-isob-east-1' }],
    ['aws-region', 'eusc-de-east-1', { region: 'eusc-de-east-1' }],
    ['min-coverage', '99.5%', { minCoverage: 99.5 }],
    ['min-coverage', '100', { minCoverage: 100 }],
    ['max-concurrency', '7', { maxConcurrency: '7' }],
    ['redact', 'FALSE', { redact: false }],
    ['publish-to-public', 'True', { publishToPublic: true }],
    ['document', 'acme-fleet-drift', { document: 'acme-fleet-drift' }],
    [
      'document',
      'arn:aws:ssm:eu-west-1:111122223333:document/fleet-drift',
      { document: 'arn:aws:ssm:eu-west-1:111122223333:document/fleet-drift' }
    ],
    ['output-dir', 'out/reports', { outputDir: 'out/reports' }],
    ['output-dir', '/srv/reports', { outputDir: '/srv/reports' }],
    ['timeout-seconds', '5', { timeoutSeconds: 5 }]
  ])('%s: %s', (name, value, parsed) => {
    expect(read({ ...enough, [name]: value })).toMatchObject(parsed)
  })

  test('a session policy is sent without white space', () => {
    const inputs = read({
      ...enough,
      'role-to-assume': 'arn:aws:iam::111122223333:role/fleet-drift',
      'inline-session-policy': '{\n  "Version": "2012-10-17"\n}'
    })
    expect(inputs.role?.inlineSessionPolicy).toBe('{"Version":"2012-10-17"}')
  })
})

describe('each kind of invalid input has its own sentence', () => {
  test.each([
    ['mode', 'chekc', 'mode: "chekc" must be check, baseline or collect'],
    ['name', 'a b', 'name: "a b" must be 1 to 64 characters of A-Z a-z 0-9 . _ -'],
    ['collector', 'ssh', 'collector: "ssh" must be ssm, local or files'],
    [
      'targets',
      'i-123',
      'targets: "i-123" is not a host ID: an ID is i- and 8 or 17 hex digits, or mi- and 17'
    ],
    ['targets', 'tag:Service', 'targets: "tag:Service" has no key and value: write tag:Key=Value'],
    ['targets', 'tag:a=b,', 'targets: "tag:a=b," has an empty value: write tag:Key=Value[,Value]'],
    ['targets', 'asg:', 'targets: "asg:" names no group: write asg:NAME'],
    ['targets', 'resource-group:', 'targets: "resource-group:" names no group: write resource-group:NAME'],
    [
      'targets',
      'web-1',
      'targets: "web-1" is not a target: write i-…, mi-…, tag:Key=Value, asg:NAME or resource-group:NAME'
    ],
    [
      'targets',
      'i-89abcdef\nasg:web',
      'targets: host IDs and groups cannot be mixed: SSM takes either IDs, or tags and groups'
    ],
    ['targets', '# all', 'targets: is empty; name the hosts, for example tag:Service=checkout'],
    ['expected-hosts', '0', 'expected-hosts: "0" must be a number from 1, or host IDs, one per line'],
    ['expected-hosts', '2\n3', 'expected-hosts: "2⏎3" must be a number from 1, or host IDs, one per line'],
    ['packs', '# none', 'packs: "# none" names no pack'],
    [
      'baseline',
      '../x.json',
      'baseline: "../x.json" must be a path inside the repository that ends in .json'
    ],
    ['baseline', '/x.json', 'baseline: "/x.json" must be a path inside the repository that ends in .json'],
    ['baseline', 'x.yml', 'baseline: "x.yml" must be a path inside the repository that ends in .json'],
    [
      'baseline',
      'my fleet.json',
      'name: "my fleet" (the file name of baseline) must be 1 to 64 characters of A-Z a-z 0-9 . _ -'
    ],
    ['aws-region', 'Ireland', 'aws-region: "Ireland" must be a region such as eu-west-1'],
    [
      'role-to-assume',
      'fleet-drift',
      'role-to-assume: "fleet-drift" must be the full ARN of a role, arn:aws:iam::111122223333:role/NAME'
    ],
    [
      'role-session-name',
      'a b',
      'role-session-name: "a b" must be 2 to 64 characters of A-Z a-z 0-9 _ + = , . @ -'
    ],
    ['role-duration-seconds', '899', 'role-duration-seconds: "899" must be a whole number from 900 to 43200'],
    ['role-duration-seconds', '1h', 'role-duration-seconds: "1h" must be a whole number from 900 to 43200'],
    ['audience', 'a b', 'audience: "a b" must be one word'],
    [
      'inline-session-policy',
      '[]',
      'inline-session-policy: "[]" must be a JSON object of at most 2048 characters'
    ],
    [
      'allowed-account-ids',
      '123',
      'allowed-account-ids: "123" must be account IDs of 12 digits, one per line'
    ],
    ['document', 'a document', 'document: "a document" must be the name or the ARN of an SSM document'],
    ['max-concurrency', '0', 'max-concurrency: "0" must be a number of hosts or a percentage such as 50%'],
    ['timeout-seconds', '4', 'timeout-seconds: "4" must be a whole number from 5 to 172800'],
    ['min-coverage', '101', 'min-coverage: "101" must be a percentage from 0 to 100'],
    ['fail-on', 'info', 'fail-on: "info" must be critical, high, medium, low or never'],
    ['redact', 'yes', 'redact: "yes" must be true or false'],
    ['publish-to-public', '1', 'publish-to-public: "1" must be true or false'],
    ['comment', 'always', 'comment: "always" must be auto or never'],
    ['issue', 'open', 'issue: "open" must be never or rolling'],
    ['output-dir', '../out', 'output-dir: "../out" must be one path: absolute, or inside the workspace'],
    ['output-dir', 'a\nb', 'output-dir: "a⏎b" must be one path: absolute, or inside the workspace']
  ])('%s: %j', (name, value, sentence) => {
    expect(problemsOf({ [name]: value })).toEqual([sentence])
  })

  test('the collector files needs files, and no targets', () => {
    expect(problemsOf({ collector: 'files', targets: '' })).toEqual([
      'files: is empty; name the snapshots to read, for example snapshots/*.ndjson.gz'
    ])
    expect(read({ collector: 'files', files: 'a/*.gz\nb.gz' }).files).toEqual(['a/*.gz', 'b.gz'])
  })

  test('a missing region is reported, and an invalid one with its source', () => {
    const without = { ...environment, region: undefined }
    expect(problemsOf({}, without)).toEqual([
      'aws-region: is empty; name a region such as eu-west-1, or set AWS_REGION'
    ])
    expect(problemsOf({}, { ...environment, region: 'moon' })).toEqual([
      'aws-region: "moon" (from AWS_REGION) must be a region such as eu-west-1'
    ])
  })
})

test('all problems are reported at once', () => {
  const error = (() => {
    try {
      return read({ targets: '', mode: 'x', redact: 'no', 'fail-on': 'y', 'output-dir': '..' })
    } catch (thrown) {
      return thrown
    }
  })()
  expect(error).toBeInstanceOf(InputError)
  expect((error as InputError).problems.map(problem => problem.split(':')[0]).sort()).toEqual([
    'fail-on',
    'mode',
    'output-dir',
    'redact',
    'targets'
  ])
  expect((error as InputError).message.split('\n')).toHaveLength(6)
  expect((error as InputError).message).toMatch(/^5 inputs are not usable:\n/)
})

test('a token is never quoted', () => {
  const token = 'ghs_0123456789'
  const problems = problemsOf({ 'github-token': token, mode: 'x' }).join()
  expect(problems).not.toContain(token)
})

describe('whatever the inputs hold', () => {
  const names = Object.keys(declared)
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string(),
    fc.stringMatching(/^[\w:=,./<{}"\n\r#%-]{0,60}$/),
    fc.constantFrom('__proto__', 'constructor', '{"__proto__":1}', '\n', '\u202e', '9'.repeat(400))
  )
  const anyInputs = fc.dictionary(fc.constantFrom(...names), text)

  test('only an InputError is thrown, with one line per problem', () => {
    fc.assert(
      fc.property(anyInputs, set => {
        try {
          read({ ...enough, ...set })
        } catch (error) {
          expect(error).toBeInstanceOf(InputError)
          for (const problem of (error as InputError).problems) {
            expect(problem).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202e]/u)
            expect(names).toContain(problem.split(':')[0])
            expect(problem.length).toBeLessThan(500)
          }
        }
      }),
      { numRuns: 2_000 }
    )
  })

  test('a number is read as written, or refused', () => {
    const digits = fc.oneof(text, fc.stringMatching(/^ ?[0-9+.-]{1,7}[a-z%]?$/))
    fc.assert(
      fc.property(digits, value => {
        fc.pre(value.trim() !== '')
        const problems = problemsOf({ 'timeout-seconds': value })
        if (problems.length === 0) {
          expect(read({ ...enough, 'timeout-seconds': value }).timeoutSeconds).toBe(Number(value.trim()))
        }
      })
    )
  })
})

describe('the format asff', () => {
  const asff = { formats: 'asff', 'aws-region': 'eu-west-1' }
  const role = 'arn:aws:iam::111122223333:role/drift'

  test.each([
    ['the account of the role', { 'role-to-assume': role }],
    ['the only account that is allowed', { 'allowed-account-ids': '111122223333' }]
  ])('is for %s', (_name, inputs) => {
    expect(read({ ...enough, ...asff, ...inputs }).securityHub).toEqual({
      account: '111122223333',
      region: 'eu-west-1'
    })
  })

  test.each([
    ['no account', asff],
    ['several accounts', { ...asff, 'allowed-account-ids': '111122223333\n444455556666' }]
  ])('is refused with %s', (_name, inputs) => {
    expect(problemsOf(inputs)).toEqual([
      'formats: asff names an account and a region; give aws-region, and role-to-assume or one of allowed-account-ids'
    ])
  })
})
