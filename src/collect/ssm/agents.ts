import {
  DescribeInstanceInformationCommand,
  type InstanceInformation,
  type InstanceInformationStringFilter
} from '@aws-sdk/client-ssm'
import { errorName } from '../../aws/errors.ts'
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

/**
 * What SSM says of the agents of the targeted hosts. `null` where it does not say: the permission is optional, and
 * resource groups cannot be looked up this way. Never throws.
 */
export async function lookUpAgents(targets: Targets, { ssm, log, signal }: SsmPorts): Promise<Agents | null> {
  const agents = new Map<string, Agent>()
  const batches = filtersFor(targets)
  if (batches === null) return null
  try {
    for (const filters of batches) {
      let token: string | undefined
      do {
        if (signal.aborted) return null
        const input = { Filters: filters, MaxResults: MAX_RESULTS, ...(token ? { NextToken: token } : {}) }
        const page = await ssm.send(new DescribeInstanceInformationCommand(input), { abortSignal: signal })
        for (const agent of page.InstanceInformationList ?? []) addAgent(agents, agent)
        token = page.NextToken || undefined
      } while (token !== undefined)
    }
    return agents
  } catch (error) {
    log.debug(
      `DescribeInstanceInformation failed (${errorName(error)}): whether agents are online is not known.`
    )
    return null
  }
}

/** A look-up of agents that runs while the collection goes on. */
export interface AgentLookup {
  /** `null` while it runs, and where SSM does not say. */
  known(): Agents | null
  /** The same, once it has ended or had its time. */
  wait(): Promise<Agents | null>
}

/** @param maxWait milliseconds that all waiting may take together */
export function startLookup(
  found: Promise<Agents | null>,
  maxWait: number,
  { clock, signal }: SsmPorts
): AgentLookup {
  let agents: Agents | null = null
  let waiting: Promise<void> | null = null
  const settled = found.then(result => {
    agents = result
  })
  return {
    known: () => agents,
    async wait() {
      waiting ??= Promise.race([settled, clock.sleep(maxWait, signal)])
      await waiting
      return agents
    }
  }
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
  if (targets.kind === 'filters') {
    if (!targets.filters.every(({ key }) => key.startsWith('tag:'))) return null
    return [targets.filters.map(({ key, values }) => ({ Key: key, Values: [...values] }))]
  }
  const batches: InstanceInformationStringFilter[][] = []
  for (let at = 0; at < targets.hosts.length; at += MAX_FILTER_VALUES)
    batches.push([{ Key: 'InstanceIds', Values: targets.hosts.slice(at, at + MAX_FILTER_VALUES) }])
  return batches
}

/** What SSM knows of a silent host's agent, as the end of a sentence; empty where nothing is known of agents. */
export function describeAgent(agents: Agents | null, host: string): string {
  if (agents === null) return ''
  const ping = agents.get(host)?.ping
  if (ping === undefined) return '; SSM knows of no agent on it'
  return ping === 'Online' ? '; SSM reports its agent as online' : `; SSM has lost its agent (${ping})`
}
