import type { Item } from '../normalise/fleet.ts'
import { templateOf } from '../normalise/template.ts'
import { keyWithout } from './cohorts.ts'
import { hashText } from './hash.ts'
import type { Residual } from './residuals.ts'
import { queryOf, type Scene } from './scene.ts'

/** A residual and how surprising it is. */
export interface Surprise {
  readonly residual: Residual
  /** −log₂ of the chance that a host shows something at least as rare where this was seen; never over log₂ 2(n + 1). */
  readonly bits: number
  /** Other hosts that show something at least as rare, of `among` others. */
  readonly others: number
  readonly among: number
  /** Its query: evidence of one table is not independent. */
  readonly query: string
  /** The row's shape, under which per-host variants of one thing are the same. */
  readonly shape: string
}

/** The most bits that `hosts` hosts can give: an event that none of the others ever showed. */
export const mostBits = (hosts: number): number => Math.log2(2 * (hosts + 1))

/** So many other hosts (and one in thirty) with a like row make a row explained by its pattern. */
const EXPLAINED_BY = 2
const EXPLAINED_SHARE = 1 / 30

/**
 * Prepares to weigh residuals, for those of at least some bits. For a row on hosts H,
 *
 *   p = (hosts outside H that show something at least as rare in the same pattern + ½) / (n + 1),
 *
 * the largest over three kinds of pattern: the row's shape, the row with one column left open, and its whole table,
 * where rows that a shape or an open column explains do not count; n are the hosts on which the query was observed.
 * The fleet is asked as a whole, for noise is alike in all roles; where the hosts' own cluster shows more of it, that
 * counts instead, and so do the hosts themselves where they are more, (|H| − ½) / (n + 1). Hosts `apart` are no witnesses, nor are residuals whose cause is `known`, nor, of a table, rows that
 * accuse nobody. ½ and 1 are a Jeffreys-like prior that keeps small fleets modest.
 * O(residuals × columns + hosts of the residuals × columns).
 */
export function surpriser(
  scene: Scene,
  residuals: readonly Residual[],
  apart: ReadonlySet<number>,
  accuses: (residual: Residual) => boolean
) {
  const { shapes, columns, tables } = patternsOf(scene, residuals)
  const observed = Int32Array.from(residuals, ({ item }) => scene.inFleet.observed[queryAt(scene, item)] ?? 0)
  const asking = counter(scene, residuals, observed, apart)
  const accusing = Uint8Array.from(residuals, residual => (accuses(residual) ? 1 : 0))

  return (known: ReadonlySet<Residual>, least: number): Surprise[] => {
    const rate = Float64Array.from(observed, hosts => 0.5 / (hosts + 1))
    const others = new Int32Array(residuals.length)
    const tell = (at: number, share: number, hosts: number) => {
      if (share > (rate[at] ?? 0)) rate[at] = share
      if (hosts > (others[at] ?? 0)) others[at] = hosts
    }
    const counts = Uint8Array.from(residuals, residual => (known.has(residual) ? 0 : 1))
    for (const pattern of shapes) asking(pattern, counts, tell)
    for (const pattern of columns) asking(pattern, counts, tell)
    for (let at = 0; at < residuals.length; at++) {
      const explained = Math.max(EXPLAINED_BY, (observed[at] ?? 0) * EXPLAINED_SHARE)
      if ((others[at] ?? 0) >= explained || accusing[at] === 0) counts[at] = 0
    }
    for (const pattern of tables) asking(pattern, counts, tell)
    const surprising: Surprise[] = []
    for (const [at, residual] of residuals.entries()) {
      const own = (residual.hosts.length - 0.5) / ((observed[at] ?? 0) + 1)
      const bits = -Math.log2(Math.min(1, Math.max(own, rate[at] ?? 1)))
      if (bits < least) continue
      surprising.push({
        residual,
        bits,
        others: others[at] ?? 0,
        among: Math.max(0, (observed[at] ?? 0) - residual.hosts.length),
        query: queryOf(scene, residual.item)?.name ?? '',
        shape: shapeOf(scene, residual)
      })
    }
    return surprising
  }
}

/**
 * For each residual of a pattern: the share of hosts outside it that show a counted residual of the pattern which is at
 * least as rare. Residuals are taken by rising number of hosts, so that each union of hosts is built once.
 */
