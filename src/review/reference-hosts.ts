import { type Cluster, comparableHosts } from '../analyze/cluster/clusters.ts'
import type { Fleet } from '../normalize/fleet.ts'

/**
 * The hosts among which a row of a cluster must be common to be trusted, so that no attacker can approve their own
 * rows: the cluster itself; if it was split off only by added rows, the hosts that it was split from; for hosts that
 * resemble no other, the whole fleet.
 */
export function referenceHosts(
  { hosts, splitFrom, isolated }: Pick<Cluster, 'hosts' | 'splitFrom' | 'isolated'>,
  fleet: Fleet
): readonly number[] {
  return isolated ? comparableHosts(fleet) : (splitFrom ?? hosts)
}
