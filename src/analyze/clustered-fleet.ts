import type { Fleet } from '../normalize/fleet.ts'
import type { Query, Weight } from '../osquery/pack.ts'
import type { Cluster } from './cluster/clusters.ts'
import { type Counts, countItems, queriesOf } from './counts.ts'
import type { Deviation } from './deviate/deviation.ts'
import { isAccess, weightOfQuery } from './table-weight.ts'

/** What every judgment of the fleet looks at. */
export interface ClusteredFleet {
  readonly fleet: Fleet
  readonly clusters: readonly Cluster[]
  /** By host: the index of its cluster, −1 where it cannot be compared. */
  readonly clusterOf: Int32Array
  /** Hosts that can be compared. */
  readonly size: number
  /** Counts over all of them. */
  readonly inFleet: Counts
  /** By query: hosts that have any row of it. */
  readonly filled: Int32Array
}

const INTEGRITY_PRIOR = 2
const ACCESS_PRIOR = 1
const EMPTY_PRIOR = 1.5

export function clusteredFleet(fleet: Fleet, clusters: readonly Cluster[]): ClusteredFleet {
  const clusterOf = new Int32Array(fleet.hosts.length).fill(-1)
  for (const [index, { hosts }] of clusters.entries()) for (const host of hosts) clusterOf[host] = index
  const everyone = clusters.flatMap(cluster => cluster.hosts)
  return {
    fleet,
    clusters,
    clusterOf,
    size: everyone.length,
    inFleet: countItems(fleet, everyone),
    filled: countFilled(fleet, everyone)
  }
}

function countFilled(fleet: Fleet, hosts: readonly number[]): Int32Array {
  const filled = new Int32Array(fleet.queries.length)
  const last = new Int32Array(fleet.queries.length).fill(-1)
  const queries = queriesOf(fleet)
  for (const host of hosts) {
    const own = fleet.hosts[host]?.items ?? new Int32Array()
    for (let at = 0; at < own.length; at++) {
      const query = queries[own[at] ?? 0] ?? 0
      if (last[query] === host) continue
      last[query] = host
      filled[query] = (filled[query] ?? 0) + 1
    }
  }
  return filled
}

export function queryOfItem({ fleet }: ClusteredFleet, item: number): Query | undefined {
  return fleet.queries[fleet.items[item]?.query ?? -1]
}

export function weightOf(scene: ClusteredFleet, item: number): Weight {
  const query = queryOfItem(scene, item)
  return query === undefined ? 'normal' : weightOfQuery(query)
}

/** Whether a residual stands in a table whose change is rarely innocent, or is a protection that stopped or changed. */
export function isIntegrity(
  scene: ClusteredFleet,
  { kind, item }: Pick<Deviation, 'kind' | 'item'>
): boolean {
  if (weightOf(scene, item) === 'integrity') return true
  return kind !== 'unexpected' && queryOfItem(scene, item)?.control === true
}

/**
 * What the table of a residual counts beforehand, in bits: more where a change is rarely innocent, for who may log in
 * and for a file that differs from the same version elsewhere; more still where no other host has any row.
 */
export function priorOf(scene: ClusteredFleet, { kind, item, hosts }: Deviation): number {
  const query = queryOfItem(scene, item)
  if (query === undefined || weightOf(scene, item) === 'context') return 0
  let prior = 0
  if (isIntegrity(scene, { kind, item })) prior = INTEGRITY_PRIOR
  else if ((kind === 'changed' && query.cohort.length > 0) || isAccess(query)) prior = ACCESS_PRIOR
  const index = scene.fleet.items[item]?.query ?? -1
  if (kind === 'unexpected' && (scene.filled[index] ?? 0) <= hosts.length) prior += EMPTY_PRIOR
  return prior
}

/** Clusters of some hosts, in order. */
export function clustersOf({ clusterOf }: ClusteredFleet, hosts: readonly number[]): number[] {
  return [...new Set(hosts.map(host => clusterOf[host] ?? -1))]
    .filter(index => index >= 0)
    .sort((a, b) => a - b)
}