function counter(
  scene: Scene,
  residuals: readonly Residual[],
  observed: Int32Array,
  apart: ReadonlySet<number>
) {
  /** By host: the last pattern in which it was seen. */
  const seen = new Int32Array(scene.fleet.hosts.length)
  const seenInCluster = new Int32Array(scene.clusters.length)
  let pattern = 0
  return (
    group: Int32Array,
    counts: Uint8Array,
    tell: (at: number, share: number, hosts: number) => void
  ): void => {
    pattern++
    seenInCluster.fill(0)
    let all = 0
    const hostsAt = (place: number) => residuals[group[place] ?? -1]?.hosts ?? []
    for (let from = 0; from < group.length; ) {
      const size = hostsAt(from).length
      let to = from
      for (; to < group.length && hostsAt(to).length === size; to++) {
        if (counts[group[to] ?? -1] !== 1) continue
        for (const host of hostsAt(to)) {
          if (seen[host] === pattern || apart.has(host)) continue
          seen[host] = pattern
          all++
          const cluster = scene.clusterOf[host] ?? -1
          seenInCluster[cluster] = (seenInCluster[cluster] ?? 0) + 1
        }
      }
      for (; from < to; from++) {
        const at = group[from] ?? -1
        const hosts = hostsAt(from)
        const cluster = scene.clusterOf[hosts[0] ?? -1] ?? -1
        let own = 0
        let one = true
        for (const host of hosts) {
          if (seen[host] === pattern) own++
          if (scene.clusterOf[host] !== cluster) one = false
        }
        const share = (all - own + 0.5) / ((observed[at] ?? 0) + 1)
        const near = one ? (seenInCluster[cluster] ?? 0) - own : 0
        const nearShare = near > 0 ? near / ((scene.clusters[cluster]?.hosts.length ?? 0) + 1) : 0
        tell(at, Math.max(share, nearShare), all - own)
      }
    }
  }
}

interface Patterns {
  readonly shapes: readonly Int32Array[]
  readonly columns: readonly Int32Array[]
  readonly tables: readonly Int32Array[]
}

/** Groups of residuals (their places) of one kind and query that have something in common, by rising number of hosts. */
function patternsOf(scene: Scene, residuals: readonly Residual[]): Patterns {
  const tables = grouped(residuals.keys(), at => {
    const residual = residuals[at]
    return residual === undefined ? '' : channelOf(scene, residual)
  })
  const sizeAt = (at: number) => residuals[at]?.hosts.length ?? 0
  const bySize = (group: Int32Array) => group.sort((a, b) => sizeAt(a) - sizeAt(b) || a - b)
  const itemAt = (at: number) => scene.fleet.items[residuals[at]?.item ?? -1]
  const shapes: Int32Array[][] = []
  const columns: Int32Array[][] = []
  for (const table of tables) {
    shapes.push(grouped(table, at => JSON.stringify(itemAt(at)?.values.map(templateOf))))
    const width = itemAt(table[0] ?? -1)?.columns.length ?? 0
    // A row of one column with that one left open would be its whole table.
    if (width < 2) continue
    const hashes = Array.from(table, at => itemAt(at)?.values.map(hashText) ?? [])
    for (let open = 0; open < width; open++) {
      const alike = grouped(table.keys(), place => hashWithout(hashes[place] ?? [], open))
      for (const group of alike) {
        const places = group.map(place => table[place] ?? -1)
        columns.push(grouped(places, at => keyWithoutAt(itemAt(at), open)))
      }
    }
  }
  const patterns = { shapes: shapes.flat(), columns: columns.flat(), tables }
  for (const groups of Object.values(patterns)) for (const group of groups) bySize(group)
  return patterns
}

/** Those that share a key; those that share none are left out. */
function grouped<Key>(places: Iterable<number>, keyOf: (place: number) => Key): Int32Array[] {
  const groups = new Map<Key, number | number[]>()
  for (const place of places) {
    const key = keyOf(place)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, place)
    else if (typeof group === 'number') groups.set(key, [group, place])
    else group.push(place)
  }
  const shared: Int32Array[] = []
  for (const group of groups.values()) if (typeof group !== 'number') shared.push(Int32Array.from(group))
  return shared
}

function hashWithout(hashes: readonly number[], open: number): number {
  let hash = 0
  for (const [at, own] of hashes.entries()) if (at !== open) hash = Math.imul(hash ^ own, 0x01000193) + at
  return hash
}

function keyWithoutAt(item: Item | undefined, open: number): string {
  return item === undefined ? '' : keyWithout(item, [item.columns[open] ?? ''])
}

const queryAt = (scene: Scene, item: number): number => scene.fleet.items[item]?.query ?? -1

function channelOf(scene: Scene, residual: Residual): string {
  return `${residual.kind} ${queryOf(scene, residual.item)?.name ?? ''}`
}

function shapeOf(scene: Scene, residual: Residual): string {
  const item = scene.fleet.items[residual.item]
  return `${residual.kind}${item?.query}${JSON.stringify(item?.values.map(templateOf))}`
}
