import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { makeFleet } from '../../simulator/fleet/fleet.ts'
import type { ActionRun } from '../../simulator/runner.ts'
import { type SimulatorServer, startServer } from '../../simulator/server/server.ts'
import { type Baseline, parseBaseline } from '../../src/baseline/baseline.ts'
import { writeBaseline } from '../../src/baseline/write.ts'
import type { HostRecord } from '../../src/snapshot/snapshot.ts'
import { openSnapshot } from '../../src/snapshot/write.ts'
import { act, errorsOf, PRIVATE, pullRequest, removeRuns } from '../support/end-to-end.ts'
import { fleet, host, hostId, QUERIES } from '../support/fleets.ts'
import { accepting, adding } from '../support/reviews.ts'

const PATH = 'baselines/checkout.json'
/** The bundle reads the real clock. */
const IN_A_MONTH = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10)
const PACK = JSON.stringify({
  queries: Object.fromEntries(
    QUERIES.map(({ name, sql, identity, changes, cohort, attack, weight, control }) => [
      name,
      { query: sql, fleet_drift: { identity, changes, cohort, attack, weight, control } }
    ])
  )
})

const folder = mkdtempSync(join(tmpdir(), 'snapshots-'))
let server: SimulatorServer

/** A snapshot of hosts, as an earlier run wrote it. */
async function snapshotOf(name: string, hosts: readonly HostRecord[]): Promise<string> {
  const path = join(folder, `${name}.ndjson.gz`)
  const header = {
    name,
    collector: 'ssm',
    packs: [],
    targets: [],
    region: 'eu-west-1',
    startedAt: '2026-09-30T06:00:00Z'
  }
  const writer = await openSnapshot(path, { fleetDriftSnapshot: 1, ...header })
  for (const one of hosts) await writer.write(one)
  await writer.close()
  return path
}

/** Runs the action on a snapshot, with the baseline of the checkout and the one of the base branch. */
async function run(
  snapshot: string,
  {
    base,
    head,
    inputs = {},
    ...rest
  }: { base?: Baseline | null; head?: Baseline | string | null } & ActionRun
) {
  if (base) server.github.baseFiles.set(PATH, writeBaseline(base))
  const text = typeof head === 'string' ? head : head ? writeBaseline(head) : null
  return act(server, {
    event: { name: 'workflow_dispatch', payload: { repository: PRIVATE } },
    ...rest,
    inputs: {
      collector: 'files',
      files: snapshot,
      packs: 'packs/web.json',
      baseline: PATH,
      targets: '',
      'role-to-assume': '',
      ...inputs
    },
    files: { 'packs/web.json': PACK, ...(text === null ? {} : { [PATH]: text }) }
  })
}

const fileOf = (result: { folder: string }) => readFileSync(join(result.folder, 'workspace', PATH), 'utf8')
const ours = (pull: number) => server.github.comments.get(pull)?.at(-1)?.body ?? ''

beforeAll(async () => {
  server = await startServer(makeFleet({ seed: 5, hostCount: 14 }))
})
beforeEach(() => {
  server.calls.length = 0
  server.github.baseFiles.clear()
  server.setFault(undefined)
})
afterAll(async () => {
  await server.close()
  await removeRuns()
  rmSync(folder, { recursive: true, force: true })
})

const exporter = ['6', '9100', '/usr/bin/exporter']
const healthy = fleet(30)
const rolledOut = fleet(30, (index, rows) => {
  if (index < 27) rows.ports?.push({ protocol: '6', port: '9100', path: '/usr/bin/exporter' })
})
const implanted = fleet(30, (index, rows) => {
  if (index === 4) rows.modules?.push({ name: 'diamorphine' })
})

