import { randomBytes } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { expect, test } from '@jest/globals'
import { invocationState } from '../../../src/collect/ssm/invocation-status.ts'
import { collectFromSsm, NoTargetMatched, type SsmCollection } from '../../../src/collect/ssm/ssm.ts'
import type { Log } from '../../../src/log.ts'
import type { Platform, Query } from '../../../src/osquery/pack.ts'
import type { HostRecord } from '../../../src/snapshot/snapshot.ts'
import { body, frame, printed, reply, sha256, shortFrame } from '../../support/replies.ts'
import {
  awsError,
  type Input,
  type SimulatedHost,
  type Simulation,
  simulateSsm,
  whole
} from '../../support/simulated-ssm.ts'

const query = (name: string, platforms: Platform[] = ['linux']): Query => ({
  name,
  platforms,
  sql: `SELECT '${name}'`,
  title: name,
  identity: ['a'],
  changes: [],
  cohort: [],
  attack: [],
  weight: 'normal',
  control: false,
  root: false
})

const id = (at: number) => `i-${at.toString(16).padStart(17, '0')}`
const hosts = (count: number, host: (at: number) => Partial<SimulatedHost> = () => ({})): SimulatedHost[] =>
  Array.from({ length: count }, (_, at) => ({ id: id(at), endsAt: 3_000, ...host(at) }))
const FILTER: SsmCollection['targets'] = {
  kind: 'filters',
  filters: [{ key: 'tag:Service', values: ['web'] }]
}
const named = (fleet: readonly { id: string }[]): SsmCollection['targets'] => ({
  kind: 'hosts',
  hosts: fleet.map(host => host.id)
})

interface Run extends Partial<SsmCollection> {
  readonly simulation?: Simulation
  readonly signal?: AbortSignal
}

async function collect(fleet: readonly SimulatedHost[], { simulation, signal, ...request }: Run = {}) {
  const simulated = simulateSsm(fleet, simulation)
  const lines: string[] = []
  const say = (kind: string) => (text: string) => void lines.push(`${kind}: ${text}`)
  const log: Log = {
    info: say('info'),
    debug: say('debug'),
    warning: say('warning'),
    error: say('error'),
    group: (_, work) => work()
  }
  const records: HostRecord[] = []
  let error: unknown = null
  try {
    const collection = {
      targets: FILTER,
      targetLines: ['tag:Service=web'],
      queries: [query('users'), query('ports')],
      document: null,
      osquery: [],
      outputS3: null,
      comment: 'fleet-drift acme/app run 7',
      maxConcurrency: '100%',
      timeoutSeconds: 60,
      expectedIds: [],
      ...request
    }
    const ports = {
      ssm: simulated.ssm,
      s3: null,
      clock: simulated.clock,
      log,
      signal: signal ?? new AbortController().signal
    }
    for await (const record of collectFromSsm(collection, ports)) records.push(record)
  } catch (thrown) {
    error = thrown
  }
  const byId = Object.fromEntries(records.map(record => [record.host, record]))
  expect(Object.keys(byId)).toHaveLength(records.length)
  return { ...simulated, records, byId, lines, error, message: error instanceof Error ? error.message : '' }
}

test('every host of a healthy fleet is reported, in few calls', async () => {
  const { records, count, error } = await collect(hosts(200))
  expect(error).toBe(null)
  expect(records).toHaveLength(200)
  expect(new Set(records.map(record => record.status))).toEqual(new Set(['reported']))
  expect(records[0]).toMatchObject({
    reason: null,
    unanswered: false,
    queries: { users: { status: 'ok', rows: [{ a: '1' }] } }
  })
  expect(count('SendCommand')).toBe(1)
  expect(count('GetCommandInvocation')).toBe(0)
  expect(count('ListCommandInvocations')).toBeLessThanOrEqual(8)
  expect(count('CancelCommand')).toBe(0)
})

