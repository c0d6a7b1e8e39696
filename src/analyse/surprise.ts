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
 * How surprising each residual is. For a row on hosts H,
 *
 *   p = (hosts outside H that show something at least as rare in the same pattern + ½) / (n + 1),
 *
 * the largest over three kinds of pattern: the row's shape, the row with one column left open, and its whole table,
 * where rows that a shape or an open column explains do not count; n are the hosts on which the query was observed.
 * The fleet is asked as a whole, for noise is alike in all roles; where the hosts' own clusters show more of it, they
 * count instead. ½ and 1 are a Jeffreys-like prior that keeps small fleets modest.
 * O(residuals × columns + hosts of the residuals × columns).
 */
export function surprises(
  scene: Scene,
  residuals: readonly Residual[],
  { apart, known, accuses }: Witnesses
): Surprise[] {
  const rate = new Float64Array(residuals.length)
  const others = new Int32Array(residuals.length)
  const raise = (at: number, share: number, hosts: number) => {
    if (share > (rate[at] ?? 0)) rate[at] = share
    if (hosts > (others[at] ?? 0)) others[at] = hosts
  }
  const counts = Uint8Array.from(residuals, residual => (known.has(residual) ? 0 : 1))
  const shapes = residuals.map(residual => shapeOf(scene, residual))
  countOthers(
    scene,
    residuals,
    apart,
    at => [shapes[at] ?? ''],
    at => counts[at] === 1,
    raise
  )
  countOthers(
    scene,
    residuals,
    apart,
    at => openKeys(scene, residuals[at]),
    at => counts[at] === 1,
    raise
  )
  const explained = Uint8Array.from(residuals, (residual, at) =>
    (others[at] ?? 0) >= Math.max(EXPLAINED_BY, observedOf(scene, residual) * EXPLAINED_SHARE) ? 1 : 0
  )
  const silent = Uint8Array.from(residuals, residual => (accuses(residual) ? 0 : 1))
  const channels = residuals.map(residual => channelOf(scene, residual))
  countOthers(
    scene,
    residuals,
    apart,
    at => [channels[at] ?? ''],
    at => counts[at] === 1 && explained[at] === 0 && silent[at] === 0,
    raise
  )
  return residuals.map((residual, at) => {
    const observed = observedOf(scene, residual)
    return {
      residual,
      bits: -Math.log2(Math.min(1, Math.max(rate[at] ?? 0, 0.5 / (observed + 1)))),
      others: others[at] ?? 0,
      among: Math.max(0, observed - residual.hosts.length),
      channel: channels[at] ?? '',
      shape: shapes[at] ?? ''
    }
  })
}

/**
 * For each residual and each of its keys: the share of hosts outside it that show a counted residual under that key
 * which is at least as rare. Within a key residuals are taken by rising number of hosts: each union is built once.
 */
function countOthers(
  scene: Scene,
  residuals: readonly Residual[],
  apart: ReadonlySet<number>,
  keysOf: (at: number) => readonly string[],
  counts: (at: number) => boolean,
  tell: (at: number, share: number, hosts: number) => void
): void {
  const groups = new Map<string, number[]>()
  for (let at = 0; at < residuals.length; at++) {
    for (const key of keysOf(at)) {
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [at])
      else group.push(at)
    }
  }
  const seenInCluster = new Int32Array(scene.clusters.length)
  for (const group of groups.values()) {
    const hostsOf = (place: number) => residuals[group[place] ?? -1]?.hosts ?? []
    group.sort((a, b) => (residuals[a]?.hosts.length ?? 0) - (residuals[b]?.hosts.length ?? 0) || a - b)
    const seen = new Set<number>()
    seenInCluster.fill(0)
    for (let from = 0; from < group.length; ) {
      let to = from
      const size = hostsOf(from).length
      for (; to < group.length && hostsOf(to).length === size; to++) {
        if (!counts(group[to] ?? -1)) continue
        for (const host of hostsOf(to)) {
          if (seen.has(host) || apart.has(host)) continue
          seen.add(host)
          const cluster = scene.clusterOf[host] ?? -1
          seenInCluster[cluster] = (seenInCluster[cluster] ?? 0) + 1
        }
      }
      for (; from < to; from++) {
        const at = group[from] ?? -1
        const residual = residuals[at]
        if (residual === undefined) continue
        const own = new Map<number, number>()
        let others = seen.size
        for (const host of residual.hosts) {
          const cluster = scene.clusterOf[host] ?? -1
          const mine = seen.has(host) ? 1 : 0
          own.set(cluster, (own.get(cluster) ?? 0) + mine)
          others -= mine
        }
        let share = (others + 0.5) / (observedOf(scene, residual) + 1)
        if (own.size === 1 && scene.clusters.length > 1) {
          for (const [cluster, mine] of own) {
            const near = (seenInCluster[cluster] ?? 0) - mine
            const size = scene.clusters[cluster]?.hosts.length ?? 0
            if (near > 0) share = Math.max(share, near / (size + 1))
          }
        }
        tell(at, share, others)
      }
    }
  }
}

function observedOf(scene: Scene, residual: Residual): number {
  return scene.inFleet.observed[scene.fleet.items[residual.item]?.query ?? -1] ?? 0
}

function channelOf(scene: Scene, residual: Residual): string {
  return `${residual.kind} ${queryOf(scene, residual.item)?.name ?? ''}`
}

function shapeOf(scene: Scene, residual: Residual): string {
  const item = scene.fleet.items[residual.item]
  return `${residual.kind}${item?.query}${JSON.stringify(item?.values.map(templateOf))}`
}

/** One key for each column left open; a row of one column would be its whole table. */
function openKeys(scene: Scene, residual: Residual | undefined): string[] {
  const item = scene.fleet.items[residual?.item ?? -1]
  if (item === undefined || residual === undefined || item.columns.length < 2) return []
  return item.columns.map((column, at) => `${residual.kind}${at}${keyWithout(item, [column])}`)
}
