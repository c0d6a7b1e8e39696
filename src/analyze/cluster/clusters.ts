import type { Fleet } from '../../normalize/fleet.ts'
import { rareLimit } from '../counts.ts'
import type { Block } from './blocks.ts'
import { groupHosts } from './groups.ts'
import { type Divided, ROLE_ROWS } from './roles.ts'
import { rowCount, rowSets } from './row-sets.ts'
import { singletons } from './singletons.ts'
import { findSplits } from './splits.ts'

/** Hosts that ought to be alike. */
export interface Cluster {
  readonly id: string
  /** Indices into the fleet's hosts, ascending. */
  readonly hosts: readonly number[]
  /**
   * For a cluster that differs from others only by added rows: the hosts it was split from, itself included.
   * So does a deploy that only adds, and so does a compromise of many hosts.
   */
  readonly splitFrom: readonly number[] | null
  /** A host or two like no other, for which nothing can say what is usual. */
  readonly isolated: boolean
  /** Rows that some of its hosts share, too few for a cluster of their own and too many to be rare. */
  readonly variants: readonly Block[]
}

const MIN_HOSTS_TO_SPLIT = 4
/** In a cluster of fewer hosts, nothing is usual. */
const MIN_HOSTS_TO_COMPARE = 3
/** A bound for hostile fleets. */
const MAX_DEPTH = 32

/** The hosts that can be compared: those of which at least one query was observed. */
export function comparableHosts(fleet: Fleet): number[] {
  return [...fleet.hosts.keys()].filter(index => fleet.hosts[index]?.observed.includes(1))
}

/**
 * Divides a fleet into its roles and versions by the rows that come and go together. Each split must save more bits
 * than it costs; there is no number of clusters to choose and no distance between hosts. Largest cluster first.
 * O(depth × rows) and the cost of the row sets.
 */
export function clusterFleet(fleet: Fleet): Cluster[] {
  const hosts = comparableHosts(fleet)
  if (hosts.length === 0) return []
  return divide({ fleet, comparable: hosts.length, hosts }, null, new Set(), 0)
    .flatMap(leaf => withoutSingletons(fleet, leaf))
    .sort((a, b) => b.hosts.length - a.hosts.length || (a.hosts[0] ?? 0) - (b.hosts[0] ?? 0))
    .map((leaf, index, { length }) => ({
      id: `c${index + 1}`,
      ...leaf,
      isolated: leaf.isolated || (length > 1 && leaf.hosts.length < MIN_HOSTS_TO_COMPARE)
    }))
}

type Leaf = Omit<Cluster, 'id'>

/** Gives every host that is like no other a cluster of its own. */
function withoutSingletons(fleet: Fleet, leaf: Leaf): Leaf[] {
  const single = singletons(fleet, leaf.hosts)
  if (single.size === 0) return [leaf]
  return [
    { ...leaf, hosts: leaf.hosts.filter(host => !single.has(host)) },
    ...[...single].map(host => ({ hosts: [host], splitFrom: null, isolated: true, variants: [] }))
  ].filter(({ hosts }) => hosts.length > 0)
}

function divide(
  divided: Divided,
  splitFrom: readonly number[] | null,
  ignored: ReadonlySet<number>,
  depth: number
): Leaf[] {
  const { fleet, hosts } = divided
  const leaf = { hosts, splitFrom, isolated: false, variants: [] }
  if (hosts.length < MIN_HOSTS_TO_SPLIT || depth >= MAX_DEPTH) return [leaf]
  const sets = rowSets(fleet, hosts, ignored)
  const splits = findSplits(divided, sets)
  const groups = groupHosts(divided, sets, splits)
  if (groups.length < 2) {
    const variants = splits.blocks
      .filter(block => rowCount(block) >= ROLE_ROWS)
      .map(({ plus, minus, size }) => ({ plus, minus, share: size / sets.sample.length }))
      .filter(({ share }) => share * hosts.length > rareLimit(hosts.length))
    return [{ ...leaf, variants }]
  }
  const known = new Set([...ignored, ...splits.featureRows])
  return groups.flatMap(group =>
    divide({ ...divided, hosts: group.hosts }, group.splitFrom ?? splitFrom, known, depth + 1)
  )
}
