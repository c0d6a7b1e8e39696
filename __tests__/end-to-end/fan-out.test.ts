import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { makeFleet } from '../../simulator/fleet/fleet.ts'
import type { ActionResult } from '../../simulator/runner.ts'
import type { SimulatorServer } from '../../simulator/server/server.ts'
import { closeFleets, serveScripted } from '../support/collection-fleet.ts'
import { act, removeRuns } from '../support/end-to-end.ts'

const PARTS = 3
const fleet = makeFleet({ seed: 3, hostCount: 30 })
let server: SimulatorServer

beforeAll(async () => {
  server = await serveScripted(fleet)
})

afterAll(async () => {
  await closeFleets()
  await removeRuns()
})

/** The jobs of examples/fan-out.yml: each part collects, and one job analyzes the artifacts. */
async function fanOut(): Promise<ActionResult> {
  const files: Record<string, Buffer> = {}
  for (let part = 0; part < PARTS; part++) {
    const ids = fleet.hosts.filter((_, index) => index % PARTS === part).map(({ id }) => id)
    const { outputs } = await act(server, {
      inputs: { mode: 'collect', targets: ids.join('\n'), 'timeout-seconds': '30' }
    })
    files[`snapshots/part-${part}/snapshot.ndjson.gz`] = readFileSync(outputs.snapshot!)
  }
  return act(server, {
    inputs: { collector: 'files', files: 'snapshots/**/*.ndjson.gz', targets: '', 'fail-on': 'never' },
    files
  })
}

/** What a report says of the fleet, without what differs between runs: targets and the pivots that name them. */
function verdictOf({ outputs }: ActionResult) {
  const { summary, hosts, clusters, findings } = JSON.parse(readFileSync(outputs['report-json']!, 'utf8'))
  return {
    summary,
    clusters,
    hosts,
    findings: findings.map(({ pivot: _, ...finding }: { pivot?: unknown }) => finding)
  }
}

test('a matrix of collecting jobs and one that analyzes them report the same as a single run', async () => {
  const whole = await act(server, { inputs: { 'fail-on': 'never', 'timeout-seconds': '30' } })
  const merged = await fanOut()
  expect(verdictOf(whole).findings.length).toBeGreaterThan(3)
  expect(verdictOf(merged)).toEqual(verdictOf(whole))
}, 120_000)
