import { expect, test } from '@jest/globals'
import { invocationState } from '../../../src/collect/ssm/invocation-status.ts'
import { reply } from '../../support/replies.ts'
import { answerOf } from '../../support/simulated-ssm.ts'
import { collect, hosts, id, query } from '../../support/ssm-collection.ts'

test('a host that answers garbage is partial, with the reason, and changes nothing for the others', async () => {
  const garbage: ((nonce: string) => string)[] = [
    () => '<script>alert(1)</script>',
    nonce =>
      `FLEETDRIFT2 ${nonce} 12 ${'0'.repeat(64)} 0 9 ${'0'.repeat(64)}\nAAAAAAAAAAAA\nFLEETDRIFT2-END ${nonce}`,
    nonce => answerOf(nonce, id(9), ['users', 'ports']),
    () => answerOf('another-run', id(3), ['users', 'ports'])
  ]
  const { byId } = await collect(hosts(10, at => (garbage[at] ? { output: garbage[at] } : {})))
  expect([0, 1, 2, 3].map(at => byId[id(at)]?.reason)).toEqual([
    'the reply holds no answer from the collector',
    'the reply does not match its digest',
    `the host answered as another host (${id(9)})`,
    'the reply holds no answer from the collector'
  ])
  for (let at = 0; at < 10; at++) {
    expect(byId[id(at)]).toMatchObject(
      at < 4 ? { status: 'partial', unanswered: true, queries: {} } : { status: 'reported' }
    )
  }
})

test.each([
  ['DeliveryTimedOut', false, /could not deliver the command in time/],
  ['Undeliverable', false, /could not deliver the command/],
  ['Terminated', false, /too many errors on others/],
  ['InvalidPlatform', false, /not for the platform/],
  ['AccessDenied', false, /may not send commands/],
  ['ExecutionTimedOut', true, /time limit/],
  ['Failed', true, /failed on the host/],
  ['Cancelled', true, /canceled/],
  ['Success', true, /without an answer/]
])(
  'a host whose command ends as %s with no output is silent, with the reason',
  async (details, unanswered, reason) => {
    const { records } = await collect(hosts(1, () => ({ details, output: () => '' })))
    expect(records).toMatchObject([{ status: 'silent', unanswered, reason: expect.stringMatching(reason) }])
  }
)

test('output that SSM has a little after the status is looked for once more', async () => {
  const late = await collect(hosts(3, at => (at === 1 ? { outputLag: 3_000 } : {})))
  expect(late.records.map(({ status }) => status)).toEqual(['reported', 'reported', 'reported'])
  const never = await collect(
    hosts(200, () => ({ output: () => '' })),
    { timeoutSeconds: 900 }
  )
  expect(never.records.every(({ code }) => code === 'no-answer')).toBe(true)
  // A group whose hosts all print nothing is not waited for one by one.
  expect(never.count('GetCommandInvocation')).toBeLessThanOrEqual(200 + 32)
})

test.each([
  ['TimedOut', 'Delivery Timed Out', 'DeliveryTimedOut'],
  ['Failed', 'Invalid Platform', 'InvalidPlatform'],
  ['In Progress', undefined, 'InProgress'],
  ['Timed Out', '', 'TimedOut']
])('the status %s / %s is known, with its spaces', (status, details, known) => {
  expect(invocationState(status, details)).toBe(invocationState(known, known))
})

test('a complete answer counts, however the command ended', async () => {
  const { records } = await collect(hosts(1, () => ({ details: 'Failed' })))
  expect(records).toMatchObject([{ status: 'reported' }])
})

test('a host without osquery is partial, and has answered', async () => {
  const output = (nonce: string) => reply({ nonce, host: id(0), osquery: 'none' })
  expect((await collect(hosts(1, () => ({ output })))).records).toMatchObject([
    { status: 'partial', reason: 'osquery is not installed', unanswered: false, queries: {} }
  ])
})

