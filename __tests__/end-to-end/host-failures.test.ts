import { afterAll, expect, test } from '@jest/globals'
import { closeFleets, snapshotOf, startFleet, statusesOf } from '../support/collection-fleet.ts'
import { act, COLLECT, deadline, errorsOf, removeRuns } from '../support/end-to-end.ts'

afterAll(async () => {
  await closeFleets()
  await removeRuns()
})

test.concurrent('every host that fails has one status and its true reason', async () => {
  const { server, behaving } = await startFleet({
    behaviors: ['garbage', 'failed', 'timed-out', 'offline', 'other-platform', 'denied', 'impostor', 'cut']
  })
  const hosts = snapshotOf(await act(server, { inputs: COLLECT }))
  const seen = [...behaving].map(([behavior, { id }]) => {
    const { status, code, reason, unanswered } = hosts.get(id)!
    return [behavior, [status, code, reason, unanswered]]
  })
  const offline = /^SSM could not deliver the command in time: .*; SSM has lost its agent \(ConnectionLost\)$/
  const noAnswer = 'the reply holds no answer from the collector'
  expect(Object.fromEntries(seen)).toEqual({
    garbage: ['partial', 'no-frame', noAnswer, true],
    failed: ['silent', 'command-failed', 'the command failed on the host, exit code 1', true],
    'timed-out': ['silent', 'execution-timed-out', 'the command ran into its time limit on the host', true],
    offline: ['silent', 'delivery-timed-out', expect.stringMatching(offline), false],
    'other-platform': [
      'silent',
      'other-platform',
      'the document is not for the platform of this host',
      false
    ],
    denied: ['silent', 'access-denied', 'the role may not send commands to this host', false],
    impostor: [
      'partial',
      'other-host',
      expect.stringMatching(/^the host answered as another host \(i-/),
      true
    ],
    cut: ['partial', 'no-frame', noAnswer, true]
  })
})

test.concurrent('one bad id among many costs no other host', async () => {
  const { server, fleet } = await startFleet({ hosts: 60 })
  const ids = fleet.hosts.map(host => host.id)
  const result = await act(server, {
    inputs: { ...COLLECT, targets: [...ids.slice(0, 30), 'i-0badbadbadbadbad0', ...ids.slice(30)].join('\n') }
  })
  expect(statusesOf(result)).toEqual({ reported: 58, silent: 2, partial: 1 })
  expect(snapshotOf(result).get('i-0badbadbadbadbad0')?.code).toBe('not-managed')
})

test.concurrent('at the deadline a hanging host is silent, its command is canceled, and the others count', async () => {
  let cancellations = 0
  const { server, behaving } = await startFleet({
    behaviors: ['hang'],
    fault: ({ action }) => (action === 'CancelCommand' && cancellations++ === 0 ? 'reset' : undefined)
  })
  const seconds = await deadline(8)
  const result = await act(server, { inputs: { ...COLLECT, 'timeout-seconds': seconds } })
  expect(statusesOf(result)).toEqual({ reported: 17, silent: 2, partial: 1 })
  expect(snapshotOf(result).get(behaving.get('hang')!.id)).toMatchObject({
    code: 'deadline',
    reason: `no answer within ${seconds} s: the command was still running`,
    unanswered: true
  })
  expect(cancellations).toBeGreaterThan(1)
})

test.concurrent('a host whose last reply was lost on its way to SSM is reported all the same', async () => {
  const lost: string[] = []
  const { server, first } = await startFleet({ unending: host => lost.includes(host.id) })
  lost.push(first.id)
  const seconds = await deadline(8)
  const result = await act(server, { inputs: { ...COLLECT, 'timeout-seconds': seconds } })
  expect(snapshotOf(result).get(first.id)).toMatchObject({ status: 'reported' })
})

test.concurrent('expected hosts that do not exist are silent, each once, and lower the coverage', async () => {
  const { server, fleet } = await startFleet({ hosts: 8 })
  const ids = fleet.hosts.map(host => host.id)
  const result = await act(server, {
    inputs: {
      'fail-on': 'never',
      'min-coverage': '90',
      'expected-hosts': [...ids, ids[0], 'i-0dddddddddddddddd', 'i-0dddddddddddddddd'].join('\n'),
      targets: [...ids, ids[0], ids[1]].join('\n')
    }
  })
  expect([...snapshotOf(result).keys()].sort()).toEqual([...ids, 'i-0dddddddddddddddd'].sort())
  expect(snapshotOf(result).get('i-0dddddddddddddddd')).toMatchObject({
    status: 'silent',
    code: 'not-matched'
  })
  expect(errorsOf(result)[0]).toMatch(/min-coverage/)
})

test.concurrent.each(['SIGINT', 'SIGTERM'] as const)(
  '%s cancels the command, and what was collected is still published',
  async signal => {
    const { server } = await startFleet({ behaviors: ['hang'] })
    let kill: (signal: NodeJS.Signals) => void = () => undefined
    let polls = 0
    server.setFault(({ action }) => {
      if (action === 'ListCommands' && ++polls === 3) kill(signal)
      return undefined
    })
    const result = await act(server, {
      inputs: { 'fail-on': 'never' },
      onStart: stop => {
        kill = stop
      }
    })
    expect(server.calls.some(({ action }) => action === 'CancelCommand')).toBe(true)
    // The host without osquery is the one finding; what the cancellation cut off is not one.
    expect(result.outputs).toMatchObject({ verdict: 'drift', findings: expect.any(String) })
    expect(statusesOf(result)).toMatchObject({ reported: 17 })
    expect(result.summary).toContain('the run was canceled')
  }
)
