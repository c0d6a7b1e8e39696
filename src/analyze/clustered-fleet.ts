import type { Fleet } from '../normalize/fleet.ts'
import type { Query, Weight } from '../osquery/pack.ts'
import type { Cluster } from './cluster/clusters.ts'
import { type Counts, countItems } from './counts.ts'
import { weightOfQuery } from './table-weight.ts'

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
}

export function clusteredFleet(fleet: Fleet, clusters: readonly Cluster[]): ClusteredFleet {
  const clusterOf = new Int32Array(fleet.hosts.length).fill(-1)
  for (const [index, { hosts }] of clusters.entries()) for (const host of hosts) clusterOf[host] = index
  const everyone = clusters.flatMap(cluster => cluster.hosts)
  return {
    fleet,
    clusters,
    clusterOf,
    size: everyone.length,
    inFleet: countItems(fleet, everyone)
  }
}

export function queryOfItem({ fleet }: ClusteredFleet, item: number): Query | undefined {
  return fleet.queries[fleet.items[item]?.query ?? -1]
}

export function weightOf(clustered: ClusteredFleet, item: number): Weight {
  const query = queryOfItem(clustered, item)
  return query === undefined ? 'normal' : weightOfQuery(query)
}

/** Clusters of some hosts, in order. */
export function clustersOf({ clusterOf }: ClusteredFleet, hosts: readonly number[]): number[] {
  return [...new Set(hosts.map(host => clusterOf[host] ?? -1))]
    .filter(index => index >= 0)
    .sort((a, b) => a - b)
}
