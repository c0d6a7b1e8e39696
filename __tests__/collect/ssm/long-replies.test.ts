import { randomBytes } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { expect, test } from '@jest/globals'
import { body, dedupFrame, frame, printed, reply, sha256 } from '../../support/replies.ts'
import { awsError, type Input, type SimulatedHost } from '../../support/simulated-ssm.ts'
import { collect, hosts, id } from '../../support/ssm-collection.ts'

test('a reply that does not fit in a page is read separately, once', async () => {
  const large = (nonce: string) =>
    reply({
      nonce,
      host: id(3),
      parts: ['users', 'ports'].map(name => ({ name, rows: [{ a: randomBytes(3_000).toString('hex') }] }))
    })
  const { records, byId, count } = await collect(hosts(10, at => (at === 3 ? { output: large } : {})))
  expect(records).toHaveLength(10)
  expect(byId[id(3)]?.queries.users?.rows[0]?.a).toHaveLength(6_000)
  expect(count('GetCommandInvocation')).toBe(1)
})

/** A host that sends its answer in chunks: three by default. @param bytes of each of its two results */
const inChunks = (at: number, bytes = 20_000): Partial<SimulatedHost> => {
  const parts = ['users', 'ports'].map(name => ({ name, rows: [{ a: randomBytes(bytes).toString('hex') }] }))
  return {
    output: (nonce, script) =>
      reply({ nonce, host: id(at), parts }, Number(/^chunk=(\d+)$/m.exec(script)?.[1] ?? 0))
  }
}

test('a host that stops sending its chunks costs no other host', async () => {
  const fleet = hosts(6, at => (at < 4 ? { ...inChunks(at), hangsLater: at === 0 } : {}))
  fleet[5] = { ...fleet[5]!, endsAt: 40_000, output: () => 'garbage' }
  const { byId, calls } = await collect(fleet, { timeoutSeconds: 300 })
  expect(Object.values(byId).map(({ host, status }) => [host, status])).toEqual(
    expect.arrayContaining([1, 2, 3, 4].map(at => [id(at), 'reported']))
  )
  expect(byId[id(0)]).toMatchObject({
    status: 'partial',
    unanswered: true,
    reason: '1 of 3 chunks of its reply arrived: the command was still running'
  })
  expect(byId[id(5)]?.reason).toBe('the reply holds no answer from the collector')
  expect(calls.at(-1)?.at).toBeLessThan(250_000)
  const short = await collect(fleet, { timeoutSeconds: 60 })
  expect([1, 2, 3, 4].map(at => short.byId[id(at)]?.status)).toEqual(Array(4).fill('reported'))
  expect(short.byId[id(5)]?.reason).toBe('the reply holds no answer from the collector')
})

const COMMON_ROWS = [{ a: randomBytes(3_000).toString('hex') }]

/** A host that answers in full first, and with references when it is asked for a deduplicated reply. */
const deduplicated = (at: number): Partial<SimulatedHost> => {
  const inner = body({ host: id(at), parts: ['users', 'ports'].map(name => ({ name, rows: COMMON_ROWS })) })
  const head = (inner.toString().split(/(?<=\nend 2)\n/)[0] ?? '')
    .split('\n')
    .map(line => `=${line.replace(/^(query .*) [0-9a-f]{64} /, '$1 = ')}`)
  return {
    output: (nonce, script) => {
      const dictionary = /^dictionary=(.*)$/m.exec(script)?.[1]
      if (dictionary === undefined) return frame(nonce, inner)
      const digests = gunzipSync(Buffer.from(dictionary, 'base64')).toString().split('\n')
      const result = `w ${digests.indexOf(sha256(printed(COMMON_ROWS)).slice(0, 32)) + 1}`
      return dedupFrame(nonce, Buffer.from(`${[...head, result, result].join('\n')}\n`), inner)
    }
  }
}

test('a host that does not send its deduplicated reply spoils that of no other host', async () => {
  const fleet = hosts(100, at => ({ ...deduplicated(at), hangsLater: at === 99 }))
  const { records, count } = await collect(fleet, { timeoutSeconds: 300 })
  expect(records.filter(record => record.status === 'reported')).toHaveLength(100)
  expect(count('GetCommandInvocation')).toBeLessThan(20)
})

