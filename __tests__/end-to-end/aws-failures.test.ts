import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from '@jest/globals'
import type { Fault } from '../../simulator/server/call-log.ts'
import { closeFleets, everyFew, snapshotOf, startFleet, statusesOf } from '../support/collection-fleet.ts'
import { act, COLLECT, errorsOf, removeRuns } from '../support/end-to-end.ts'

/** The hosts of a healthy fleet of 20: one of them is silent, and one has no osquery. */
const ALL_HOSTS = { reported: 18, silent: 1, partial: 1 }
const THROTTLED = { status: 400, type: 'ThrottlingException', message: 'Rate exceeded' }

afterAll(async () => {
  await closeFleets()
  await removeRuns()
})

// These runs wait most of the time: for SSM, and for the pauses between attempts.
describe('no host is lost', () => {
  test.concurrent.each<[string, Fault]>([
    ['a throttling storm', everyFew(2, THROTTLED)],
    ['server errors', everyFew(3, { status: 503, type: 'ServiceUnavailable' })],
    ['internal errors', everyFew(3, { status: 500, type: 'InternalServerError' })],
    ['connection resets', everyFew(3, 'reset')],
    ['slow answers', everyFew(2, { delay: 1_500 })],
    ['answers that are not JSON', everyFew(4, { body: '<html>gateway</html>' }, /^(List|Get)/)]
  ])('to %s', async (_, fault) => {
    const { server } = await startFleet({ fault })
    const result = await act(server, { inputs: COLLECT })
    expect(errorsOf(result)).toEqual([])
    expect(statusesOf(result)).toEqual(ALL_HOSTS)
  })

  test.concurrent('when an answer to SendCommand is lost on the way', async () => {
    let lost = 0
    const { server } = await startFleet({
      shells: 1,
      fault: ({ action }) => (action === 'SendCommand' && lost++ === 0 ? 'lost' : undefined)
    })
    const result = await act(server, { inputs: COLLECT })
    expect(server.calls.filter(({ action }) => action === 'SendCommand').length).toBeGreaterThanOrEqual(2)
    expect(statusesOf(result)).toEqual(ALL_HOSTS)
  })

  test.concurrent('when SSM does not list a command yet', async () => {
    const { server } = await startFleet({ unlistedMs: 2_500, listLagMs: 3_000 })
    expect(statusesOf(await act(server, { inputs: COLLECT }))).toEqual(ALL_HOSTS)
  })

  test.concurrent.each([
    ['soon, as STS reports', { sessionSeconds: 240 }],
    ['sooner than STS reports', { callsPerSession: 12 }]
  ])('when credentials expire %s', async (_, session) => {
    const { server } = await startFleet(session)
    const result = await act(server, { inputs: COLLECT })
    expect(statusesOf(result)).toEqual(ALL_HOSTS)
    const sessions = server.calls.filter(({ action }) => action === 'AssumeRoleWithWebIdentity')
    expect(sessions.length).toBeGreaterThan(1)
    expect(result.log).not.toContain('ExpiredToken')
  })

  test.concurrent('to transient failures of the token service and of STS, and no token is used twice', async () => {
    const failures: Record<string, ReturnType<Fault>[]> = {
      GetIdToken: [{ status: 503, type: 'Unavailable' }, 'reset'],
      AssumeRoleWithWebIdentity: [
        {
          status: 400,
          type: 'InvalidIdentityToken',
          message: "Couldn't retrieve verification key from your identity provider"
        },
        { status: 400, type: 'IDPCommunicationError' },
        { status: 400, type: 'Throttling', message: 'Rate exceeded' },
        'lost'
      ]
    }
    const { server } = await startFleet({ fault: ({ action }) => failures[action]?.shift() })
    const result = await act(server, { inputs: COLLECT })
    expect(statusesOf(result)).toEqual(ALL_HOSTS)
    const tokens = server.calls
      .filter(({ action }) => action === 'AssumeRoleWithWebIdentity')
      .map(({ input }) => (input as URLSearchParams).get('WebIdentityToken'))
    expect(tokens).toHaveLength(5)
    expect(new Set(tokens).size).toBe(5)
  })
})

test.concurrent('without the permission to ask for agents, nothing but their state is missing', async () => {
  const { server } = await startFleet({
    fault: ({ action }) =>
      action === 'DescribeInstanceInformation' ? { status: 400, type: 'AccessDeniedException' } : undefined
  })
  const result = await act(server, { inputs: COLLECT })
  expect(statusesOf(result)).toEqual(ALL_HOSTS)
  expect(result.log).toMatch(/^::debug::.*DescribeInstanceInformation.*AccessDeniedException/m)
  expect(result.log).toMatch(/^1 host is silent: SSM could not deliver the command\b/m)
})

test.concurrent('in a storm of ten faults, 60 hosts have their true reasons, and every compromise is found', async () => {
  const storm = [
    everyFew(6, THROTTLED),
    everyFew(11, { status: 503, type: 'ServiceUnavailable' }),
    everyFew(13, 'reset'),
    everyFew(7, { delay: 800 })
  ]
  const { server, fleet, behaving } = await startFleet({
    hosts: 60,
    scenario: 'sick',
    unlistedMs: 1_500,
    listLagMs: 1_500,
    callsPerSession: 25,
    behaviors: ['timed-out', 'garbage', 'failed', 'offline', 'denied', 'impostor'],
    fault: call => storm.map(fault => fault(call)).find(result => result !== undefined)
  })
  const result = await act(server, {
    inputs: { 'expected-hosts': '60' }
  })
  expect(statusesOf(result)).toEqual({ reported: 52, silent: 5, partial: 3 })
  const hosts = snapshotOf(result)
  expect(
    Object.fromEntries([...behaving].map(([behavior, { id }]) => [behavior, hosts.get(id)?.code]))
  ).toEqual({
    'timed-out': 'execution-timed-out',
    garbage: 'no-frame',
    failed: 'command-failed',
    offline: 'delivery-timed-out',
    denied: 'access-denied',
    impostor: 'other-host'
  })
  const report: { findings: { kind: string; severity: string; hosts: string[] }[] } = JSON.parse(
    readFileSync(result.outputs['report-json']!, 'utf8')
  )
  const severe = report.findings.filter(
    ({ kind, severity }) => kind === 'deviation' && ['critical', 'high'].includes(severity)
  )
  for (const compromise of fleet.compromises)
    expect(severe.map(finding => finding.hosts)).toContainEqual([...compromise.hosts])
})
