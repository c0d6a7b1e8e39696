import { expect, test } from '@jest/globals'
import { NoTargetMatched } from '../../../src/collect/ssm/poll.ts'
import { awsError, type Simulation } from '../../support/simulated-ssm.ts'
import { collect, FILTER, hosts, id, named } from '../../support/ssm-collection.ts'

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

test('a command that SSM does not know right after sending is waited for', async () => {
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

test('an agent look-up that never answers delays nothing', async () => {
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

test.each(['AccessDeniedException', 'UnknownOperationException'])(
  'SSM that answers %s to every optional call loses nothing',
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
  ['lists none of the latest commands', { unlisted: true }],
  [
    'refuses to list the latest commands',
    {
      refuse: (action, _, input) =>
        action === 'ListCommands' && input.CommandId === undefined
          ? awsError('ValidationException')
          : undefined
    }
  ]
] satisfies [string, Simulation][])(
  'where SSM %s, commands are counted one by one',
  async (_, simulation) => {
    const fleet = hosts(400)
    const { records, calls } = await collect(fleet, {
      targets: named(fleet),
      timeoutSeconds: 300,
      simulation
    })
    expect(records.filter(record => record.status === 'reported')).toHaveLength(400)
    expect(calls.at(-1)?.at).toBeLessThan(20_000)
  }
)

test('a command that SSM answers with an error because it does not list it yet is waited for', async () => {
  const refuse = (action: string, count: number) => {
    if (action === 'ListCommands') return awsError('AccessDeniedException')
    return action === 'ListCommandInvocations' && count <= 2 ? awsError('InvalidCommandId') : undefined
  }
  const { records, error } = await collect(hosts(3), { simulation: { refuse } })
  expect(error).toBe(null)
  expect(records.map(record => record.status)).toEqual(['reported', 'reported', 'reported'])
})

test('a group that SSM does not count is read anyway', async () => {
  const { records, error } = await collect(hosts(70), { simulation: { uncounted: true } })
  expect(error).toBe(null)
  expect(records.filter(record => record.status === 'reported')).toHaveLength(70)
})

test('targets that match no host are an error that names them', async () => {
  const { error, message, count } = await collect([], {
    targetLines: ['tag:Service=chekout', 'tag:Env=prod']
  })
  expect(error).toBeInstanceOf(NoTargetMatched)
  expect(message).toMatch(
    /^No host matched the targets \(tag:Service=chekout; tag:Env=prod\)\. Check the tags/
  )
  expect(count('CancelCommand')).toBe(0)
})

test('without ssm:ListCommands the invocations are counted, and hosts that SSM dispatches to late are not lost', async () => {
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

test('hosts that SSM counts and never lists are in the returned count', async () => {
  const { records, targeted } = await collect(hosts(40), {
    simulation: { dispatchedASecond: 1 },
    timeoutSeconds: 20
  })
  expect(records.length).toBeLessThan(30)
  expect(targeted).toBe(40)
})

test('hosts are yielded as they end, and progress is logged without a word from any host', async () => {
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
