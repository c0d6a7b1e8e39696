import type { Fleet } from '../../normalize/fleet.ts'
import type { Counts } from '../counts.ts'
import type { Cohorts } from './cohorts.ts'

/** Of fewer hosts nothing is said without a baseline. */
export const MIN_HOSTS = 3
/** Below this size a cluster is judged by a Beta prior from the fleet … */
export const SMALL_CLUSTER = 8
/** … that weighs as much as so many hosts. */
const PRIOR_WEIGHT = 4
/** A row that is not rare in its cluster is still unexpected on so few of the fleet, and of the cluster. */
export const RARE_IN_FLEET = 0.05
export const MINOR_SHARE = 0.5

/** A cluster, and what its hosts and the fleet have. */
export interface Place {
  readonly fleet: Fleet
  /** By query: 1 if its change is rarely innocent. */
  readonly isIntegrity: Uint8Array
  /** The cluster has few hosts, or came apart by added rows only: what it has may be what an intruder added. */
  readonly isYoung: boolean
  /** By item: its query. */
  readonly queries: Int32Array
  readonly cohorts: Cohorts
  readonly inFleet: Counts
  readonly inCluster: Counts
  /** By cohort: hosts of the cluster with a row of it. */
  readonly cohortInCluster: ReadonlyMap<number, number>
  /** By required item: the hosts of the cluster that lack it though its query was observed. */
  readonly absent: Map<number, number>
  /** By item: whether it is unexpected where the baseline says nothing; 0 where nobody asked. */
  readonly unusual: Uint8Array
}

/**
 * How likely a host of a small cluster has an item, judged by the others (itself left out: `own` is 1 where it has it)
 * and by the rest of the fleet as a Beta prior. ½ where there is nobody to ask.
 */
export function othersShare({ inCluster, inFleet }: Place, id: number, query: number, own: 0 | 1): number {
  const others = (inCluster.observed[query] ?? 0) - 1
  const elsewhere = (inFleet.observed[query] ?? 0) - 1
  if (elsewhere < MIN_HOSTS - 1) return 0.5
  const count = (inCluster.items[id] ?? 0) - own
  const prior = ((inFleet.items[id] ?? 0) - own) / elsewhere
  return (count + PRIOR_WEIGHT * prior) / (others + PRIOR_WEIGHT)
}
