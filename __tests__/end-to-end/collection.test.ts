import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { addRow, type SimulatedFleet } from '../../simulator/fleet/host.ts'
import type { Fault } from '../../simulator/server/call-log.ts'
import { lockedDocument } from '../../src/collect/script/document.ts'
import { loadPacks, queriesOf } from '../../src/osquery/load-packs.ts'
import { everyFew, snapshotOf, startFleet, statesOf } from '../support/collection-fleet.ts'
import { act, errorsOf, removeRuns } from '../support/end-to-end.ts'

// Real processes on a machine that may be busy.
jest.setTimeout(300_000)

type Fleet = Awaited<ReturnType<typeof startFleet>>
const open: Fleet[] = []
const start = async (...options: Parameters<typeof startFleet>): Promise<Fleet> => {
  const fleet = await startFleet(...options)
  open.push(fleet)
  return fleet
}
/** The state of a healthy fleet of 20: one host is silent, one has no osquery. */
const ALL = { reported: 18, silent: 1, partial: 1 }
const QUIET = { 'fail-on': 'never', mode: 'collect' }

afterEach(async () => {
  await Promise.all(open.splice(0).map(fleet => fleet.close()))
  await removeRuns()
})

describe('AWS that fails', () => {
  const THROTTLED = { status: 400, type: 'ThrottlingException', message: 'Rate exceeded' }
  test.each<[string, Fault]>([
    ['a throttling storm', everyFew(2, THROTTLED)],
    ['server errors', everyFew(3, { status: 503, type: 'ServiceUnavailable' })],
    ['internal errors', everyFew(3, { status: 500, type: 'InternalServerError' })],
    ['connection resets', everyFew(3, 'reset')],
    ['slow answers', everyFew(2, { delay: 1_500 })],
    ['answers that are no JSON', everyFew(4, { body: '<html>gateway</html>' }, /^(List|Get)/)]
  ])('%s cost no host', async (_, fault) => {
    const { server } = await start({ fault })
    const result = await act(server, { inputs: QUIET })
    expect(errorsOf(result)).toEqual([])
    expect(statesOf(result)).toEqual(ALL)
  })

  test('an answer to SendCommand that is lost on the way costs no host', async () => {
    let lost = 0
    const { server } = await start({
      shells: 3,
      fault: ({ action }) => (action === 'SendCommand' && lost++ === 0 ? 'lost' : undefined)
    })
    const result = await act(server, { inputs: QUIET })
    expect(server.calls.filter(({ action }) => action === 'SendCommand').length).toBeGreaterThanOrEqual(2)
    expect(statesOf(result)).toEqual(ALL)
  })

  test('what SSM does not know yet is waited for', async () => {
    const { server } = await start({ unlistedMs: 2_500, listLagMs: 3_000 })
    expect(statesOf(await act(server, { inputs: QUIET }))).toEqual(ALL)
  })

  test('credentials that expire in mid-run are renewed, whether their date says so or not', async () => {
    for (const reportsExpiration of [true, false]) {
      const { server } = await start({ sessionSeconds: 2, reportsExpiration, unlistedMs: 4_000 })
      const result = await act(server, { inputs: QUIET })
      expect(statesOf(result)).toEqual(ALL)
      expect(
        server.calls.filter(({ action }) => action === 'AssumeRoleWithWebIdentity').length
      ).toBeGreaterThan(1)
      expect(result.log).not.toContain('ExpiredToken')
    }
  })

  test('hiccups of the token service and of STS are sat out, each attempt with a new token', async () => {
    const hiccups: Record<string, ReturnType<Fault>[]> = {
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
    const { server } = await start({ fault: ({ action }) => hiccups[action]?.shift() })
    const result = await act(server, { inputs: QUIET })
    expect(statesOf(result)).toEqual(ALL)
    const tokens = server.calls
      .filter(({ action }) => action === 'AssumeRoleWithWebIdentity')
      .map(({ input }) => (input as URLSearchParams).get('WebIdentityToken'))
    expect(tokens).toHaveLength(5)
    expect(new Set(tokens).size).toBe(5)
  })
})

describe('hosts that fail', () => {
  test('every host ends in one state, with its true reason', async () => {
    const { server, behaving } = await start({
      behaviors: ['garbage', 'failed', 'timed-out', 'offline', 'other-platform', 'denied', 'impostor', 'cut']
    })
    const result = await act(server, { inputs: QUIET })
    const hosts = snapshotOf(result)
    const told = Object.fromEntries(
      [...behaving].map(([behavior, { id }]) => {
        const { status, reason, unanswered } = hosts.get(id)!
        return [behavior, [status, reason, unanswered]]
      })
    )
    expect(told).toEqual({
      garbage: ['partial', 'the reply holds no answer of the collector', true],
      failed: ['silent', 'the command failed on the host', true],
      'timed-out': ['silent', 'the command ran into its time limit on the host', true],
      offline: [
        'silent',
        expect.stringMatching(
          /^SSM could not deliver the command in time.*; SSM has lost its agent \(ConnectionLost\)$/
        ),
        false
      ],
      'other-platform': ['silent', 'the document is not for the platform of this host', false],
      denied: ['silent', 'the role may not send commands to this host', false],
      impostor: ['partial', expect.stringMatching(/^the host answered as another one \(i-/), true],
      cut: ['partial', 'the reply holds no answer of the collector', true]
    })
  })

  test('a bad id among many costs no other host', async () => {
    const { server, fleet } = await start({ hosts: 60 })
    const ids = fleet.hosts.map(host => host.id)
    const result = await act(server, {
      inputs: { ...QUIET, targets: [...ids.slice(0, 30), 'i-0badbadbadbadbad0', ...ids.slice(30)].join('\n') }
    })
    expect(statesOf(result)).toEqual({ reported: 58, silent: 2, partial: 1 })
    expect(snapshotOf(result).get('i-0badbadbadbadbad0')?.reason).toMatch(/^InvalidInstanceId/)
  })

  test('at the deadline a host that hangs is silent, its command is cancelled, and the others count', async () => {
    const { server, behaving } = await start({ behaviors: ['hang'] })
    const result = await act(server, { inputs: { ...QUIET, 'timeout-seconds': '8' } })
    expect(statesOf(result)).toEqual({ ...ALL, reported: 17, silent: 2 })
    expect(snapshotOf(result).get(behaving.get('hang')!.id)).toMatchObject({
      reason: 'no answer within 8 s: the command was still running',
      unanswered: true
    })
    expect(server.calls.some(({ action }) => action === 'CancelCommand')).toBe(true)
  })
})

test('without the permission to ask for agents nothing is lost but their state', async () => {
  const { server } = await start({
    fault: ({ action }) =>
      action === 'DescribeInstanceInformation' ? { status: 400, type: 'AccessDeniedException' } : undefined
  })
  const result = await act(server, { inputs: QUIET })
  expect(statesOf(result)).toEqual(ALL)
  expect(result.log).toMatch(
    /^::debug::DescribeInstanceInformation is not answered \(AccessDeniedException\)/m
  )
  expect(result.log).toMatch(/^1 host is silent: SSM could not deliver the command\.$/m)
})

test('hosts that are expected and not there are silent, each once, and cost coverage', async () => {
  const { server, fleet } = await start({ hosts: 8 })
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
    reason: expect.stringMatching(/^it is expected, and no target of this run/)
  })
  expect(errorsOf(result)[0]).toMatch(/min-coverage/)
})

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s cancels the command, and what is known is still published',
  async signal => {
    const { server } = await start({ behaviors: ['hang'] })
    let kill: (signal: NodeJS.Signals) => void = () => undefined
    let swept = 0
    server.setFault(({ action }) => {
      if (action === 'ListCommands' && ++swept === 3) kill(signal)
      return undefined
    })
    const result = await act(server, {
      inputs: { 'fail-on': 'never' },
      onStart: stop => {
        kill = stop
      }
    })
    expect(server.calls.some(({ action }) => action === 'CancelCommand')).toBe(true)
    expect(result.outputs.verdict).toBe('incomplete')
    expect(statesOf(result)).toMatchObject({ reported: 17 })
    expect(result.summary).toContain('the run was cancelled')
  }
)

