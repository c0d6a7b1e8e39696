import type { Fleet } from '../normalise/fleet.ts'

/** Hosts that ought to be alike. */
export interface Cluster {
  readonly id: string
  readonly label: string
  /** Indices into the fleet's hosts, ascending. */
  readonly hosts: readonly number[]
}

/** The hosts that can be compared: those of which at least one query was observed. */
export function comparableHosts(fleet: Fleet): number[] {
  return [...fleet.hosts.keys()].filter(index => fleet.hosts[index]?.observed.includes(1))
}

/** The fleet as one cluster. */
export function clusterFleet(fleet: Fleet): Cluster[] {
  const hosts = comparableHosts(fleet)
  return hosts.length === 0 ? [] : [{ id: 'c1', label: 'all hosts', hosts }]
}
