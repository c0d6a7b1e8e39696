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
  const judge = async (os: string, ...missing: string[]) =>
    (
      await collect(
        hosts(1, () => ({ output: answer(os, missing) })),
        { queries }
      )
    ).records[0]
  expect(await judge('Debian GNU/Linux', 'mac')).toMatchObject({ status: 'reported' })
  expect(await judge('macOS', 'linux')).toMatchObject({ status: 'reported' })
  expect(await judge('Debian GNU/Linux', 'linux')).toMatchObject({
    status: 'partial',
    reason: 'a query was not answered: linux (unsupported)'
  })
  expect(await judge('Debian GNU/Linux', 'everywhere')).toMatchObject({ status: 'partial' })
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
    { status: 'partial', reason: 'no query was answered: all are for other platforms' }
  ])
})
