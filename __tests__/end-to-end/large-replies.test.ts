import { afterAll, describe, expect, test } from '@jest/globals'
import { addRow, type SimulatedHost } from '../../simulator/fleet/host.ts'
import type { ServerOptions, SimulatorServer } from '../../simulator/server/server.ts'
import { AGENT_PAUSE } from '../../simulator/server/ssm/deliver.ts'
import { lockedDocument } from '../../src/collect/script/document.ts'
import { loadPacks, queriesOf } from '../../src/osquery/load-packs.ts'
import { closeFleets, snapshotOf, startFleet, statusesOf } from '../support/collection-fleet.ts'
import { act, COLLECT, FEW_PACK, removeRuns } from '../support/end-to-end.ts'
import { until } from '../support/until.ts'

afterAll(async () => {
  await closeFleets()
  await removeRuns()
})

/** Adds cron jobs, each with some 250 bytes that do not compress well in all. */
const addCronJobs =
  (count: number) =>
  (host: SimulatedHost): void => {
    for (let index = 0; index < count; index++) {
      addRow(host, 'crontab', {
        path: `/var/spool/cron/crontabs/user-${index}`,
        command: `/opt/jobs/${Math.sin(index)}/run --token ${'x'.repeat(200)} --number ${index}`,
        minute: String(index % 60),
        hour: '*'
      })
    }
  }

const commandsOf = ({ calls }: SimulatorServer) => calls.filter(({ action }) => action === 'SendCommand')
const hasNoLeftovers = (server: SimulatorServer) => async () =>
  Object.keys(await server.leftovers()).length === 0

test.concurrent('a host with 5 MB of rows is reported in full, without S3, and keeps no files', async () => {
  const { server, first } = await startFleet({ hosts: 6, shells: 1, change: addCronJobs(14_000) })
  const host = snapshotOf(await act(server, { inputs: COLLECT })).get(first.id)!
  expect(host).toMatchObject({ status: 'reported', reason: null })
  expect(host.queries.crontab?.rows.length).toBeGreaterThanOrEqual(14_000)
  expect(JSON.stringify(host.queries.crontab?.rows).length).toBeGreaterThan(5_000_000)
  await until(hasNoLeftovers(server))
})

test.concurrent('agents that pause as real ones do cost time and no host', async () => {
  const { server, first } = await startFleet({
    hosts: 6,
    change: addCronJobs(7_000),
    agentPause: AGENT_PAUSE
  })
  const result = await act(server, { inputs: COLLECT })
  expect(snapshotOf(result).get(first.id)).toMatchObject({ status: 'reported', reason: null })
  expect(statusesOf(result)).toEqual({ reported: 4, silent: 1, partial: 1 })
  // The queries, at least one wave of chunks, and the removal wait for the agent's next poll.
  expect(result.milliseconds).toBeGreaterThan(2 * AGENT_PAUSE[0])
})

describe('with output-s3', () => {
  const run = async (bucket: NonNullable<ServerOptions['bucket']>, shells = 0) => {
    const { server, first } = await startFleet({ hosts: 6, shells, change: addCronJobs(7_000), bucket })
    const result = await act(server, { inputs: { ...COLLECT, 'output-s3': 's3://acme-fleet/drift/' } })
    expect(snapshotOf(result).get(first.id)).toMatchObject({ status: 'reported', reason: null })
    // The first command and the last one of the run are not for chunks.
    return { server, result, chunkCommands: commandsOf(server).length - 2 }
  }

  test.concurrent('a large reply is read from the bucket, in any region', async () => {
    const { server, chunkCommands } = await run({ region: 'us-west-2' }, 1)
    expect(chunkCommands).toBe(0)
    const reads = server.calls.filter(({ service }) => service === 's3').map(({ action }) => action)
    expect(reads[0]).toMatch(
      /^GET \/acme-fleet\/drift\/[0-9a-f-]{36}\/i-[0-9a-f]{17}\/awsrunShellScript\/0\.awsrunShellScript\/stdout$/
    )
  })

  test.concurrent('a reply that is stored late is waited for, also where the role may not list the bucket', async () => {
    const { result, chunkCommands } = await run({ region: 'eu-west-1', listable: false, delayMs: 4_000 })
    expect(chunkCommands).toBe(0)
    expect(result.log).not.toContain('output-s3')
  })

  test.concurrent.each([
    [
      'the role may not read',
      { region: 'eu-west-1', readable: false },
      /output-s3: s3:GetObject is denied, or the host stored nothing: allow the role/
    ],
    [
      'the hosts may not write',
      { region: 'eu-west-1', writable: false },
      /output-s3: .+ instance profile may not write/
    ]
  ])('where %s, a warning says so, and nothing is lost', async (_, bucket, warning) => {
    const { result, chunkCommands } = await run(bucket)
    expect(result.log).toMatch(warning)
    expect(chunkCommands).toBeGreaterThan(5)
  })
})

test.concurrent('a locked document does all that the open one does', async () => {
  const packs = await loadPacks(['few.json'], async () => FEW_PACK)
  const { server, first } = await startFleet({
    hosts: 4,
    shells: 'all',
    documents: { 'fleet-drift-linux': lockedDocument(queriesOf(packs)) },
    change: addCronJobs(3_000)
  })
  const inputs = { ...COLLECT, document: 'fleet-drift-linux' }
  const result = await act(server, { inputs })
  expect(statusesOf(result)).toEqual({ reported: 2, silent: 1, partial: 1 })
  expect(snapshotOf(result).get(first.id)?.queries.crontab?.rows.length).toBeGreaterThanOrEqual(3_000)
  const commands = commandsOf(server).map(({ input }) => input)
  expect(commands.length).toBeGreaterThan(2)
  for (const input of commands) {
    expect(input).toMatchObject({ DocumentName: 'fleet-drift-linux' })
    expect(input).not.toHaveProperty('Parameters.commands')
  }
  await until(hasNoLeftovers(server))
  const refused = await act(server, { inputs: { ...inputs, packs: 'incident' } })
  const reasons = [...snapshotOf(refused).values()].map(({ reason }) => reason)
  expect(reasons).toContain(
    'the collector reports: the document holds other queries than the packs of this run'
  )
})
