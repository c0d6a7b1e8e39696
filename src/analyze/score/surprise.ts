import { type ClusteredFleet, queryOfItem } from '../clustered-fleet.ts'
import type { Deviation } from '../deviate/deviation.ts'
import { patternsOf } from './patterns.ts'

/** A residual and how surprising it is. */
export interface ScoredDeviation {
  readonly residual: Deviation
  /** −log₂ of the chance that a host shows something at least as rare where this was seen; never over log₂ 2(n + 1). */
  readonly bits: number
  /** Other hosts that show something at least as rare, of `among` others. */
  readonly others: number
  readonly among: number
  /** Its query: evidence of one table is not independent. */
  readonly query: string
  /** The row's shape, under which per-host variants of one thing are the same. */
  readonly shape: number
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
  scene: ClusteredFleet,
  residuals: readonly Deviation[],
  apart: ReadonlySet<number>,
  accuses: (residual: Deviation) => boolean
) {
  const { shapes, columns, tables } = patternsOf(scene, residuals)
  const shapeOf = Int32Array.from(residuals.keys(), at => shapes.length + at)
  for (const [shape, group] of shapes.entries()) for (const at of group) shapeOf[at] = shape
  const observed = Int32Array.from(residuals, ({ item }) => scene.inFleet.observed[queryAt(scene, item)] ?? 0)
  const asking = counter(scene, residuals, observed, apart)
  const accusing = Uint8Array.from(residuals, residual => (accuses(residual) ? 1 : 0))

  return (known: ReadonlySet<Deviation>, least: number): ScoredDeviation[] => {
    const rate = Float64Array.from(observed, hosts => 0.5 / (hosts + 1))
    const others = new Int32Array(residuals.length)
    const tell = (at: number, share: number, hosts: number) => {
      if (share > (rate[at] ?? 0)) rate[at] = share
      if (hosts > (others[at] ?? 0)) others[at] = hosts
    }
    const counts = new Uint8Array(residuals.length).fill(1)
    if (known.size > 0)
      for (const [at, residual] of residuals.entries()) if (known.has(residual)) counts[at] = 0
    for (const pattern of shapes) asking(pattern, counts, tell)
    for (const pattern of columns) asking(pattern, counts, tell)
    for (let at = 0; at < residuals.length; at++) {
      const explained = Math.max(EXPLAINED_BY, (observed[at] ?? 0) * EXPLAINED_SHARE)
      if ((others[at] ?? 0) >= explained || accusing[at] === 0) counts[at] = 0
    }
    for (const pattern of tables) asking(pattern, counts, tell)
    const surprising: ScoredDeviation[] = []
    for (let at = 0; at < residuals.length; at++) {
      const residual = residuals[at]
      if (residual === undefined) continue
      const own = (residual.hosts.length - 0.5) / ((observed[at] ?? 0) + 1)
      const bits = -Math.log2(Math.min(1, Math.max(own, rate[at] ?? 1)))
      if (bits < least) continue
      surprising.push({
        residual,
        bits,
        others: others[at] ?? 0,
        among: Math.max(0, (observed[at] ?? 0) - residual.hosts.length),
        query: queryOfItem(scene, residual.item)?.name ?? '',
        shape: shapeOf[at] ?? -1
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
  scene: ClusteredFleet,
  residuals: readonly Deviation[],
  observed: Int32Array,
  apart: ReadonlySet<number>
) {
  const { starts, hosts } = flatHosts(residuals)
  const { clusterOf } = scene
  const isApart = new Uint8Array(scene.fleet.hosts.length)
  for (const host of apart) isApart[host] = 1
  const sizes = Int32Array.from(scene.clusters, cluster => cluster.hosts.length)
  /** By host: the last pattern in which it was seen. */
  const seen = new Int32Array(scene.fleet.hosts.length)
  const seenInCluster = new Int32Array(scene.clusters.length)
  let pattern = 0
  const sizeOf = (at: number) => (starts[at + 1] ?? 0) - (starts[at] ?? 0)
  return (
    group: Int32Array,
    counts: Uint8Array,
    tell: (at: number, share: number, hosts: number) => void
  ): void => {
    pattern++
    seenInCluster.fill(0)
    let all = 0
    for (let from = 0; from < group.length; ) {
      const size = sizeOf(group[from] ?? 0)
      let to = from
      for (; to < group.length && sizeOf(group[to] ?? 0) === size; to++) {
        const at = group[to] ?? 0
        if (counts[at] !== 1) continue
        for (let place = starts[at] ?? 0; place < (starts[at + 1] ?? 0); place++) {
          const host = hosts[place] ?? 0
          if (seen[host] === pattern || isApart[host] === 1) continue
          seen[host] = pattern
          all++
          const cluster = clusterOf[host] ?? -1
          seenInCluster[cluster] = (seenInCluster[cluster] ?? 0) + 1
        }
      }
      for (; from < to; from++) {
        const at = group[from] ?? 0
        const start = starts[at] ?? 0
        const cluster = clusterOf[hosts[start] ?? -1] ?? -1
        let own = 0
        let one = true
        for (let place = start; place < start + size; place++) {
          const host = hosts[place] ?? 0
          if (seen[host] === pattern) own++
          if (clusterOf[host] !== cluster) one = false
        }
        const share = (all - own + 0.5) / ((observed[at] ?? 0) + 1)
        const near = one ? (seenInCluster[cluster] ?? 0) - own : 0
        const nearShare = near > 0 ? near / ((sizes[cluster] ?? 0) + 1) : 0
        tell(at, Math.max(share, nearShare), all - own)
      }
    }
  }
}

/** The hosts of all residuals, one after another: those of residual i from starts[i] up to starts[i + 1]. */
function flatHosts(residuals: readonly Deviation[]): { starts: Int32Array; hosts: Int32Array } {
  const starts = new Int32Array(residuals.length + 1)
  for (const [at, residual] of residuals.entries()) starts[at + 1] = (starts[at] ?? 0) + residual.hosts.length
  const hosts = new Int32Array(starts[residuals.length] ?? 0)
  for (const [at, residual] of residuals.entries()) hosts.set(residual.hosts, starts[at])
  return { starts, hosts }
}

const queryAt = (scene: ClusteredFleet, item: number): number => scene.fleet.items[item]?.query ?? -1