test('unanswered queries make a host partial, and the first ones are named', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const output = (nonce: string) =>
    reply({
      nonce,
      host: id(0),
      parts: names.map(name => (name === 'a' ? { name, rows: [] } : { name, status: 'timeout' }))
    })
  const { records } = await collect(
    hosts(1, () => ({ output })),
    { queries: names.map(name => query(name)) }
  )
  expect(records).toMatchObject([
    {
      status: 'partial',
      reason: 'queries were not answered: b (timeout), c (timeout), d (timeout), e (timeout) and 1 more',
      unanswered: false
    }
  ])
})

test('a missing table is excused only where the pack says the query is for another platform', async () => {
  const answer = (os: string, missing: string[]) => (nonce: string) =>
    reply({
      nonce,
      host: id(0),
      parts: [
        { name: '_facts', rows: [{ os }] },
        ...['everywhere', 'linux', 'mac'].map(name =>
          missing.includes(name) ? { name, status: 'unsupported' } : { name, rows: [] }
        )
      ]
    })
  const queries = [query('everywhere', []), query('linux', ['linux']), query('mac', ['darwin'])]
  const judge = async (platformType: 'Linux' | 'MacOS' | null, os: string, ...missing: string[]) =>
    (
      await collect(
        hosts(1, () => ({ output: answer(os, missing), ...(platformType && { platformType }) })),
        { queries, simulation: { agents: platformType !== null } }
      )
    ).records[0]
  expect(await judge('Linux', 'Debian GNU/Linux', 'mac')).toMatchObject({ status: 'reported' })
  expect(await judge('MacOS', 'macOS', 'linux')).toMatchObject({ status: 'reported' })
  const partial = { status: 'partial', reason: 'a query was not answered: linux (unsupported)' }
  expect(await judge('Linux', 'Debian GNU/Linux', 'linux')).toMatchObject(partial)
  expect(await judge('Linux', 'Debian GNU/Linux', 'everywhere')).toMatchObject({ status: 'partial' })
  // What the host says of its platform excuses it from nothing.
  expect(await judge('Linux', 'macOS', 'linux')).toMatchObject(partial)
  // Where SSM says nothing, the host may be either, and is not called assessed.
  const unknown = { status: 'partial', code: 'platform-unknown', unanswered: false }
  expect(await judge(null, 'Debian GNU/Linux', 'mac')).toMatchObject(unknown)
  expect(await judge(null, 'macOS', 'linux')).toMatchObject(unknown)
  expect(await judge(null, 'Debian GNU/Linux')).toMatchObject({ status: 'reported' })
  expect(await judge(null, 'Debian GNU/Linux', 'everywhere')).toMatchObject({ code: 'queries-unanswered' })
})

test('where SSM says no platform, a missing table of the only platform that is asked is named', async () => {
  const output = (nonce: string) =>
    reply({
      nonce,
      host: id(0),
      parts: [
        { name: 'users', rows: [] },
        { name: 'ports', status: 'unsupported' }
      ]
    })
  const { records } = await collect(hosts(1, () => ({ output })))
  expect(records).toMatchObject([
    { status: 'partial', reason: 'a query was not answered: ports (unsupported)' }
  ])
})

test('without root, a host that answers queries which need root is partial, also where no host has root', async () => {
  const output = (nonce: string) =>
    reply({
      nonce,
      host: id(0),
      head: ['uid 1000'],
      parts: ['users', 'ports'].map(name => ({ name, rows: [{ a: '1' }] }))
    })
  const needy = [{ ...query('users'), root: true }, query('ports')]
  const [record] = (
    await collect(
      hosts(1, () => ({ output })),
      { queries: needy }
    )
  ).records
  expect(record).toMatchObject({
    status: 'partial',
    code: 'no-root',
    reason: 'osquery ran without root, and some queries need it'
  })
  const [other] = (await collect(hosts(1, () => ({ output })))).records
  expect(other).toMatchObject({ status: 'reported' })
})