describe('mode baseline', () => {
  test('writes the same bytes for any order of the hosts, and changes nothing the next time', async () => {
    const first = await run(await snapshotOf('a', healthy), { inputs: { mode: 'baseline' } })
    const second = await run(await snapshotOf('b', [...healthy].reverse()), { inputs: { mode: 'baseline' } })
    expect([first.code, errorsOf(first)]).toEqual([0, []])
    expect(fileOf(second)).toBe(fileOf(first))
    expect(first.outputs).toMatchObject({ 'baseline-path': PATH, 'baseline-changed': 'true' })
    expect(first.outputs.verdict).toBeUndefined()
    expect(writeBaseline(parseBaseline(PATH, fileOf(first)))).toBe(fileOf(first))
    const third = await run(await snapshotOf('c', healthy), {
      inputs: { mode: 'baseline' },
      head: fileOf(first)
    })
    expect(third.outputs['baseline-changed']).toBe('false')
    expect(fileOf(third)).toBe(fileOf(first))
    const check = await run(await snapshotOf('d', healthy), { head: fileOf(first) })
    expect([check.code, check.outputs.verdict]).toEqual([0, 'clean'])
  })

  test('names what it did not learn, and what it added and removed', async () => {
    const learned = await run(await snapshotOf('sick', implanted), { inputs: { mode: 'baseline' } })
    expect(learned.code).toBe(0)
    expect(fileOf(learned)).not.toContain('diamorphine')
    for (const text of [learned.log, learned.summary]) {
      expect(text).toContain('diamorphine')
      expect(text).toContain('not learned')
      expect(text).toMatch(/\+ .*nf_tables/)
    }
    const accepted = await run(await snapshotOf('sick', implanted), {
      inputs: { mode: 'baseline', 'baseline-accept-rare': 'true' }
    })
    expect(fileOf(accepted)).toContain('["diamorphine"]')
  })

  test('fails and leaves the file unchanged if a named clean host is silent', async () => {
    const hosts = [...healthy, host('i-dead', {}, { status: 'silent', reason: 'offline', facts: null })]
    const text = '{"version":1,"name":"checkout","queries":{}}'
    const result = await run(await snapshotOf('dead', hosts), {
      inputs: { mode: 'baseline', 'baseline-hosts': `${hostId(0)}\ni-dead` },
      head: text
    })
    expect(result.code).toBe(1)
    expect(errorsOf(result)[0]).toMatch(/i-dead \(silent\)\. The baseline is unchanged/)
    expect(fileOf(result)).toBe(text)
    expect(result.outputs.verdict).toBeUndefined()
    expect(result.outputs['baseline-changed']).toBeUndefined()
  })

  test('never overwrites a file that it cannot read', async () => {
    const result = await run(await snapshotOf('a', healthy), {
      inputs: { mode: 'baseline' },
      head: '{"version": 1'
    })
    expect(result.code).toBe(1)
    expect(fileOf(result)).toBe('{"version": 1')
  })

  test('leaves the file unchanged below min-coverage', async () => {
    const hosts = [...healthy, host('i-dead', {}, { status: 'silent', reason: 'offline', facts: null })]
    const result = await run(await snapshotOf('dead', hosts), {
      inputs: { mode: 'baseline', 'min-coverage': '99' }
    })
    expect(result.code).toBe(1)
    expect(() => statSync(join(result.folder, 'workspace', PATH))).toThrow()
    expect(result.outputs['baseline-changed']).toBe('false')
  })

  test('requires the path of a baseline', async () => {
    const result = await run('x.ndjson.gz', { inputs: { mode: 'baseline', baseline: '' } })
    expect(errorsOf(result)[0]).toContain('baseline: is empty; name the file to write')
  })
})

