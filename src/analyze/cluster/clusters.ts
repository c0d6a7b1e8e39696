import type { Fleet } from '../../normalize/fleet.ts'
import { rareLimit } from '../counts.ts'
import { addBit, countShared, wordsFor } from './bitsets.ts'
import type { Block } from './blocks.ts'
import { type Split, weighSplit } from './evidence.ts'
import { type RowSets, rowSets } from './row-sets.ts'
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
  /** Rows that some of its hosts share, too few for a cluster of their own. */
  readonly variants: readonly Block[]
}

const MIN_HOSTS_TO_SPLIT = 4
/** In a cluster of fewer hosts nothing is usual. */
const MIN_HOSTS_TO_COMPARE = 3
/** A bound for hostile fleets. */
const MAX_DEPTH = 32

/** The hosts that can be compared: those of which at least one query was observed. */
export function comparableHosts(fleet: Fleet): number[] {
  return [...fleet.hosts.keys()].filter(index => fleet.hosts[index]?.observed.includes(1))
}

/**
 * Divides a fleet into its roles and versions, by the rows that come and go together: no number of clusters to choose
 * and no distance between hosts. Largest first. O(depth × rows) and the cost of the blocks.
 */
export function clusterFleet(fleet: Fleet): Cluster[] {
  const hosts = comparableHosts(fleet)
  if (hosts.length === 0) return []
  return divide({ fleet, size: hosts.length }, hosts, null, new Set(), 0)
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
  whole: { readonly fleet: Fleet; readonly size: number },
  hosts: readonly number[],
  splitFrom: readonly number[] | null,
  ignored: ReadonlySet<number>,
  depth: number
): Leaf[] {
  const leaf = { hosts, splitFrom, isolated: false, variants: [] }
  if (hosts.length < MIN_HOSTS_TO_SPLIT || depth >= MAX_DEPTH) return [leaf]
  const sets = rowSets(whole.fleet, hosts, ignored)
  const { chosen, roles, features, left } = findSplits(whole.fleet, sets, hosts.length, whole.size)
  const groups = groupHosts(whole.fleet, hosts, chosen, roles, sets)
  if (groups.length < 2) {
    const variants = left
      .map(({ plus, minus, size }) => ({ plus, minus, share: size / sets.sample.length }))
      .filter(({ share }) => share * hosts.length >= rareLimit(hosts.length))
    return [{ ...leaf, variants }]
  }
  const known = new Set([...ignored, ...features])
  return groups.flatMap(group => divide(whole, group.hosts, group.splitFrom ?? splitFrom, known, depth + 1))
}

interface Group {
  readonly hosts: number[]
  readonly splitFrom: readonly number[] | null
}

/** The hosts by the split whose rows they agree with most; those that agree with none by more than half are the rest. */
function groupHosts(
  fleet: Fleet,
  hosts: readonly number[],
  splits: readonly Split[],
  roles: readonly Split[],
  sets: RowSets
): Group[] {
  if (splits.length === 0) return []
  const agreements = splits.map(split => agreement(fleet, hosts, split))
  const members: number[][] = splits.map(() => [])
  const rest: { host: number; nearest: number }[] = []
  for (const [at, host] of hosts.entries()) {
    let best = 0
    for (let split = 1; split < splits.length; split++)
      if ((agreements[split]?.[at] ?? 0) > (agreements[best]?.[at] ?? 0)) best = split
    if ((agreements[best]?.[at] ?? 0) > 0.5) members[best]?.push(host)
    else rest.push({ host, nearest: best })
  }
  if (
    rest.length < 8 &&
    !haveOwn(
      sets,
      rest.map(({ host }) => host),
      roles
    )
  )
    for (const { host, nearest } of rest.splice(0)) members[nearest]?.push(host)
  const restHosts = rest.map(({ host }) => host)
  const groups: Group[] = []
  for (const [at, split] of splits.entries()) {
    const own = (members[at] ?? []).sort((a, b) => a - b)
    if (own.length > 0)
      groups.push({
        hosts: own,
        splitFrom: split.othersHaveOwn ? null : [...own, ...restHosts].sort((a, b) => a - b)
      })
  }
  if (restHosts.length > 0)
    groups.push({ hosts: restHosts, splitFrom: splits.every(({ hasOwn }) => hasOwn) ? null : [...hosts] })
  return groups
}

function haveOwn(sets: RowSets, hosts: readonly number[], roles: readonly Split[]): boolean {
  const bits = new Uint32Array(wordsFor(sets.sample.length))
  const members = new Set(hosts)
  for (const [at, host] of sets.sample.entries()) if (members.has(host)) addBit(bits, at)
  return (
    weighSplit(sets, [], bits).hasOwn || roles.some(({ group, size }) => countShared(group, bits) === size)
  )
}

/**
 * By host: the part of a split's observed rows in which it agrees with the group, of added or lost rows the lower.
 * O(rows of the hosts).
 */
function agreement(fleet: Fleet, hosts: readonly number[], { added, lost }: Split): Float64Array {
  const side = new Uint8Array(fleet.items.length)
  const totals = [new Int32Array(fleet.queries.length), new Int32Array(fleet.queries.length)] as const
  for (const [at, items] of [added, lost].entries()) {
    for (const item of items) {
      side[item] = at + 1
      const query = fleet.items[item]?.query ?? 0
      const total = totals[at === 0 ? 0 : 1]
      total[query] = (total[query] ?? 0) + 1
    }
  }
  return Float64Array.from(hosts, index => {
    const host = fleet.hosts[index]
    if (host === undefined) return 0
    const observed = totals.map(total =>
      total.reduce((sum, rows, query) => (host.observed[query] === 1 ? sum + rows : sum), 0)
    )
    const having = [0, 0, 0]
    const items = host.items
    for (let at = 0; at < items.length; at++) {
      const of = side[items[at] ?? 0] ?? 0
      having[of] = (having[of] ?? 0) + 1
    }
    const [ofAdded = 0, ofLost = 0] = observed
    const [, gained = 0, kept = 0] = having
    if (ofAdded + ofLost === 0) return 0
    return Math.min(ofAdded === 0 ? 1 : gained / ofAdded, ofLost === 0 ? 1 : 1 - kept / ofLost)
  })
}
