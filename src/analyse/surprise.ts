import { templateOf } from '../normalise/template.ts'
import { keyWithout } from './cohorts.ts'
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
  /** Kind and query: evidence of one channel is not independent. */
  readonly channel: string
  /** The row's shape, under which per-host variants of one thing are the same. */
  readonly shape: string
}

/** Who and what is asked how usual something is. */
export interface Witnesses {
  /** Hosts that are not: they are like no other. */
  readonly apart: ReadonlySet<number>
  /** Residuals that are not: their cause is known. */
  readonly known: ReadonlySet<Residual>
  /** Rows of a table that are: those that may accuse. */
  readonly accuses: (residual: Residual) => boolean
}

/** The most bits that `hosts` hosts can give: an event that none of the others ever showed. */
export const mostBits = (hosts: number): number => Math.log2(2 * (hosts + 1))

/** So many other hosts (and one in thirty) with a like row make a row explained by its pattern. */
const EXPLAINED_BY = 2
const EXPLAINED_SHARE = 1 / 30

/**
 * Prepares to weigh residuals, once for any number of choices of witnesses. For a row on hosts H,
 *
 *   p = (hosts outside H that show something at least as rare in the same pattern + ½) / (n + 1),
 *
 * the largest over three kinds of pattern: the row's shape, the row with one column left open, and its whole table,
 * where rows that a shape or an open column explains do not count; n are the hosts on which the query was observed.
 * The fleet is asked as a whole, for noise is alike in all roles; where the hosts' own cluster shows more of it, that
 * counts instead. ½ and 1 are a Jeffreys-like prior that keeps small fleets modest.
 * O(residuals × columns + hosts of the residuals × columns).
 */
export function surpriser(scene: Scene, residuals: readonly Residual[]) {
  const channels = residuals.map(residual => channelOf(scene, residual))
  const shapes = residuals.map(residual => shapeOf(scene, residual))
  const byShape = patterns(residuals, (_, at) => [shapes[at] ?? ''])
  const byColumn = patterns(residuals, residual => openKeys(scene, residual))
  const byTable = patterns(residuals, (_, at) => [channels[at] ?? ''])
  const observed = Int32Array.from(residuals, ({ item }) => scene.inFleet.observed[queryAt(scene, item)] ?? 0)
  const asking = counter(scene, residuals, observed)

  return ({ apart, known, accuses }: Witnesses): Surprise[] => {
    const rate = Float64Array.from(observed, hosts => 0.5 / (hosts + 1))
    const others = new Int32Array(residuals.length)
    const tell = (at: number, share: number, hosts: number) => {
      if (share > (rate[at] ?? 0)) rate[at] = share
      if (hosts > (others[at] ?? 0)) others[at] = hosts
    }
    const counts = Uint8Array.from(residuals, residual => (known.has(residual) ? 0 : 1))
    for (const pattern of byShape) asking(pattern, apart, counts, tell)
    for (const pattern of byColumn) asking(pattern, apart, counts, tell)
    for (const [at, residual] of residuals.entries()) {
      const explained = Math.max(EXPLAINED_BY, (observed[at] ?? 0) * EXPLAINED_SHARE)
      if ((others[at] ?? 0) >= explained || !accuses(residual)) counts[at] = 0
    }
    for (const pattern of byTable) asking(pattern, apart, counts, tell)
    return residuals.map((residual, at) => ({
      residual,
      bits: -Math.log2(Math.min(1, rate[at] ?? 1)),
      others: others[at] ?? 0,
      among: Math.max(0, (observed[at] ?? 0) - residual.hosts.length),
      channel: channels[at] ?? '',
      shape: shapes[at] ?? ''
    }))
  }
}

/** Residuals that share a key, by rising number of hosts; those that share none are left out. */
function patterns(
  residuals: readonly Residual[],
  keysOf: (residual: Residual, at: number) => readonly string[]
): number[][] {
  const groups = new Map<string, number[]>()
  for (const [at, residual] of residuals.entries()) {
    for (const key of keysOf(residual, at)) {
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [at])
      else group.push(at)
    }
  }
  const sizeAt = (at: number) => residuals[at]?.hosts.length ?? 0
  return [...groups.values()]
    .filter(group => group.length > 1)
    .map(group => group.sort((a, b) => sizeAt(a) - sizeAt(b) || a - b))
}

/**
 * For each residual of a pattern: the share of hosts outside it that show a counted residual of the pattern which is at
 * least as rare. Residuals are taken by rising number of hosts, so that each union of hosts is built once.
 */
function counter(scene: Scene, residuals: readonly Residual[], observed: Int32Array) {
  /** By host: the last pattern in which it was seen. */
  const seen = new Int32Array(scene.fleet.hosts.length)
  const seenInCluster = new Int32Array(scene.clusters.length)
  let pattern = 0
  return (
    group: readonly number[],
    apart: ReadonlySet<number>,
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

const queryAt = (scene: Scene, item: number): number => scene.fleet.items[item]?.query ?? -1

function channelOf(scene: Scene, residual: Residual): string {
  return `${residual.kind} ${queryOf(scene, residual.item)?.name ?? ''}`
}

function shapeOf(scene: Scene, residual: Residual): string {
  const item = scene.fleet.items[residual.item]
  return `${residual.kind}${item?.query}${JSON.stringify(item?.values.map(templateOf))}`
}

/** One key for each column left open; a row of one column would be its whole table. */
function openKeys(scene: Scene, residual: Residual): string[] {
  const item = scene.fleet.items[residual.item]
  if (item === undefined || item.columns.length < 2) return []
  return item.columns.map((column, at) => `${residual.kind}${at}${keyWithout(item, [column])}`)
}
