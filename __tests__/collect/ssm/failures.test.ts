import { createHash } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { collectFromSsm } from '../../../src/collect/ssm/ssm.ts'
import { recordingLog } from '../../support/recording-log.ts'
import { reply } from '../../support/replies.ts'
import { answerOf, awsError, simulateSsm } from '../../support/simulated-ssm.ts'
import { collect, FILTER, hosts, id, named, query } from '../../support/ssm-collection.ts'

test('a refusal in the middle keeps what was read, and records the other hosts as unreadable', async () => {
  const large = (nonce: string) => `${'noise '.repeat(600)}\n${answerOf(nonce, id(0), ['users', 'ports'])}`
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

test('transient failures are retried until the deadline', async () => {
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

test('a refusal to cancel is logged once, however many commands there are', async () => {
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

test.each([
  ['SendCommand', 'AccessDeniedException', /Allow ssm:SendCommand/],
  ['ListCommandInvocations', 'AccessDeniedException', /Allow ssm:ListCommandInvocations/],
  ['SendCommand', 'InvalidDocument', /never run in another/]
])('%s refused with %s is an error that says what to change', async (refused, name, words) => {
  const { message, records } = await collect(hosts(2), {
    simulation: { refuse: action => (action === refused ? awsError(name) : undefined) }
  })
  expect(message).toMatch(words)
  expect(records).toEqual([])
})

test('at the deadline what still runs is canceled, and every host has its last known state', async () => {
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

test('a canceled run cancels the command at once, and still yields what is known', async () => {
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
    reason: expect.stringMatching(/^the run was canceled: /)
  })
  const canceledAt = calls.findIndex(call => call.action === 'CancelCommand')
  expect(calls.slice(canceledAt).map(call => call.action)).toEqual([
    'CancelCommand',
    'ListCommandInvocations'
  ])
})

test('a run that is canceled while it sends contacts no further host, and records every one', async () => {
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
    reason: expect.stringMatching(/^the run was canceled: not contacted: the run was stopping/)
  })
})

test('a consumer that stops early leaves no command running', async () => {
  const simulated = simulateSsm([...hosts(60), { id: id(60) }])
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
    log: recordingLog(),
    signal: new AbortController().signal
  }))
    break
  expect(simulated.count('CancelCommand')).toBe(1)
})

test('a whole answer counts at the deadline although its command is not said to have ended', async () => {
  const fleet = hosts(2, at => (at === 0 ? { endsAt: Number.POSITIVE_INFINITY, printsAt: 5_000 } : {}))
  const { records } = await collect(fleet, { timeoutSeconds: 30 })
  expect(records.map(({ status }) => status)).toEqual(['reported', 'reported'])
})

test('a long answer whose command is killed while it prints is partial, and its folder is removed', async () => {
  const rows = Array.from({ length: 4_000 }, (_, at) => ({
    a: createHash('sha256').update(`${at}`).digest('hex')
  }))
  const output = (nonce: string, script: string) =>
    /^chunk=/m.test(script)
      ? ''
      : reply({ nonce, host: id(0), parts: ['users', 'ports'].map(name => ({ name, rows })) })
  const fleet = hosts(1, () => ({ endsAt: Number.POSITIVE_INFINITY, printsAt: 20_000, output }))
  const { records, calls } = await collect(fleet, { timeoutSeconds: 30 })
  expect(records).toMatchObject([
    {
      status: 'partial',
      code: 'incomplete-chunks',
      reason: expect.stringMatching(/^1 of \d+ chunks of its reply arrived: the command was still running$/),
      unanswered: true
    }
  ])
  expect(calls.filter(({ action }) => action === 'SendCommand')).toHaveLength(2)
})
