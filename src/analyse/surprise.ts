import type { Fleet } from '../normalise/fleet.ts'
import { templateOf } from '../normalise/template.ts'
import { keyWithout, type Residual } from './residuals.ts'

/** A residual and how surprising it is. */
export interface Surprise {
  readonly residual: Residual
  /** −log₂ of the chance that a host shows something at least as rare where this was seen; never over log₂ 2(n + 1). */
  readonly bits: number
  /** Kind and query: evidence of one channel is not independent. */
  readonly channel: string
  /** The row's shape, under which per-host variants of one thing are the same. */
  readonly shape: string
}

/** The most bits that `hosts` hosts can give: an event that none of the others ever showed. */
export const mostBits = (hosts: number): number => Math.log2(2 * (hosts + 1))

/** So many other hosts (and one in thirty) with a like row make a row explained by its pattern. */
const EXPLAINED_BY = 2
const EXPLAINED_SHARE = 1 / 30

/**
 * How surprising each residual of a cluster is.
 *
 * For a row on hosts H, p = (hosts outside H that show something at least as rare in the same pattern + ½) / (n + 1),
 * the largest over three kinds of pattern: the row's shape, the row with one column left open, and its whole table,
 * where rows that a shape or an open column explains do not count. ½ and 1 are the Jeffreys-like prior that keeps
 * small fleets modest. Time O(residuals × columns + Σ hosts of the residuals).
 */
export function surprises(fleet: Fleet, residuals: readonly Residual[], hosts: number): Surprise[] {
  const shapes = residuals.map(residual => shapeOf(fleet, residual))
  const near = new Float64Array(residuals.length)
  const raise = (at: number, others: number) => {
    near[at] = Math.max(near[at] ?? 0, others)
  }
  countOthers(
    residuals,
    shapes.map(shape => [shape]),
    () => true,
    raise
  )
  countOthers(
    residuals,
    residuals.map(residual => openKeys(fleet, residual)),
    () => true,
    raise
  )
  const explained = Uint8Array.from(near, others =>
    others >= Math.max(EXPLAINED_BY, hosts * EXPLAINED_SHARE) ? 1 : 0
  )
  const channels = residuals.map(residual => channelOf(fleet, residual))
  countOthers(
    residuals,
    channels.map(channel => [channel]),
    at => explained[at] === 0,
    raise
  )
  return residuals.map((residual, at) => ({
    residual,
    bits: -Math.log2(((near[at] ?? 0) + 0.5) / (hosts + 1)),
    channel: channels[at] ?? '',
    shape: shapes[at] ?? ''
  }))
}

/**
 * For each residual and each of its keys: how many hosts outside it show a counted residual under that key that is
 * at least as rare. Within a key residuals are taken by rising number of hosts, so that each union is built once.
 */
function countOthers(
  residuals: readonly Residual[],
  keys: readonly (readonly string[])[],
  counts: (at: number) => boolean,
  tell: (at: number, others: number) => void
): void {
  const groups = new Map<string, number[]>()
  for (const [at, own] of keys.entries()) {
    for (const key of own) {
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [at])
      else group.push(at)
    }
  }
  for (const group of groups.values()) {
    group.sort((a, b) => sizeOf(residuals, a) - sizeOf(residuals, b))
    const seen = new Set<number>()
    for (let from = 0; from < group.length; ) {
      let to = from
      const size = sizeOf(residuals, group[from] ?? 0)
      for (; to < group.length && sizeOf(residuals, group[to] ?? 0) === size; to++) {
        const at = group[to] ?? 0
        if (counts(at)) for (const host of residuals[at]?.hosts ?? []) seen.add(host)
      }
      for (; from < to; from++) {
        const at = group[from] ?? 0
        let others = seen.size
        for (const host of residuals[at]?.hosts ?? []) if (seen.has(host)) others--
        tell(at, others)
      }
    }
  }
}

const sizeOf = (residuals: readonly Residual[], at: number): number => residuals[at]?.hosts.length ?? 0

function channelOf(fleet: Fleet, residual: Residual): string {
  return `${residual.kind} ${fleet.queries[fleet.items[residual.item]?.query ?? -1]?.name ?? ''}`
}

function shapeOf(fleet: Fleet, residual: Residual): string {
  const item = fleet.items[residual.item]
  return `${residual.kind}${item?.query}${JSON.stringify(item?.values.map(templateOf))}`
}

/** One key for each column left open; a row of one column would be its whole table. */
function openKeys(fleet: Fleet, residual: Residual): string[] {
  const item = fleet.items[residual.item]
  if (item === undefined || item.columns.length < 2) return []
  return item.columns.map(column => `${residual.kind}${column}${keyWithout(item, [column])}`)
}