test('the command is sent as SSM wants it, with the AWS document pinned', async () => {
  const { calls } = await collect(hosts(1), {
    comment: 'x'.repeat(300),
    timeoutSeconds: 10,
    maxConcurrency: '50%'
  })
  expect(calls.find(call => call.action === 'SendCommand')?.input).toMatchObject({
    DocumentName: 'AWS-RunShellScript',
    DocumentVersion: '1',
    DocumentHash: '99749de5e62f71e5ebe9a55c2321e2c394796afe7208cff048696541e6f6771e',
    DocumentHashType: 'Sha256',
    Targets: [{ Key: 'tag:Service', Values: ['web'] }],
    Comment: 'x'.repeat(100),
    TimeoutSeconds: 30,
    MaxConcurrency: '50%',
    MaxErrors: '100%',
    Parameters: { executionTimeout: ['10'] }
  })
  const named = await collect(hosts(1), { document: 'AWS-RunShellScript' })
  expect(named.calls.find(call => call.action === 'SendCommand')?.input).toHaveProperty('DocumentHash')
  const own = await collect(hosts(1), { document: 'acme-locked' })
  expect(own.calls.find(call => call.action === 'SendCommand')?.input).toMatchObject({
    DocumentName: 'acme-locked'
  })
  expect(own.calls.find(call => call.action === 'SendCommand')?.input).not.toHaveProperty('DocumentHash')
})

test('hosts that are named go in batches of fifty', async () => {
  const fleet = hosts(120)
  const { records, calls } = await collect(fleet, { targets: named(fleet) })
  expect(
    calls.filter(call => call.action === 'SendCommand').map(call => call.input.InstanceIds?.length)
  ).toEqual([50, 50, 20])
  expect(records.filter(record => record.status === 'reported')).toHaveLength(120)
})

test('a bad id costs no good host', async () => {
  const fleet = hosts(60, at => ({ registered: ![7, 8, 55].includes(at) }))
  const { records, byId, error } = await collect(fleet, { targets: named(fleet) })
  expect(error).toBe(null)
  expect(records.filter(record => record.status === 'reported')).toHaveLength(57)
  expect(byId[id(7)]).toMatchObject({
    status: 'silent',
    unanswered: false,
    reason: 'InvalidInstanceId: it is not registered with SSM, or stopped, or terminated'
  })
})

test('when every id is bad, every host is silent', async () => {
  const fleet = hosts(3, () => ({ registered: false }))
  const { records, error } = await collect(fleet, { targets: named(fleet) })
  expect(error).toBe(null)
  expect(records.map(record => record.status)).toEqual(['silent', 'silent', 'silent'])
})

