import { ROW_KINDS } from '../deviate/deviation.ts'
import type { ScoredRow } from './scored-row.ts'

/**
 * How many rows of its own that say nothing special a healthy fleet shows in one table: the prior of each kind of
 * table. A row that is missing because something does not run at the moment is commoner.
 */
const PRIOR = { moment: 0.5, state: 0.25, integrity: 0.25, context: 1 } as const
const PRIOR_NOT_RUNNING = 0.75
/** So large a part of the fleet may show causes in one table before they count as its noise. */
const SPARED_SHARE = 0.025
/** From so many bits a row speaks for itself. */
export const STRONG_BITS = 2
/** Neighbors with odd rows never lower a row of an integrity table below medium. */
const MAX_EXPECTED_OF_INTEGRITY = 0.25

const NOT_RUNNING = -1

/** A number for the table and the kind of a row. What does not run is one event, whatever the tables it is missing from. */
export const tableOf = ({ deviation, kind, query }: ScoredRow): number =>
  deviation.kind === 'missing' && kind === 'moment'
    ? NOT_RUNNING
    : query * ROW_KINDS.length + ROW_KINDS.indexOf(deviation.kind)

/** How many groups show an odd row in a table, by how much the row says. */
export interface TableNoise {
  /** Other groups with a row in the same table that says at least as much. */
  others(row: ScoredRow, group: number): number
}

/**
 * Counts, table by table, the groups that show an odd row there. What is itself a finding must not be among them, so
 * that causes do not hide one another. O(rows log rows).
 * @param groups by group: its rows that count as noise
 */
export function countNoise(groups: readonly (readonly ScoredRow[])[]): TableNoise {
  /** By table: for each group the most bits of its rows there. */
  const tables = new Map<number, Map<number, number>>()
  for (const [index, rows] of groups.entries())
    for (const row of rows) {
      const table = tables.get(tableOf(row)) ?? new Map<number, number>()
      tables.set(tableOf(row), table)
      table.set(index, Math.max(table.get(index) ?? -Infinity, row.bits))
    }
  const falling = new Map(
    [...tables].map(([key, table]) => [key, Float64Array.from(table.values()).sort().reverse()])
  )
  return {
    others(row, group) {
      const key = tableOf(row)
      const own = tables.get(key)?.get(group)
      return countAtLeast(falling.get(key), row.bits) - (own !== undefined && own >= row.bits ? 1 : 0)
    }
  }
}

/** How many of the falling values are at least `least`. O(log values). */
function countAtLeast(falling: Float64Array | undefined, least: number): number {
  let from = 0
  let to = falling?.length ?? 0
  while (from < to) {
    const middle = (from + to) >>> 1
    if ((falling?.[middle] ?? 0) >= least) from = middle + 1
    else to = middle
  }
  return from
}

/**
 * E: how many findings like this one row a healthy fleet shows,
 *
 *   E = max(0, x − s) + p · 2^−L
 *
 * with x other groups of this fleet that show a row in the same table which says at least as much (the fleet's own
 * noise), s of them spared, the prior p of the kind of table, and L bits of what the row says. At most ¼ in a table of
 * integrity, where neighbors never make a row harmless.
 */
export function expectedOf(row: ScoredRow, group: number, noise: TableNoise, hosts: number): number {
  const { bits, kind, deviation } = row
  const x = Math.max(0, noise.others(row, group) - sparedFor(row, hosts))
  const prior = deviation.kind === 'missing' && kind === 'moment' ? PRIOR_NOT_RUNNING : PRIOR[kind]
  const expected = Math.min(hosts, x + prior * 2 ** -bits)
  return kind === 'integrity' ? Math.min(expected, MAX_EXPECTED_OF_INTEGRITY) : expected
}

/** Other causes in the same table that cost a row nothing. */
function sparedFor({ bits, kind, deviation }: ScoredRow, hosts: number): number {
  if (bits >= STRONG_BITS) return Math.max(1, Math.floor(SPARED_SHARE * hosts))
  if (deviation.kind === 'missing') return 0
  return bits > 0 || kind !== 'moment' ? 1 : 0
}
