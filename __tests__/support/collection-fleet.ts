import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { makeFleet } from '../../simulator/fleet/fleet.ts'
import type { Behavior, SimulatedFleet, SimulatedHost } from '../../simulator/fleet/host.ts'
import { type OsqueryOutput, simulatedOsquery } from '../../simulator/osquery/answer.ts'
import type { ActionResult } from '../../simulator/runner.ts'
import type { Call, Fault } from '../../simulator/server/call-log.ts'
import { scriptedHosts } from '../../simulator/server/scripted-hosts.ts'
import { type ServerOptions, type SimulatorServer, startServer } from '../../simulator/server/server.ts'

type Tables = SimulatedHost['tables']

let osquery: ReturnType<typeof simulatedOsquery> | undefined
const outputs = new WeakMap<Tables, Map<string, OsqueryOutput>>()

/** What a host's osquery prints. One database serves all fleets of a test file, and each answer is computed once. */
function answer({ tables }: SimulatedHost, sql: string): OsqueryOutput {
  const known = outputs.get(tables) ?? new Map<string, OsqueryOutput>()
  outputs.set(tables, known)
  osquery ??= simulatedOsquery()
  const output = known.get(sql) ?? osquery.answer(tables, sql)
  known.set(sql, output)
  return output
}

const fleets = new Map<string, SimulatedFleet>()

/** A fleet of its own whose hosts share their rows with the same fleet of other tests. */
function copyOfFleet(hostCount: number, scenario: 'sick' | 'healthy'): SimulatedFleet {
  const key = `${hostCount} ${scenario}`
  const fleet = fleets.get(key) ?? makeFleet({ hostCount, scenario, seed: 5 })
  fleets.set(key, fleet)
  return { ...fleet, hosts: fleet.hosts.map(host => ({ ...host })) }
}

const servers: SimulatorServer[] = []

/** A fleet whose hosts answer without shells. */
export async function startFleet(
  options: ServerOptions & {
    readonly hosts?: number
    readonly scenario?: 'sick' | 'healthy'
    /** So many healthy hosts, or all hosts, run the script in real shells. */
    readonly shells?: number | 'all'
    /** Each of them is how one healthy host behaves. */
    readonly behaviors?: readonly Behavior[]
    /** Changes the rows of the first healthy host. */
    readonly change?: (host: SimulatedHost) => void
  } = {}
) {
  const fleet = copyOfFleet(options.hosts ?? 20, options.scenario ?? 'healthy')
  const compromised = new Set(fleet.compromises.flatMap(({ hosts }) => hosts))
  const healthy = fleet.hosts.filter(host => host.behavior === 'honest' && !compromised.has(host.id))
  const behaving = new Map<Behavior, SimulatedHost>()
  for (const [index, behavior] of (options.behaviors ?? []).entries()) {
    const host = healthy[index]
    if (host === undefined) throw new Error('The fleet has too few hosts for these behaviors')
    host.behavior = behavior
    behaving.set(behavior, host)
  }
  const [first] = fleet.hosts.filter(host => host.behavior === 'honest')
  if (options.change !== undefined && first !== undefined) {
    Object.assign(first, { tables: structuredClone(first.tables) })
    options.change(first)
  }
  const answering = fleet.hosts.filter(host => ['honest', 'impostor'].includes(host.behavior))
  const { shells = 0 } = options
  const inShells = shells === 'all' ? fleet.hosts : answering.slice(0, shells)
  const scripted = fleet.hosts.filter(host => !inShells.includes(host))
  const server = await serveScripted(fleet, scripted, { concurrency: 20, ...options })
  return { fleet, server, behaving, first: answering[0]! }
}

/** A server for a fleet in which these hosts answer without shells; by default all of them. */
export async function serveScripted(
  fleet: SimulatedFleet,
  scripted: readonly SimulatedHost[] = fleet.hosts,
  options: ServerOptions = {}
): Promise<SimulatorServer> {
  const hosts = new Set(scripted.map(host => host.id))
  const server = await startServer(fleet, { ...options, scripted: { agent: scriptedHosts(answer), hosts } })
  servers.push(server)
  return server
}

/** Stops the servers of all fleets of a test file. */
export async function closeFleets(): Promise<void> {
  await Promise.all(servers.splice(0).map(server => server.close()))
  osquery?.close()
  osquery = undefined
}

interface CollectedHost {
  readonly host: string
  readonly status: string
  readonly code: string | null
  readonly reason: string | null
  readonly unanswered: boolean
  readonly queries: Record<string, { status: string; rows: Record<string, string>[] }>
}

/** The hosts of a run's snapshot, by id. */
export function snapshotOf({ outputs, log }: ActionResult): Map<string, CollectedHost> {
  if (!outputs.snapshot) throw new Error(`No snapshot was written:\n${log}`)
  const lines = gunzipSync(readFileSync(outputs.snapshot)).toString().trim().split('\n').slice(1)
  const hosts: CollectedHost[] = lines.map(line => JSON.parse(line))
  return new Map(hosts.map(host => [host.host, host]))
}

/** How many hosts have each status. */
export function statusesOf(result: ActionResult): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { status } of snapshotOf(result).values()) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

/** Makes one in `every` calls to SSM fail like this. */
export function everyFew(every: number, fault: Exclude<ReturnType<Fault>, undefined>, actions = /./): Fault {
  let count = 0
  return (call: Call) =>
    call.service === 'ssm' && actions.test(call.action) && count++ % every === every - 1 ? fault : undefined
}
