import { hashText } from '../../lib/fnv1a.ts'
import type { Fleet } from '../../normalize/fleet.ts'
import { weightOfQuery } from '../table-weight.ts'
import { addBit, complement, countBits, hashBits, sameBits, wordsFor } from './bitsets.ts'

/** Rows that divide some hosts in the same way. */
export interface RowSet {
  /** The fewer hosts, as places in the sample: those that have the `plus` rows and lack the `minus` rows. */
  readonly minority: Uint32Array
  readonly size: number
  readonly plus: readonly number[]
  readonly minus: readonly number[]
}

/** The rows of some hosts by how they divide a sample of them, most rows first. */
export interface RowSets {
  /** Indices into the fleet's hosts, ascending. */
  readonly sample: readonly number[]
  readonly sets: readonly RowSet[]
}

/** Hosts looked at to find how rows divide them: the error of a share is then about one percent. */
const SAMPLE = 2048
/** Rows on fewer hosts than this share, or on all but so few, say nothing about groups. */
const MIDDLE_SHARE = 0.01
/** A bound for hostile fleets; real ones have a few hundred distinct sets. */
const MAX_SETS = 20_000

export const rowCount = ({ plus, minus }: Pick<RowSet, 'plus' | 'minus'>): number =>
  plus.length + minus.length

export const firstRow = ({ plus, minus }: Pick<RowSet, 'plus' | 'minus'>): number =>
  Math.min(plus[0] ?? Infinity, minus[0] ?? Infinity)

/**
 * The sets into which rows divide the hosts, except for the rows in `ignored`, rows that nearly all or nearly no hosts
 * have, and rows of tables that say nothing about roles.
 *
 * O(rows of the sample + distinct rows × hosts / 32), over at most 2,048 hosts.
 */
export function rowSets(fleet: Fleet, hosts: readonly number[], ignored: ReadonlySet<number>): RowSets {
  const sample = sampleHosts(fleet, hosts)
  return { sample, sets: divideSample(fleet, sample, middleRows(fleet, sample, ignored)) }
}

/** The hosts whose ids hash lowest: the same ones whatever the order, and nearly the same ones next week. */
function sampleHosts(fleet: Fleet, hosts: readonly number[]): readonly number[] {
  if (hosts.length <= SAMPLE) return hosts
  const hashed = hosts.map(host => ({ host, hash: hashText(fleet.hosts[host]?.id ?? '') }))
  hashed.sort((a, b) => a.hash - b.hash || a.host - b.host)
  return hashed
    .slice(0, SAMPLE)
    .map(({ host }) => host)
    .sort((a, b) => a - b)
}

/**
 * By query: whether its rows can make a cluster. Rows that are rarely innocent cannot, because the cluster would hide
 * them.
 */
function roleQueries(fleet: Fleet): boolean[] {
  return fleet.queries.map(query => weightOfQuery(query) !== 'integrity')
}

/** The rows that neither nearly all nor nearly no hosts have, and whether most hosts have them. */
function middleRows(
  fleet: Fleet,
  hosts: readonly number[],
  ignored: ReadonlySet<number>
): Map<number, { inverted: boolean }> {
  const counts = new Int32Array(fleet.items.length)
  const observed = new Int32Array(fleet.queries.length)
  for (const index of hosts) {
    const host = fleet.hosts[index]
    for (const item of host?.items ?? []) counts[item] = (counts[item] ?? 0) + 1
    for (let query = 0; query < observed.length; query++)
      observed[query] = (observed[query] ?? 0) + (host?.observed[query] ?? 0)
  }
  const counted = roleQueries(fleet)
  const least = Math.max(2, Math.ceil(MIDDLE_SHARE * hosts.length))
  const middle = new Map<number, { inverted: boolean }>()
  for (let item = 0; item < counts.length; item++) {
    const count = counts[item] ?? 0
    if (count < least || ignored.has(item)) continue
    const query = fleet.items[item]?.query ?? -1
    if (!counted[query]) continue
    const among = observed[query] ?? 0
    if (count <= among - least) middle.set(item, { inverted: count * 2 > among })
  }
  return middle
}

/** The middle rows by the hosts that are their minority. Where a query is unobserved, a host belongs to the majority. */
function divideSample(
  fleet: Fleet,
  hosts: readonly number[],
  middle: ReadonlyMap<number, { inverted: boolean }>
): RowSet[] {
  const words = wordsFor(hosts.length)
  const having = new Map<number, Uint32Array>()
  const unobserved = new Map<number, Uint32Array>()
  const isMiddle = new Uint8Array(fleet.items.length)
  for (const item of middle.keys()) {
    having.set(item, new Uint32Array(words))
    isMiddle[item] = 1
  }
  for (const [at, index] of hosts.entries()) {
    const host = fleet.hosts[index]
    if (host === undefined) continue
    for (const item of host.items) {
      if (isMiddle[item] === 0) continue
      const bits = having.get(item)
      if (bits !== undefined) addBit(bits, at)
    }
    for (let query = 0; query < host.observed.length; query++) {
      if (host.observed[query] === 1) continue
      const bits = unobserved.get(query) ?? new Uint32Array(words)
      unobserved.set(query, bits)
      addBit(bits, at)
    }
  }
  const byHash = new Map<number, { minority: Uint32Array; size: number; plus: number[]; minus: number[] }[]>()
  for (const [item, { inverted }] of middle) {
    const minority = having.get(item) ?? new Uint32Array(words)
    const unknown = unobserved.get(fleet.items[item]?.query ?? -1)
    if (inverted) {
      complement(minority, hosts.length)
      if (unknown !== undefined)
        for (let word = 0; word < words; word++)
          minority[word] = (minority[word] ?? 0) & ~(unknown[word] ?? 0)
    }
    const hash = hashBits(minority)
    const alike = byHash.get(hash) ?? []
    byHash.set(hash, alike)
    let set = alike.find(found => sameBits(found.minority, minority))
    if (set === undefined) {
      set = { minority, size: countBits(minority), plus: [], minus: [] }
      alike.push(set)
    }
    ;(inverted ? set.minus : set.plus).push(item)
  }
  return [...byHash.values()]
    .flat()
    .sort((a, b) => rowCount(b) - rowCount(a) || b.size - a.size || firstRow(a) - firstRow(b))
    .slice(0, MAX_SETS)
}
