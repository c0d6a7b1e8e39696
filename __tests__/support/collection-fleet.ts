import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { makeFleet } from '../../simulator/fleet/fleet.ts'
import type { Behavior, SimulatedFleet, SimulatedHost } from '../../simulator/fleet/host.ts'
import { simulatedOsquery } from '../../simulator/osquery/answer.ts'
import type { ActionResult } from '../../simulator/runner.ts'
import type { Call, Fault } from '../../simulator/server/call-log.ts'
import { scriptedHosts } from '../../simulator/server/scripted-hosts.ts'
import { type ServerOptions, startServer } from '../../simulator/server/server.ts'

/** A fleet that answers without shells, but for `shells` of its hosts. */
export async function startFleet(
  options: ServerOptions & {
    readonly hosts?: number
    readonly seed?: number
    readonly scenario?: 'sick' | 'healthy'
    readonly shells?: number
    readonly behaviors?: readonly Behavior[]
    readonly change?: (fleet: SimulatedFleet) => void
  } = {}
) {
  const fleet = makeFleet({
    hostCount: options.hosts ?? 20,
    seed: options.seed ?? 5,
    scenario: options.scenario ?? 'healthy'
  })
  const planted = new Set(fleet.compromises.flatMap(plant => plant.hosts))
  const free = fleet.hosts.filter(host => host.behavior === 'honest' && !planted.has(host.id))
  const behaving = new Map<Behavior, SimulatedHost>()
  for (const [at, behavior] of (options.behaviors ?? []).entries()) {
    const host = free[at]
    if (host === undefined) throw new Error('too few hosts')
    host.behavior = behavior
    behaving.set(behavior, host)
  }
  options.change?.(fleet)
  const osquery = simulatedOsquery()
  const agent = scriptedHosts((host, sql) => osquery.answer(host.tables, sql))
  const quick = fleet.hosts.filter(host => ['honest', 'impostor'].includes(host.behavior))
  const scripted = { agent, hosts: new Set(quick.slice(options.shells ?? 0).map(host => host.id)) }
  const server = await startServer(fleet, { concurrency: 20, ...options, scripted })
  return {
    fleet,
    server,
    behaving,
    agent,
    shells: quick.slice(0, options.shells ?? 0),
    async close(): Promise<void> {
      await server.close()
      osquery.close()
    }
  }
}

/** The states of a run's hosts, by id, as its snapshot has them. */
export function snapshotOf({ outputs, log }: ActionResult) {
  if (!outputs.snapshot) throw new Error(`no snapshot was written:\n${log}`)
  const lines = gunzipSync(readFileSync(outputs.snapshot)).toString().trim().split('\n').slice(1)
  const hosts: {
    host: string
    status: string
    reason: string | null
    unanswered: boolean
    queries: Record<string, { status: string; rows: Record<string, string>[] }>
  }[] = lines.map(line => JSON.parse(line))
  return new Map(hosts.map(host => [host.host, host]))
}

/** How many hosts are in each state. */
export function statesOf(result: ActionResult): Record<string, number> {
  const states: Record<string, number> = {}
  for (const { status } of snapshotOf(result).values()) states[status] = (states[status] ?? 0) + 1
  return states
}

/** Makes each of these faults for a share of the calls to SSM, in turn. */
export function everyFew(every: number, fault: Exclude<ReturnType<Fault>, undefined>, actions = /./): Fault {
  let count = 0
  return (call: Call) =>
    call.service === 'ssm' && actions.test(call.action) && count++ % every === every - 1 ? fault : undefined
}