test('a broken answer adds nothing to the dictionary, and displaces nothing that others add', async () => {
  const inner = body({ host: id(0), parts: ['users', 'ports'].map(name => ({ name, rows: COMMON_ROWS })) })
  const junk = Array.from({ length: 4_000 }, (_, at) => `x${at}`).join('\n')
  const long = Buffer.from(inner.toString().replace('\nend 2\n', `\n${junk}\nend 2\n`))
  const fleet = hosts(100, at => (at === 0 ? { output: nonce => frame(nonce, long) } : deduplicated(at)))
  const { byId, records, count } = await collect(fleet, { timeoutSeconds: 300 })
  expect(byId[id(0)]?.reason).toBe('the head of the reply is too long')
  expect(records.filter(record => record.status === 'reported')).toHaveLength(99)
  expect(count('GetCommandInvocation')).toBeLessThan(20)
})

test('a reply that SSM cut makes the host partial, with the reason, and is never half-read', async () => {
  const huge = (nonce: string) =>
    `${'noise '.repeat(3_000)}\n${reply({
      nonce,
      host: id(0),
      parts: [{ name: 'users', rows: [{ a: randomBytes(9_000).toString('hex') }] }]
    })}`
  const { byId } = await collect(hosts(2, at => (at === 0 ? { output: huge } : {})))
  expect(byId[id(0)]).toMatchObject({
    status: 'partial',
    reason: 'the reply was cut by SSM',
    unanswered: true,
    queries: {}
  })
  expect(byId[id(1)]?.status).toBe('reported')
})

test('an invocation that SSM does not know yet is requested again', async () => {
  const large = (nonce: string) =>
    reply({
      nonce,
      host: id(0),
      parts: ['users', 'ports'].map(name => ({ name, rows: [{ a: randomBytes(2_000).toString('hex') }] }))
    })
  const refuse = (action: string, count: number) =>
    action === 'GetCommandInvocation' && count <= 2 ? awsError('InvocationDoesNotExist') : undefined
  const { records } = await collect(
    hosts(1, () => ({ output: large })),
    { simulation: { refuse } }
  )
  expect(records).toMatchObject([{ status: 'reported' }])
})

test('a reply that SSM never returns makes only that host silent', async () => {
  const refuse = (action: string, _: number, input: { InstanceId?: string }) =>
    action === 'GetCommandInvocation' && input.InstanceId === id(0)
      ? awsError('ThrottlingException', 'Rate exceeded')
      : undefined
  const { byId, error } = await collect(
    hosts(3, at => (at < 2 ? { output: () => 'garbage' } : {})),
    { simulation: { refuse } }
  )
  expect(error).toBe(null)
  expect(byId[id(0)]).toMatchObject({
    status: 'silent',
    reason: 'its reply could not be read from SSM',
    unanswered: false
  })
  expect(byId[id(1)]?.status).toBe('partial')
  expect(byId[id(2)]?.status).toBe('reported')
})

test('a reply that SSM does not return for a while is read later, and delays no other', async () => {
  const fleet = hosts(3, at => ({ output: () => 'garbage', endsAt: at === 0 ? 3_000 : 40_000 }))
  const never = (action: string, _: number, input: Input) =>
    action === 'GetCommandInvocation' && input.InstanceId === id(0)
      ? awsError('ThrottlingException')
      : undefined
  const { byId } = await collect(fleet, { timeoutSeconds: 60, simulation: { refuse: never } })
  expect(
    Object.values(byId)
      .map(({ host, status }) => [host, status])
      .sort()
  ).toEqual([
    [id(0), 'silent'],
    [id(1), 'partial'],
    [id(2), 'partial']
  ])
  let first = 0
  const late = (action: string, count: number, input: Input) => {
    first += Number(action === 'GetCommandInvocation' && input.InstanceId === id(0))
    return first < 40 ? never(action, count, input) : undefined
  }
  const storm = await collect(fleet, { timeoutSeconds: 600, simulation: { refuse: late } })
  expect(storm.records.map(({ status }) => status)).toEqual(['partial', 'partial', 'partial'])
})

test('a host has no more than five commands at the same time', async () => {
  const { records, calls } = await collect(
    hosts(1, () => inChunks(0, 180_000)),
    { timeoutSeconds: 300 }
  )
  expect(records.map(({ status }) => status)).toEqual(['reported'])
  const sent = calls.filter(({ action }) => action === 'SendCommand').map(({ at }) => at)
  expect(sent.length).toBeGreaterThan(20)
  // A command of this fleet takes three seconds.
  const atOnce = sent.map(at => sent.filter(other => other <= at && other > at - 3_000).length)
  expect(Math.max(...atOnce)).toBe(5)
})