test("osquery's own words are in the reason, on one line and short", async () => {
  const detail = `Error: no such column: nosuch\n\u001b[31m::error::x ${'y'.repeat(400)}`
  const output = (nonce: string) =>
    reply({
      nonce,
      host: id(0),
      parts: [
        { name: 'users', status: 'failed', detail },
        { name: 'ports', rows: [{ a: '1' }] }
      ]
    })
  const [record] = (await collect(hosts(1, () => ({ output })))).records
  expect(record).toMatchObject({ status: 'partial', code: 'queries-unanswered' })
  expect(record!.reason).toMatch(/^a query was not answered: users \(failed: Error: no such column: nosuch/)
  expect(record!.reason!.length).toBeLessThan(250)
  expect(record!.reason).toMatch(/^\P{Cc}*$/u)
})

test('rows that osquery printed beside an error count, and the host is partial', async () => {
  const output = (nonce: string) =>
    reply({
      nonce,
      host: id(0),
      parts: [
        {
          name: 'users',
          status: 'incomplete',
          detail: 'E1129 07:50:51.022491 19189 x.cpp:5] one row is missing',
          rows: [{ a: '1' }]
        },
        { name: 'ports', rows: [{ a: '1' }] }
      ]
    })
  const [record] = (await collect(hosts(1, () => ({ output })))).records
  expect(record).toMatchObject({
    status: 'partial',
    reason: 'a query was not answered: users (incomplete: one row is missing)'
  })
  expect(record!.queries.users!.rows).toEqual([{ a: '1' }])
})

test.each([
  [
    { exitCode: 126, errors: 'sh: 1: _script.sh: Permission denied' },
    'Failed',
    'command-failed',
    'the command failed on the host, exit code 126: a program may not be run there; its last words: sh: 1: _script.sh: Permission denied'
  ],
  [
    { exitCode: 1, errors: 'no space left on device\nfailed to run commands: exit status 1' },
    'Failed',
    'command-failed',
    'the command failed on the host, exit code 1; its last words: no space left on device'
  ],
  [{ exitCode: -1 }, 'Failed', 'command-failed', 'the command failed on the host'],
  [
    { exitCode: 137, ranFor: 4_000 },
    'TimedOut',
    'killed',
    'the command was killed on the host, exit code 137: it was killed, for example for lack of memory'
  ],
  [
    { exitCode: 137, ranFor: 60_000 },
    'ExecutionTimedOut',
    'execution-timed-out',
    'the command ran into its time limit on the host'
  ]
])("a command's exit code and last words are in the reason: %j", async (host, details, code, reason) => {
  const { records, lines } = await collect(hosts(1, () => ({ ...host, details, output: () => '' })))
  expect(records).toMatchObject([{ status: 'silent', code, reason, unanswered: true }])
  expect(lines.join('\n')).not.toContain('Permission denied')
})

test('a host does not pass by calling every table unsupported', async () => {
  const output = (nonce: string) =>
    reply({
      nonce,
      host: id(0),
      parts: [
        { name: '_facts', rows: [{ os: 'macOS' }] },
        ...['users', 'ports'].map(name => ({ name, status: 'unsupported' }))
      ]
    })
  expect((await collect(hosts(1, () => ({ output })))).records).toMatchObject([
    {
      status: 'partial',
      reason: 'queries were not answered: users (unsupported) and ports (unsupported)'
    }
  ])
})

test('a host whose rows are not those that it promised is reported as one that gave no usable answer', async () => {
  const output = (nonce: string) =>
    reply({
      nonce,
      host: id(0),
      parts: [
        { name: 'users', rows: [{ a: '1' }], digest: 'f'.repeat(64) },
        { name: 'ports', rows: [{ a: '1' }] }
      ]
    })
  expect((await collect(hosts(1, () => ({ output })))).records).toMatchObject([
    {
      status: 'partial',
      reason: 'a query was not answered: users (truncated: its rows do not match their digest)',
      unanswered: true
    }
  ])
})
