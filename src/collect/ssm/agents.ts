import {
  DescribeInstanceInformationCommand,
  type InstanceInformation,
  type InstanceInformationStringFilter
} from '@aws-sdk/client-ssm'
import { errorName } from '../../aws/errors.ts'
import type { Targets } from '../../inputs/targets.ts'
import type { SsmPorts } from './api.ts'

/** SSM's limits (DescribeInstanceInformation, API reference). */
const PAGE = 50
const VALUES_A_FILTER = 50

/** What SSM knows of a host's agent; `null` where it does not say. */
export interface Agent {
  readonly ping: string
  readonly computerName: string | null
  readonly address: string | null
}

export type Agents = ReadonlyMap<string, Agent>

/**
 * What SSM says of the agents of the targeted hosts, by id. `null` where it does not say: the permission is optional,
 * and resource groups cannot be looked up so. Never throws.
 */
export async function lookUpAgents(targets: Targets, { ssm, log, signal }: SsmPorts): Promise<Agents | null> {
  const agents = new Map<string, Agent>()
  try {
    for (const filters of filtersFor(targets)) {
      let token: string | undefined
      do {
        if (signal.aborted) return null
        const input = { Filters: filters, MaxResults: PAGE, ...(token ? { NextToken: token } : {}) }
        const page = await ssm.send(new DescribeInstanceInformationCommand(input), { abortSignal: signal })
        for (const agent of page.InstanceInformationList ?? []) note(agents, agent)
        token = page.NextToken || undefined
      } while (token !== undefined)
    }
    return agents
  } catch (error) {
    log.debug(
      `DescribeInstanceInformation is not answered (${errorName(error)}): whether agents are online is not known.`
    )
    return null
  }
}

/** Gives what is found; waits for it once, so many milliseconds at most: it only adds words to what is known. */
export function withDeadline<T>(
  found: Promise<T>,
  most: number,
  { clock, signal }: SsmPorts
): () => Promise<T | null> {
  let value: T | null = null
  let waited: Promise<void> | null = null
  const come = found.then(known => {
    value = known
  })
  return async () => {
    waited ??= Promise.race([come, clock.sleep(most, signal)])
    await waited
    return value
  }
}

function note(
  agents: Map<string, Agent>,
  { InstanceId, PingStatus, ComputerName, IPAddress }: InstanceInformation
): void {
  if (InstanceId === undefined) return
  agents.set(InstanceId, {
    ping: PingStatus ?? 'Inactive',
    computerName: ComputerName || null,
    address: IPAddress || null
  })
}

function filtersFor(targets: Targets): InstanceInformationStringFilter[][] {
  if (targets.kind === 'filters') {
    if (!targets.filters.every(({ key }) => key.startsWith('tag:'))) throw new Error('no tags')
    return [targets.filters.map(({ key, values }) => ({ Key: key, Values: [...values] }))]
  }
  const batches: InstanceInformationStringFilter[][] = []
  for (let at = 0; at < targets.hosts.length; at += VALUES_A_FILTER)
    batches.push([{ Key: 'InstanceIds', Values: targets.hosts.slice(at, at + VALUES_A_FILTER) }])
  return batches
}

/** What a silent host's agent adds to the reason. */
export function describeAgent(agents: Agents | null, host: string): string {
  if (agents === null) return ''
  const status = agents.get(host)?.ping
  if (status === undefined) return '; SSM knows no agent of it'
  return status === 'Online' ? '; SSM calls its agent online' : `; SSM has lost its agent (${status})`
}
