import { disjointSets } from '../../lib/disjoint-sets.ts'
import { tableOf } from './expected.ts'
import { bitsTogether, SAYS_TOGETHER, saysEnough } from './says-enough.ts'
import type { ScoredRow } from './scored-row.ts'
import { isAtMost } from './tiers.ts'

/** Bits that another table adds at most when its row is tied to what counts already: the same cause, seen twice. */
const MAX_TIED_BITS = 2
/** What unrelated rows must say together for high: more than some events that meet on a host say. */
const SAYS_UNTIED = 6
/** A row that is expected more often than this adds nothing to what a finding says by itself. */
const MAX_EXPECTED_TO_SAY = 4

/**
 * Splits what the same hosts show by what ties it together: things that share a tie, or are tied to such, are one
 * cause; the rest may have met by chance. Causes and their members keep the order. O(all ties).
 * @param tiesOf any texts; those that two share tie them
 */
export function causesOf<Thing>(
  things: readonly Thing[],
  tiesOf: (thing: Thing) => readonly string[]
): Thing[][] {
  const sets = disjointSets(things.length)
  const first = new Map<string, number>()
  for (const [at, thing] of things.entries())
    for (const tie of tiesOf(thing)) {
      const known = first.get(tie)
      if (known === undefined) first.set(tie, at)
      else sets.unite(known, at)
    }
  return [...Map.groupBy(things.keys(), sets.root).values()].map(members =>
    members.flatMap(at => things[at] ?? [])
  )
}

/** A row, and how often a healthy fleet shows one like it. */
export interface Expected {
  readonly row: ScoredRow
  readonly expected: number
}

/** What the causes on the same hosts are enough for. */
export interface Enough {
  /** What one of them says by itself would be enough for high. */
  readonly says: boolean
  /** It is, and it is rare enough. */
  readonly isHigh: boolean
}

/**
 * Looks for a cause that is enough for high. Unrelated events meet on a host: several causes are not enough together
 * before they say very much.
 * @param n hosts of the fleet
 * @param against bits that speak against an intruder
 */
export function enoughOf(causes: readonly (readonly Expected[])[], n: number, against: number): Enough {
  let says = false
  let all = 0
  for (const cause of causes) {
    const bits = bitsOfCause(cause, n) - against
    const saying = cause.filter(({ expected }) => expected <= MAX_EXPECTED_TO_SAY).map(({ row }) => row)
    const needed = isAtMost(2 * n * 2 ** -bits, 'high') ? SAYS_TOGETHER - 1 : SAYS_TOGETHER
    const enough = saysEnough(saying, needed)
    if (enough && isAtMost(n * 2 ** -bits, 'high')) return { says: true, isHigh: true }
    says ||= enough
    all += bitsTogether(saying)
  }
  return { says, isHigh: all >= SAYS_UNTIED }
}

function bitsOfCause(cause: readonly Expected[], n: number): number {
  let bits = Math.log2(n / (cause[0]?.expected ?? n))
  const tables = new Set<number>()
  for (const { row, expected } of cause) {
    if (tables.size > 0 && !tables.has(tableOf(row)))
      bits += Math.max(0, Math.min(Math.log2(n / expected), mostOf(row, true)))
    tables.add(tableOf(row))
  }
  return bits
}

/** The most that a further table adds. */
export function mostOf(row: ScoredRow, tied: boolean): number {
  const says = row.bits > 0 || row.kind === 'integrity'
  if (!tied) return says ? Number.POSITIVE_INFINITY : row.bits === 0 ? MAX_TIED_BITS : 0
  if (row.deviation.kind === 'missing' && row.kind !== 'moment') return Number.POSITIVE_INFINITY
  return says ? MAX_TIED_BITS : 0
}