/** Gives the first honest host 5 MB of rows. */
function fatten({ hosts }: SimulatedFleet): void {
  const big = hosts.find(host => host.behavior === 'honest')!
  for (let at = 0; at < 14_000; at++) {
    addRow(big, 'crontab', {
      path: `/var/spool/cron/crontabs/user-${at}`,
      command: `/opt/jobs/${Math.sin(at)}/run --token ${'x'.repeat(200)} --number ${at}`,
      minute: String(at % 60),
      hour: '*'
    })
  }
}

test('a host with 5 MB of rows is reported whole, without S3, and keeps nothing', async () => {
  const { server, shells } = await start({ hosts: 6, shells: 1, change: fatten })
  const result = await act(server, { inputs: QUIET })
  const big = snapshotOf(result).get(shells[0]!.id)!
  expect(big).toMatchObject({ status: 'reported', reason: null })
  expect(big.queries.crontab?.rows.length).toBeGreaterThanOrEqual(14_000)
  expect(JSON.stringify(big.queries.crontab?.rows).length).toBeGreaterThan(5_000_000)
  await new Promise(resolve => setTimeout(resolve, 1_500))
  expect(await server.leftovers()).toEqual({})
})

describe('with output-s3', () => {
  const pieces = (server: Fleet['server']) =>
    server.calls.filter(({ action }) => action === 'SendCommand').length - 2
  const run = async (bucket: { region: string; readable?: boolean; writable?: boolean }) => {
    const { server, shells } = await start({ hosts: 6, shells: 1, change: fatten, bucket })
    const result = await act(server, { inputs: { ...QUIET, 'output-s3': 's3://acme-fleet/drift/' } })
    expect(snapshotOf(result).get(shells[0]!.id)).toMatchObject({ status: 'reported', reason: null })
    return { server, result }
  }

  test('a large answer is read from the bucket, whichever region it is in', async () => {
    const { server } = await run({ region: 'us-west-2' })
    expect(pieces(server)).toBe(0)
    const reads = server.calls.filter(({ service }) => service === 's3').map(({ action }) => action)
    expect(reads[0]).toMatch(
      /^GET \/acme-fleet\/drift\/[0-9a-f-]{36}\/i-[0-9a-f]{17}\/awsrunShellScript\/0\.awsrunShellScript\/stdout$/
    )
  })

  test.each([
    [
      'the role may not read',
      { region: 'eu-west-1', readable: false },
      /output-s3: s3:GetObject is denied: allow it on/
    ],
    [
      'the hosts may not write',
      { region: 'eu-west-1', writable: false },
      /output-s3: .+ instance profile may not write/
    ]
  ])('where %s, it is told, and nothing is lost', async (_, bucket, words) => {
    const { server, result } = await run(bucket)
    expect(result.log).toMatch(words)
    expect(pieces(server)).toBeGreaterThan(5)
  })
})

