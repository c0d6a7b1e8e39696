import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { makeFleet } from '../../simulator/fleet/fleet.ts'
import type { SimulatedHost } from '../../simulator/fleet/host.ts'
import type { ActionResult } from '../../simulator/runner.ts'
import type { SimulatorServer } from '../../simulator/server/server.ts'
import { closeFleets, serveScripted } from '../support/collection-fleet.ts'
import { act, removeRuns } from '../support/end-to-end.ts'

const SHARDS = 3
const fleet = makeFleet({ seed: 3, hostCount: 30 })
const attacked = new Set(fleet.compromises.flatMap(({ hosts }) => hosts))
const [first, second] = fleet.hosts.filter(({ id, behavior }) => behavior === 'honest' && !attacked.has(id))
/** Two hosts that SSM counts as targeted and never lists; it knows the agent of one of them. */
const hidden = (host: SimulatedHost) =>
  host === first ? 'with-agent' : host === second ? 'without-agent' : null
let server: SimulatorServer
let whole: ActionResult

beforeAll(async () => {
  server = await serveScripted(fleet, fleet.hosts, { hidden })
  whole = await act(server, { inputs: { 'fail-on': 'never', packs: 'few.json' } })
}, 300_000)

afterAll(async () => {
  await closeFleets()
  await removeRuns()
})

/** The snapshot that a job of the matrix uploads. */
async function collectShard(targets: string): Promise<Buffer> {
  const { outputs } = await act(server, {
    inputs: { mode: 'collect', targets, 'min-coverage': '0', packs: 'few.json' }
  })
  return readFileSync(outputs.snapshot!)
}

/** The job that analyzes all snapshots. */
function analyze(snapshots: readonly Buffer[]): Promise<ActionResult> {
  const files = Object.fromEntries(
    snapshots.map((snapshot, shard) => [`snapshots/snapshot-${shard}/snapshot.ndjson.gz`, snapshot])
  )
  return act(server, {
    inputs: {
      collector: 'files',
      files: 'snapshots/**/*.ndjson.gz',
      targets: '',
      packs: 'few.json',
      'fail-on': 'never'
    },
    files
  })
}

interface Report {
  readonly run: object
  readonly summary: { readonly hosts: number; readonly coverage: number; readonly verdict: string }
  readonly hosts: { readonly id: string; readonly status: string; readonly code?: string }[]
  readonly findings: { readonly kind: string; readonly pivot?: { readonly indicators: unknown } }[]
  readonly notices: readonly string[]
}

/** A report without what differs between runs: their facts, and the command of a pivot, which names targets. */
function sameIn({ outputs }: ActionResult): Omit<Report, 'run'> {
  const { run: _, ...report } = JSON.parse(readFileSync(outputs['report-json']!, 'utf8')) as Report
  const findings = report.findings.map(({ pivot, ...finding }) => ({
    ...finding,
    indicators: pivot?.indicators
  }))
  return { ...report, findings } as Omit<Report, 'run'>
}

test('a snapshot of a live run gives the same report as the run itself', async () => {
  const report = sameIn(whole)
  expect(report.findings.length).toBeGreaterThan(3)
  expect(sameIn(await analyze([readFileSync(whole.outputs.snapshot!)]))).toEqual(report)
}, 300_000)

test('hosts that SSM counts and never lists cost coverage, known or not', () => {
  const { summary, hosts } = sameIn(whole)
  expect(summary.hosts).toBe(30)
  expect(hosts).toHaveLength(29)
  expect(hosts.find(({ id }) => id === first!.id)).toMatchObject({ status: 'silent', code: 'no-result' })
  expect(summary.coverage).toBeLessThan(28 / 30)
})

describe('a matrix of collecting jobs, and one that analyzes them, report the same as a single run', () => {
  const shards = Array.from({ length: SHARDS }, (_, shard) =>
    fleet.hosts.filter((_host, index) => index % SHARDS === shard)
  )

  test('by tags, also where SSM never lists some hosts', async () => {
    const snapshots = await Promise.all(
      shards.map(hosts => collectShard(`tag:Name=${hosts.map(({ tags }) => tags.Name).join(',')}`))
    )
    expect(sameIn(await analyze(snapshots))).toEqual(sameIn(whole))
  }, 300_000)

  test('by host IDs, where those that SSM never lists have a name', async () => {
    const snapshots = await Promise.all(
      shards.map(hosts => collectShard(hosts.map(({ id }) => id).join('\n')))
    )
    const merged = sameIn(await analyze(snapshots))
    const { findings, summary } = sameIn(whole)
    const others = (all: Report['findings']) => all.filter(({ kind }) => kind !== 'silent')
    expect(others(merged.findings)).toEqual(others(findings))
    expect(merged.summary.coverage).toBe(summary.coverage)
    expect(merged.hosts.find(({ id }) => id === second!.id)).toMatchObject({ status: 'silent' })
  }, 300_000)
})
