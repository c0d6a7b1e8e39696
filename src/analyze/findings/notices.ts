import { count, list, plural } from '../../text/phrases.ts'
import type { ClusteredFleet } from '../clustered-fleet.ts'

/** Below these sizes the report says that statistics are weak, or that there are none. */
const SMALL_FLEET = 30
const SMALL_CLUSTER = 8
const NO_FLEET = 3
/** So many clusters are named. */
const MAX_NAMED = 4

/** What a reader must know of the fleet before believing a finding, or its absence. Our own words only. */
export function notices({ fleet, clusters, size }: ClusteredFleet, baseline: boolean): string[] {
  const messages: string[] = []
  if (size > 0 && size < NO_FLEET)
    messages.push(
      `Only ${count(size, 'host')} answered: too few to compare with each other${baseline ? '' : ', and there is no baseline'}.`
    )
  else if (size > 0 && size < SMALL_FLEET)
    messages.push(
      `Only ${count(size, 'host')} were compared. With fewer than ${SMALL_FLEET}, "rare" and "common" are weak evidence.`
    )
  const small = clusters.filter(({ hosts }) => hosts.length < SMALL_CLUSTER)
  if (clusters.length > 1 && small.length > 0)
    messages.push(
      `${plural(small.length, 'Cluster', 'Clusters')} ${list(
        small.map(({ id }) => id),
        MAX_NAMED
      )} ${plural(small.length, 'has', 'have')} fewer than ${SMALL_CLUSTER} hosts: what is usual there is weak evidence.`
    )
  if (fleet.repeated.length > 0)
    messages.push(
      `${count(fleet.repeated.length, 'host')} ${plural(fleet.repeated.length, 'was', 'were')} given more than once; the first record of each counts.`
    )
  return messages
}