describe('a pull request that changes the baseline', () => {
  let clean: Baseline
  beforeAll(async () => {
    clean = parseBaseline(
      PATH,
      fileOf(await run(await snapshotOf('clean', healthy), { inputs: { mode: 'baseline' } }))
    )
  })

  test('to approve an implant on 1 of 30 hosts fails, and names the host', async () => {
    const result = await run(await snapshotOf('implanted', implanted), {
      event: pullRequest(21),
      base: clean,
      head: adding(clean, 'modules', { optional: [['diamorphine']] })
    })
    expect(result.code).toBe(1)
    expect(errorsOf(result)).toContainEqual(expect.stringContaining('1 open finding is high'))
    for (const text of [ours(21), result.summary, result.log]) expect(text).toContain(hostId(4))
    expect(ours(21)).toMatch(/^<!-- fleet-drift:checkout -->\n## 🔴 checkout: baseline poisoning\./)
    expect(ours(21)).toContain('+ name=diamorphine')
    expect(
      server.calls
        .map(({ action }) => action)
        .filter(action => action.startsWith('GET'))
        .slice(0, 2)
    ).toEqual([
      `GET /repos/acme/infra/commits/${'0123456789abcdef'.repeat(3).slice(0, 40)}`,
      `GET /repos/acme/infra/contents/${PATH}`
    ])
  })

  test('to accept an implant fails too, unless the base branch already has the acceptance', async () => {
    const snapshot = await snapshotOf('implanted', implanted)
    const accepted = accepting(clean, 'modules', { name: 'diamorphine' }, { expires: IN_A_MONTH })
    const fresh = await run(snapshot, { event: pullRequest(22), base: clean, head: accepted })
    expect(fresh.code).toBe(1)
    const alreadyAccepted = await run(snapshot, {
      event: pullRequest(22),
      base: accepted,
      head: adding(accepted, 'modules', { optional: [['diamorphine']] })
    })
    expect(alreadyAccepted.code).toBe(0)
  })

  test('to follow a rollout passes and says so, in one comment', async () => {
    const snapshot = await snapshotOf('rolledout', rolledOut)
    const before = await run(snapshot, { event: pullRequest(23), base: clean, head: clean })
    expect(before.outputs.verdict).toBe('drift')
    const suggested = readFileSync(
      join(before.outputs['report-json']!, '..', 'baseline.suggested.json'),
      'utf8'
    )
    expect(before.summary).toContain('Suggested baseline for the rollouts: 1 row added')
    expect(suggested).toBe(writeBaseline(adding(clean, 'ports', { optional: [exporter] })))

    const after = await run(snapshot, { event: pullRequest(23), base: clean, head: suggested })
    expect([after.code, after.outputs.verdict]).toEqual([0, 'clean'])
    expect(ours(23)).toContain('27 hosts become clean')
    expect(ours(23)).toContain('It accounts for 1 rollout.')
    expect(ours(23)).toContain('Every row it adds is on at least half of the hosts')
    expect(server.github.comments.get(23)).toHaveLength(1)
  })

  test('that adds a new file is reviewed as all added', async () => {
    const result = await run(await snapshotOf('clean', healthy), { event: pullRequest(24), head: clean })
    expect(ours(24)).toContain('The baseline is new')
    expect(result.outputs.verdict).toBe('clean')
  })

  test('cannot pass if GitHub does not return the file that it replaces', async () => {
    server.setFault(call =>
      call.action.includes('/commits/')
        ? { status: 403, type: 'Resource not accessible by integration' }
        : undefined
    )
    const result = await run(await snapshotOf('implanted', implanted), {
      event: pullRequest(25),
      base: clean,
      head: clean
    })
    expect(result.code).toBe(1)
    expect(errorsOf(result)[0]).toMatch(
      /baselines\/checkout\.json on the base branch cannot be read.*contents: read/
    )
  })

  test('from a fork gets the static review and a clear notice, and does not fail', async () => {
    const result = await run('none.ndjson.gz', {
      event: pullRequest(26, 'mallory/infra'),
      base: clean,
      head: adding(clean, 'modules', { optional: [['diamorphine']] }),
      inputs: {
        collector: 'ssm',
        files: '',
        targets: 'tag:Service=checkout',
        'role-to-assume': 'arn:aws:iam::111122223333:role/fleet-drift'
      },
      env: { ACTIONS_ID_TOKEN_REQUEST_URL: '', ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' }
    })
    expect([result.code, result.outputs.verdict]).toEqual([0, 'incomplete'])
    expect(result.summary).toContain('+ name=diamorphine')
    expect(result.summary).toContain('No host was contacted')
    expect(server.calls.filter(({ service }) => service !== 'github')).toEqual([])
    expect(server.github.comments.get(26)).toBeUndefined()
  })
})

test('a changed pack and a query that is in no pack are reported, and are not errors', async () => {
  const baseline = {
    version: 1,
    name: 'x',
    packs: { 'packs/web.json': 'sha256:00' },
    queries: { gone: { columns: ['a'], required: [], optional: [] } }
  }
  const result = await run(await snapshotOf('clean', healthy), { head: JSON.stringify(baseline) })
  expect(result.code).toBe(0)
  expect(result.summary).toContain('has changed since the baseline was made')
  expect(result.summary).toContain('no pack of this run has the query')
})
