import type { BaselineMatch, Expectation } from '../baseline/match.ts'
import type { Fleet, FleetHost } from '../normalize/fleet.ts'
import { weightOfQuery } from './table-weight.ts'

/** Fewer hosts that answer the same queries say nothing about each other. */
const MIN_PEERS = 3

/** Hosts whose rows were compared with nothing: their run is never clean. */
export interface Uncompared {
  /** Indices into the fleet's hosts, ascending. */
  readonly hosts: readonly number[]
}

export const ALL_COMPARED: Uncompared = { hosts: [] }

/**
 * Finds the hosts with rows that neither the baseline nor other hosts can judge: fewer than three hosts answer at least
 * half of the same queries, and the baseline does not cover a query of which the host has rows. Tables of weight
 * `context` do not count. O(distinct sets of answered queries² × queries + items of those hosts).
 */
export function uncomparedHosts(fleet: Fleet, match: BaselineMatch | null): Uncompared {
  const answering = [...fleet.hosts.keys()].filter(host => fleet.hosts[host]?.observed.includes(1) === true)
  // Large groups first: most hosts find their peers there.
  const groups = [
    ...Map.groupBy(answering, host => fleet.hosts[host]?.observed.join('') ?? '').values()
  ].sort((a, b) => b.length - a.length)
  const isContext = fleet.queries.map(query => weightOfQuery(query) === 'context')
  const hosts: number[] = []
  for (const group of groups) {
    const observed = fleet.hosts[group[0] ?? -1]?.observed
    if (hasPeers(fleet, groups, observed)) continue
    for (const host of group) {
      const covered = match?.byHost[host]?.covered
      if (match !== null && isCovered(fleet, match.fleet.hosts[host], covered, isContext)) continue
      hosts.push(host)
    }
  }
  return { hosts: hosts.sort((a, b) => a - b) }
}

/** Whether enough hosts answer at least half of these queries; O(sets of answered queries) at worst. */
function hasPeers(
  fleet: Fleet,
  groups: readonly (readonly number[])[],
  observed: Uint8Array | undefined
): boolean {
  let peers = 0
  for (const group of groups) {
    if (answersHalf(fleet.hosts[group[0] ?? -1]?.observed, observed)) peers += group.length
    if (peers >= MIN_PEERS) return true
  }
  return false
}

function answersHalf(other: Uint8Array | undefined, observed: Uint8Array | undefined): boolean {
  let asked = 0
  let shared = 0
  for (const [query, answered] of (observed ?? []).entries()) {
    asked += answered
    shared += answered & (other?.[query] ?? 0)
  }
  return shared * 2 >= asked
}

function isCovered(
  fleet: Fleet,
  host: FleetHost | undefined,
  covered: Expectation['covered'] | undefined,
  isContext: readonly boolean[]
): boolean {
  if (host === undefined || covered === undefined) return false
  return host.observed.every((answered, query) => {
    if (answered !== 1 || isContext[query] === true || covered[query] === 1) return true
    return !host.items.some(item => fleet.items[item]?.query === query)
  })
}