test('a locked document of our own does all that the open one does', async () => {
  const packs = await loadPacks(['linux'], async () => '')
  const { server, shells } = await start({
    hosts: 5,
    shells: 5,
    documents: { 'fleet-drift-linux': lockedDocument(queriesOf(packs)) },
    change: ({ hosts }) => {
      const big = hosts.find(host => host.behavior === 'honest')!
      for (let at = 0; at < 3_000; at++)
        addRow(big, 'crontab', { path: `/var/spool/cron/${at}`, command: `/opt/${Math.sin(at)}` })
    }
  })
  const locked = { ...QUIET, document: 'fleet-drift-linux' }
  const result = await act(server, { inputs: locked })
  expect(statesOf(result)).toEqual({ reported: 3, silent: 1, partial: 1 })
  expect(snapshotOf(result).get(shells[0]!.id)?.queries.crontab?.rows.length).toBeGreaterThan(2_999)
  const names = server.calls.filter(({ action }) => action === 'SendCommand').map(({ input }) => input)
  expect(names.length).toBeGreaterThan(2)
  for (const input of names) {
    expect(input).toMatchObject({ DocumentName: 'fleet-drift-linux' })
    expect(input).not.toHaveProperty('Parameters.commands')
  }
  await new Promise(resolve => setTimeout(resolve, 1_500))
  expect(await server.leftovers()).toEqual({})
  const other = await act(server, { inputs: { ...locked, packs: 'incident' } })
  expect([...snapshotOf(other).values()].map(({ reason }) => reason)).toContain(
    'the collector says: the document holds other queries than the packs of this run'
  )
})

test('ten faults at once on 200 hosts: every host has its true reason, and every compromise is found', async () => {
  const storm = [
    everyFew(6, { status: 400, type: 'ThrottlingException', message: 'Rate exceeded' }),
    everyFew(11, { status: 503, type: 'ServiceUnavailable' }),
    everyFew(13, 'reset'),
    everyFew(7, { delay: 800 })
  ]
  const { server, fleet, behaving } = await start({
    hosts: 200,
    scenario: 'sick',
    unlistedMs: 1_500,
    listLagMs: 1_500,
    sessionSeconds: 8,
    behaviors: ['hang', 'garbage', 'failed', 'offline', 'denied', 'impostor'],
    fault: call => storm.map(fault => fault(call)).find(made => made !== undefined)
  })
  const result = await act(server, {
    inputs: { 'timeout-seconds': '110', 'expected-hosts': '200' }
  })
  const hosts = snapshotOf(result)
  expect(statesOf(result)).toEqual({ reported: 192, silent: 5, partial: 3 })
  const reasons: Record<string, RegExp> = {
    hang: /^no answer within 110 s: the command was still running$/,
    garbage: /^the reply holds no answer/,
    failed: /^the command failed on the host$/,
    offline: /^SSM could not deliver the command in time/,
    denied: /^the role may not send/,
    impostor: /^the host answered as another one/
  }
  for (const [behavior, { id }] of behaving) expect(hosts.get(id)?.reason).toMatch(reasons[behavior]!)
  const report: { findings: { kind: string; severity: string; hosts: string[] }[] } = JSON.parse(
    readFileSync(result.outputs['report-json']!, 'utf8')
  )
  const loud = report.findings.filter(
    ({ kind, severity }) => kind === 'deviation' && ['critical', 'high'].includes(severity)
  )
  for (const plant of fleet.compromises)
    expect(loud.map(finding => finding.hosts)).toContainEqual([...plant.hosts])
})
