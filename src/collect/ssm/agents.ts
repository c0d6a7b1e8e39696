import {
  DescribeInstanceInformationCommand,
  type InstanceInformation,
  type InstanceInformationStringFilter
} from '@aws-sdk/client-ssm'
import { errorName, explainAwsError } from '../../aws/errors.ts'
import type { Targets } from '../../inputs/targets.ts'
import type { Platform } from '../../osquery/pack.ts'
import type { KnownFacts } from '../protocol/facts.ts'
import type { SsmPorts } from './ports.ts'

/** SSM's limits (DescribeInstanceInformation, API reference). */
const MAX_RESULTS = 50
const MAX_FILTER_VALUES = 50

/** What SSM knows of a host through its agent. */
export interface Agent extends KnownFacts {
  /** Such as `Online` or `ConnectionLost`. */
  readonly ping: string
  /** `null`: SSM does not say. */
  readonly platform: Platform | null
}

/** By host id. */
export type Agents = ReadonlyMap<string, Agent>

/** What SSM says of the agents of a run's hosts. The permission for it is optional: nothing here throws. */
export interface AgentLookup {
  /** `null` while nothing is known. */
  known(): Agents | null
  /** The same, once the targets have been looked up, or `maxWait` milliseconds after the start. */
  wait(maxWait: number): Promise<Agents | null>
  /** Why SSM did not say, and what to change; `null`: it did not fail. */
  failure(): string | null
  /** SSM cannot look the targets up: their hosts are looked up once their IDs are known. */
  readonly needsIds: boolean
  /** Looks up hosts by ID, where that is needed and SSM does not refuse. */
  learn(hosts: readonly string[]): Promise<void>
}

/** Starts to look up the targets, which goes on while the run collects. */
export function startLookup(targets: Targets, ports: SsmPorts): AgentLookup {
  const { clock, signal, log } = ports
  const filters = filtersFor(targets)
  const startedAt = clock.now()
  let agents: Map<string, Agent> | null = null
  let failure: string | null = null

  async function lookUp(batches: readonly InstanceInformationStringFilter[][]): Promise<void> {
    const found = new Map(agents)
    try {
      for (const filters of batches)
        for await (const agent of agentsMatching(filters, ports)) addAgent(found, agent)
      if (!signal.aborted) agents = found
    } catch (error) {
      failure = explainAwsError(error, 'ssm:DescribeInstanceInformation')
      log.debug(
        `DescribeInstanceInformation failed (${errorName(error)}): whether agents are online is not known.`
      )
    }
  }

  const settled = filters === null ? Promise.resolve() : lookUp(filters)
  return {
    known: () => agents,
    failure: () => failure,
    needsIds: filters === null,
    async wait(maxWait) {
      const timer = new AbortController()
      const left = Math.max(0, startedAt + maxWait - clock.now())
      await Promise.race([settled, clock.sleep(left, AbortSignal.any([signal, timer.signal]))])
      timer.abort()
      return agents
    },
    async learn(hosts) {
      const unknown = hosts.filter(host => agents?.has(host) !== true)
      if (filters === null && failure === null && unknown.length > 0) await lookUp(filtersOf(unknown))
    }
  }
}

async function* agentsMatching(
  filters: InstanceInformationStringFilter[],
  { ssm, signal }: SsmPorts
): AsyncGenerator<InstanceInformation> {
  let token: string | undefined
  do {
    const input = { Filters: filters, MaxResults: MAX_RESULTS, ...(token ? { NextToken: token } : {}) }
    const page = await ssm.send(new DescribeInstanceInformationCommand(input), { abortSignal: signal })
    yield* page.InstanceInformationList ?? []
    token = page.NextToken || undefined
  } while (token !== undefined && !signal.aborted)
}

/** By PlatformType (DescribeInstanceInformation, API reference). */
const PLATFORMS: Readonly<Record<string, Platform>> = { Linux: 'linux', MacOS: 'darwin', Windows: 'windows' }

function addAgent(
  agents: Map<string, Agent>,
  { InstanceId, PingStatus, PlatformType, ComputerName, IPAddress }: InstanceInformation
): void {
  if (InstanceId === undefined) return
  agents.set(InstanceId, {
    ping: PingStatus ?? 'Inactive',
    platform: PLATFORMS[PlatformType ?? ''] ?? null,
    computerName: ComputerName || null,
    address: IPAddress || null
  })
}

/** The filters of each call; `null` where SSM cannot look the targets up. */
function filtersFor(targets: Targets): InstanceInformationStringFilter[][] | null {
  if (targets.kind === 'hosts') return filtersOf(targets.hosts)
  if (!targets.filters.every(({ key }) => key.startsWith('tag:'))) return null
  return [targets.filters.map(({ key, values }) => ({ Key: key, Values: [...values] }))]
}

function filtersOf(hosts: readonly string[]): InstanceInformationStringFilter[][] {
  const batches: InstanceInformationStringFilter[][] = []
  for (let at = 0; at < hosts.length; at += MAX_FILTER_VALUES)
    batches.push([{ Key: 'InstanceIds', Values: hosts.slice(at, at + MAX_FILTER_VALUES) }])
  return batches
}

/** What SSM knows of a silent host's agent, as the end of a sentence; empty where nothing is known of agents. */
export function describeAgent(agents: Agents | null, host: string): string {
  if (agents === null) return ''
  const ping = agents.get(host)?.ping
  if (ping === undefined) return '; SSM knows of no agent on it'
  return ping === 'Online' ? '; SSM reports its agent as online' : `; SSM has lost its agent (${ping})`
}