test('a reply that does not fit in a page is read by itself, once', async () => {
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

/** A host that sends its answer in three pieces. */
const inPieces = (at: number): Partial<SimulatedHost> => {
  const parts = ['users', 'ports'].map(name => ({ name, rows: [{ a: randomBytes(20_000).toString('hex') }] }))
  return {
    output: (nonce, script) =>
      reply({ nonce, host: id(at), parts }, Number(/^piece=(\d+)$/m.exec(script)?.[1] ?? 0))
  }
}

test('a host that falls silent amid its pieces costs no other host', async () => {
  const fleet = hosts(6, at => (at < 4 ? { ...inPieces(at), falls: at === 0 } : {}))
  fleet[5] = { ...fleet[5]!, endsAt: 40_000, output: () => 'garbage' }
  const { byId, calls } = await collect(fleet, { timeoutSeconds: 300 })
  expect(Object.values(byId).map(({ host, status }) => [host, status])).toEqual(
    expect.arrayContaining([1, 2, 3, 4].map(at => [id(at), 'reported']))
  )
  expect(byId[id(0)]).toMatchObject({
    status: 'partial',
    unanswered: true,
    reason: 'its answer has 3 pieces, of which 1 came: the command was still running'
  })
  expect(byId[id(5)]?.reason).toBe('the reply holds no answer of the collector')
  expect(calls.at(-1)?.at).toBeLessThan(250_000)
  const short = await collect(fleet, { timeoutSeconds: 60 })
  expect([1, 2, 3, 4].map(at => short.byId[id(at)]?.status)).toEqual(Array(4).fill('reported'))
  expect(short.byId[id(5)]?.reason).toBe('the reply holds no answer of the collector')
})

const COMMON_ROWS = [{ a: randomBytes(3_000).toString('hex') }]

/** A host that answers at length first, and with references when it is asked again. */
const inShort = (at: number): Partial<SimulatedHost> => {
  const inner = body({ host: id(at), parts: ['users', 'ports'].map(name => ({ name, rows: COMMON_ROWS })) })
  const head = (inner.toString().split(/(?<=\nend 2)\n/)[0] ?? '')
    .split('\n')
    .map(line => `=${line.replace(/^(query .*) [0-9a-f]{64} /, '$1 = ')}`)
  return {
    output: (nonce, script) => {
      const known = /^known_text=(.*)$/m.exec(script)?.[1]
      if (known === undefined) return frame(nonce, inner)
      const digests = gunzipSync(Buffer.from(known, 'base64')).toString().split('\n')
      const result = `w ${digests.indexOf(sha256(printed(COMMON_ROWS)).slice(0, 32)) + 1}`
      return shortFrame(nonce, Buffer.from(`${[...head, result, result].join('\n')}\n`), inner)
    }
  }
}

test('a host that falls silent when asked for its answer in short spoils no short answer of another', async () => {
  const fleet = hosts(100, at => ({ ...inShort(at), falls: at === 99 }))
  const { records, count } = await collect(fleet, { timeoutSeconds: 300 })
  expect(records.filter(record => record.status === 'reported')).toHaveLength(100)
  expect(count('GetCommandInvocation')).toBeLessThan(20)
})

test('a host whose answer is broken teaches nothing, and crowds out nothing that others teach', async () => {
  const inner = body({ host: id(0), parts: ['users', 'ports'].map(name => ({ name, rows: COMMON_ROWS })) })
  const junk = Array.from({ length: 4_000 }, (_, at) => `x${at}`).join('\n')
  const long = Buffer.from(inner.toString().replace('\nend 2\n', `\n${junk}\nend 2\n`))
  const fleet = hosts(100, at => (at === 0 ? { output: nonce => frame(nonce, long) } : inShort(at)))
  const { byId, records, count } = await collect(fleet, { timeoutSeconds: 300 })
  expect(byId[id(0)]?.reason).toBe('the head of the reply is too long')
  expect(records.filter(record => record.status === 'reported')).toHaveLength(99)
  expect(count('GetCommandInvocation')).toBeLessThan(20)
})

test('a reply that SSM cut is partial, with the reason, and never half-read', async () => {
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

test('a host that answers garbage is partial and told why, and changes nothing for the others', async () => {
  const garbage: ((nonce: string) => string)[] = [
    () => '<script>alert(1)</script>',
    nonce =>
      `FLEETDRIFT2 ${nonce} 12 ${'0'.repeat(64)} 0 9 ${'0'.repeat(64)}\nAAAAAAAAAAAA\nFLEETDRIFT2-END ${nonce}`,
    nonce => whole(nonce, id(9), ['users', 'ports']),
    () => whole('another-run', id(3), ['users', 'ports'])
  ]
  const { byId } = await collect(hosts(10, at => (garbage[at] ? { output: garbage[at] } : {})))
  expect([0, 1, 2, 3].map(at => byId[id(at)]?.reason)).toEqual([
    'the reply holds no answer of the collector',
    'the reply does not match its digest',
    `the host answered as another one (${id(9)})`,
    'the reply holds no answer of the collector'
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
  ['Cancelled', true, /cancelled/],
  ['Success', true, /without an answer/]
])(
  'a host whose command ends as %s with no output is silent and told why',
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

test('a whole answer counts, whatever the command came to', async () => {
  const { records } = await collect(hosts(1, () => ({ details: 'Failed' })))
  expect(records).toMatchObject([{ status: 'reported' }])
})

test('a host without osquery is partial, and answered', async () => {
  const output = (nonce: string) => reply({ nonce, host: id(0), osquery: 'none' })
  expect((await collect(hosts(1, () => ({ output })))).records).toMatchObject([
    { status: 'partial', reason: 'osquery is not installed', unanswered: false, queries: {} }
  ])
})

test('queries that were not answered make a host partial, the first ones by name', async () => {
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

test('hosts of a mixed group are each asked through the document of their platform', async () => {
  const queries = [query('users'), query('services', ['windows']), query('everywhere', [])]
  const fleet = hosts(120, at => ({ windows: at % 3 === 0 }))
  for (const targets of [FILTER, named(fleet)]) {
    const { records, byId, calls } = await collect(fleet, { targets, queries })
    expect(records.map(record => record.status)).toEqual(Array.from({ length: 120 }, () => 'reported'))
    expect(Object.keys(byId[id(0)]!.queries)).toEqual(['services', 'everywhere'])
    expect(Object.keys(byId[id(1)]!.queries)).toEqual(['users', 'everywhere'])
    const sends = calls.filter(call => call.action === 'SendCommand').map(call => call.input)
    expect(sends.at(-1)).toMatchObject({ DocumentName: 'AWS-RunPowerShellScript', DocumentVersion: '1' })
    const asked = sends.filter(input => input.DocumentName === 'AWS-RunPowerShellScript')
    expect(asked.flatMap(input => input.InstanceIds)).toHaveLength(40)
  }
})

test('a group of Windows hosts is asked through PowerShell at once', async () => {
  const { records, calls } = await collect(
    hosts(3, () => ({ windows: true })),
    { queries: [query('services', ['windows'])] }
  )
  expect(records.map(record => record.status)).toEqual(['reported', 'reported', 'reported'])
  expect(calls.filter(call => call.action === 'SendCommand')).toHaveLength(1)
})

test('Windows hosts stay silent where no query is for them, or the role may not send the other document', async () => {
  const fleet = hosts(4, at => ({ windows: at === 0 }))
  const reason = 'the document is not for the platform of this host'
  const none = await collect(fleet)
  expect(none.byId[id(0)]).toMatchObject({ status: 'silent', reason, unanswered: false })
  const refuse = (action: string, _: number, input: Input) =>
    action === 'SendCommand' && input.DocumentName === 'AWS-RunPowerShellScript'
      ? awsError('AccessDeniedException')
      : undefined
  const denied = await collect(fleet, { queries: [query('everywhere', [])], simulation: { refuse } })
  expect(denied.error).toBe(null)
  expect(denied.byId[id(0)]).toMatchObject({ status: 'silent', reason })
  expect(denied.records.filter(record => record.status === 'reported')).toHaveLength(3)
  expect(denied.lines.filter(line => line.startsWith('warning'))).toHaveLength(1)
})

test('SSM may know nothing of a command right after sending', async () => {
  const { records } = await collect(hosts(60), { simulation: { settling: 2_500 } })
  expect(records.filter(record => record.status === 'reported')).toHaveLength(60)
})

test("hosts that SSM's list still calls running are waited for, not lost", async () => {
  const fleet = hosts(60)
  for (const targets of [FILTER, named(fleet)]) {
    const { records } = await collect(fleet, { targets, simulation: { lag: 4_000 } })
    expect(records.filter(record => record.status === 'reported')).toHaveLength(60)
  }
})

test('an invocation that SSM does not know yet is asked for again', async () => {
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

test('a reply that SSM never gives makes that host silent and no other', async () => {
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

test('a refusal in the middle keeps what had been read, and tells the other hosts as not read', async () => {
  const large = (nonce: string) => `${'noise '.repeat(600)}\n${whole(nonce, id(0), ['users', 'ports'])}`
  const refuse = (action: string) =>
    action === 'GetCommandInvocation' ? awsError('AccessDeniedException') : undefined
  const { byId, error, lines } = await collect(
    hosts(5, at => (at === 0 ? { output: large } : {})),
    { simulation: { refuse } }
  )
  expect(error).toBe(null)
  expect(byId[id(0)]).toMatchObject({
    status: 'silent',
    reason: 'its reply could not be read from SSM',
    unanswered: false
  })
  expect(byId[id(4)]?.status).toBe('reported')
  expect(lines.join('\n')).toMatch(/warning: ssm:GetCommandInvocation failed.*Allow ssm:GetCommandInvocation/)
})

test('a reply that SSM does not give for long is read later, and holds up no other', async () => {
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

test('a look-up of agents that never answers holds nothing back', async () => {
  const fleet = [...hosts(3), { id: id(3), endsAt: 3_000, details: 'Undeliverable', output: () => '' }]
  const { byId, calls } = await collect(fleet, { simulation: { stuck: 'DescribeInstanceInformation' } })
  expect(Object.values(byId).map(({ status }) => status)).toEqual([
    'reported',
    'reported',
    'reported',
    'silent'
  ])
  expect(calls.at(-1)?.at).toBeLessThan(10_000)
})

test('failures that pass are sat out until the deadline', async () => {
  const refuse = (action: string, count: number) =>
    ['ListCommands', 'ListCommandInvocations'].includes(action) && count <= 2
      ? awsError('ThrottlingException', 'Rate exceeded')
      : undefined
  const { records, lines } = await collect(hosts(3), { simulation: { refuse } })
  expect(records.map(record => record.status)).toEqual(['reported', 'reported', 'reported'])
  expect(lines.filter(line => line.startsWith('warning'))).toEqual([
    expect.stringMatching(/^warning: ssm:ListCommands failed: .* until the deadline\.$/),
    expect.stringMatching(/^warning: ssm:ListCommandInvocations failed: .* until the deadline\.$/)
  ])
})

test('a refusal to cancel is told once, however many commands there are', async () => {
  const fleet = hosts(120, () => ({ endsAt: 1e9 }))
  const refuse = (action: string) =>
    action === 'CancelCommand' ? awsError('AccessDeniedException') : undefined
  const { records, lines } = await collect(fleet, {
    targets: named(fleet),
    timeoutSeconds: 30,
    simulation: { refuse }
  })
  expect(records).toHaveLength(120)
  expect(lines.filter(line => /CancelCommand/.test(line))).toHaveLength(1)
})

test('no line of the log names a host, whatever SSM says', async () => {
  const { lines } = await collect(
    hosts(3, at => (at < 2 ? { output: () => 'garbage' } : {})),
    {
      simulation: {
        refuse: (action, count) =>
          count <= 2 && /Invocation|Agents|Information/.test(action)
            ? awsError('ThrottlingException', `slow down, arn:aws:ec2:eu-west-1:1:instance/${id(1)}`)
            : undefined
      }
    }
  )
  expect(lines.filter(line => /GetCommandInvocation/.test(line))).not.toHaveLength(0)
  expect(lines.filter(line => /i-[0-9a-f]{8}/.test(line))).toEqual([])
})

test.each(['AccessDeniedException', 'UnknownOperationException'])(
  'SSM that answers %s to all but the calls that must be loses nothing',
  async name => {
    const needed = ['SendCommand', 'ListCommandInvocations', 'GetCommandInvocation']
    const refuse = (action: string) => (needed.includes(action) ? undefined : awsError(name))
    const { records, error } = await collect([...hosts(70), { id: id(70) }], { simulation: { refuse } })
    expect(error).toBe(null)
    expect(records.filter(record => record.status === 'reported')).toHaveLength(70)
    expect(records.at(-1)).toMatchObject({ status: 'silent', unanswered: true })
  }
)

test.each([
  ['gives none of the latest commands', { unlisted: true }],
  [
    'refuses to give the latest commands',
    {
      refuse: (action, _, input) =>
        action === 'ListCommands' && input.CommandId === undefined
          ? awsError('ValidationException')
          : undefined
    }
  ]
] satisfies [string, Simulation][])('where SSM %s, they are counted one by one', async (_, simulation) => {
  const fleet = hosts(400)
  const { records, calls } = await collect(fleet, { targets: named(fleet), timeoutSeconds: 300, simulation })
  expect(records.filter(record => record.status === 'reported')).toHaveLength(400)
  expect(calls.at(-1)?.at).toBeLessThan(20_000)
})

test('a command that SSM does not list yet, and says so with an error, is waited for', async () => {
  const refuse = (action: string, count: number) => {
    if (action === 'ListCommands') return awsError('AccessDeniedException')
    return action === 'ListCommandInvocations' && count <= 2 ? awsError('InvalidCommandId') : undefined
  }
  const { records, error } = await collect(hosts(3), { simulation: { refuse } })
  expect(error).toBe(null)
  expect(records.map(record => record.status)).toEqual(['reported', 'reported', 'reported'])
})

test('a group that SSM does not count is read all the same', async () => {
  const { records, error } = await collect(hosts(70), { simulation: { uncounted: true } })
  expect(error).toBe(null)
  expect(records.filter(record => record.status === 'reported')).toHaveLength(70)
})

test('no host that matches is an error that names the targets', async () => {
  const { error, message, count } = await collect([], {
    targetLines: ['tag:Service=chekout', 'tag:Env=prod']
  })
  expect(error).toBeInstanceOf(NoTargetMatched)
  expect(message).toMatch(
    /^No host matched the targets \(tag:Service=chekout; tag:Env=prod\)\. Check the tags/
  )
  expect(count('CancelCommand')).toBe(0)
})

test('without ssm:ListCommands the invocations are counted, and hosts that are dispatched late are not lost', async () => {
  const refuse = (action: string) =>
    action === 'ListCommands' ? awsError('AccessDeniedException') : undefined
  const { records, count } = await collect(
    hosts(40, () => ({ endsAt: 100 })),
    { simulation: { refuse, dispatchedASecond: 1 }, timeoutSeconds: 300 }
  )
  expect(records.filter(record => record.status === 'reported')).toHaveLength(40)
  expect(count('ListCommands')).toBe(1)
  const none = await collect([], { simulation: { refuse }, timeoutSeconds: 300 })
  expect(none.error).toBeInstanceOf(NoTargetMatched)
})

test.each([
  ['SendCommand', 'AccessDeniedException', /Allow ssm:SendCommand/],
  ['ListCommandInvocations', 'AccessDeniedException', /Allow ssm:ListCommandInvocations/],
  ['SendCommand', 'InvalidDocument', /never run as another/]
])('%s refused with %s is an error that says what to change', async (refused, name, words) => {
  const { message, records } = await collect(hosts(2), {
    simulation: { refuse: action => (action === refused ? awsError(name) : undefined) }
  })
  expect(message).toMatch(words)
  expect(records).toEqual([])
})

test('commands that were sent before a refusal are cancelled', async () => {
  const fleet = hosts(60)
  const refuse = (action: string, count: number) =>
    action === 'SendCommand' && count === 2 ? awsError('AccessDeniedException') : undefined
  const { calls } = await collect(fleet, { targets: named(fleet), simulation: { refuse } })
  expect(calls.filter(call => call.action === 'CancelCommand').map(call => call.input.CommandId)).toEqual([
    'command-1'
  ])
})

test('at the deadline the rest is cancelled, and every host is told how far it came', async () => {
  const { endsAt: _, ...running } = hosts(1)[0]!
  const { startsAt: __, ...pending } = { ...running, id: id(1), startsAt: 1 }
  const fleet = [running, { ...pending, startsAt: Number.POSITIVE_INFINITY }, ...hosts(3).slice(2)]
  const { byId, count, calls, lines } = await collect(fleet, { timeoutSeconds: 30 })
  expect(byId[id(0)]).toMatchObject({
    status: 'silent',
    unanswered: true,
    reason: 'no answer within 30 s: the command was still running'
  })
  expect(byId[id(1)]).toMatchObject({
    status: 'silent',
    unanswered: false,
    reason: 'no answer within 30 s: SSM has not delivered the command'
  })
  expect(byId[id(2)]).toMatchObject({ status: 'reported' })
  expect(count('CancelCommand')).toBe(1)
  expect(calls.at(-1)?.at).toBeLessThan(35_000)
  expect(lines).toContain('warning: The deadline of 30 s has passed: reading what has been answered so far.')
})

test('hosts that SSM counts and never lists are told by number', async () => {
  let targeted = 0
  const { records } = await collect(hosts(40), {
    simulation: { dispatchedASecond: 1 },
    timeoutSeconds: 20,
    onTargeted: count => {
      targeted = count
    }
  })
  expect(records.length).toBeLessThan(30)
  expect(targeted).toBe(40)
})

test('a run that is cancelled cancels the command at once and still gives what is known', async () => {
  const stopping = new AbortController()
  const onCall = (_: string, now: number) => {
    if (now >= 8_000) stopping.abort()
  }
  const fleet = [...hosts(2), { id: id(2) }]
  const { byId, calls } = await collect(fleet, { signal: stopping.signal, simulation: { onCall } })
  expect(byId[id(0)]).toMatchObject({ status: 'reported' })
  expect(byId[id(2)]).toMatchObject({
    status: 'silent',
    unanswered: false,
    reason: expect.stringMatching(/^the run was cancelled: /)
  })
  const cancelled = calls.findIndex(call => call.action === 'CancelCommand')
  expect(calls.slice(cancelled).map(call => call.action)).toEqual(['CancelCommand', 'ListCommandInvocations'])
})

test('a run that is cancelled while it sends asks no further host, and tells of every one', async () => {
  const stopping = new AbortController()
  const fleet = hosts(120, at => (at < 50 ? {} : { endsAt: 100 }))
  const onCall = (action: string) => {
    if (action === 'SendCommand') stopping.abort()
  }
  const { records, byId, count } = await collect(fleet, {
    targets: named(fleet),
    signal: stopping.signal,
    simulation: { onCall }
  })
  expect(records).toHaveLength(120)
  expect(count('SendCommand')).toBe(1)
  expect(count('CancelCommand')).toBe(1)
  expect(byId[id(100)]).toMatchObject({
    status: 'silent',
    unanswered: false,
    reason: expect.stringMatching(/^the run was cancelled: it was not asked any more/)
  })
})

test('a consumer that stops early leaves no command running', async () => {
  const simulated = simulateSsm([...hosts(60), { id: id(60) }])
  const silentLog: Log = { info() {}, debug() {}, warning() {}, error() {}, group: (_, work) => work() }
  const request = {
    targets: FILTER,
    targetLines: [],
    queries: [query('users')],
    document: null,
    osquery: [],
    outputS3: null,
    comment: '',
    maxConcurrency: '1',
    timeoutSeconds: 60,
    expectedIds: []
  }
  for await (const _ of collectFromSsm(request, {
    ...simulated,
    s3: null,
    log: silentLog,
    signal: new AbortController().signal
  }))
    break
  expect(simulated.count('CancelCommand')).toBe(1)
})

test('expected hosts that SSM did not target are silent', async () => {
  const { byId, records } = await collect(hosts(2), { expectedIds: [id(0), id(5)] })
  expect(records).toHaveLength(3)
  expect(byId[id(5)]).toMatchObject({
    status: 'silent',
    unanswered: false,
    reason: expect.stringMatching(/^it is expected, and no target/)
  })
})

test('hosts are given as they end, and progress is told without a word of theirs', async () => {
  const fleet = hosts(400, at => ({
    endsAt: at < 300 ? 2_000 : 30_000,
    ...(at === 1 ? { output: () => '::error::pwned' } : {})
  }))
  const { lines, count, records } = await collect(fleet)
  expect(records).toHaveLength(400)
  expect(
    lines.filter(line =>
      /^info: \d+ of 400 hosts have ended, \d+ of them silent so far; \d+ s left\.$/.test(line)
    ).length
  ).toBeGreaterThan(2)
  expect(lines.join('\n')).not.toContain('pwned')
  expect(count('ListCommandInvocations')).toBeLessThanOrEqual(24)
})

test('many hosts cost few reading calls', async () => {
  const { records, calls } = await collect(hosts(2_000, at => ({ endsAt: 1_000 + (at % 40) * 500 })))
  expect(records).toHaveLength(2_000)
  const reading = calls.filter(call => call.action !== 'SendCommand').length
  expect(reading / 2_000).toBeLessThan(0.2)
})
