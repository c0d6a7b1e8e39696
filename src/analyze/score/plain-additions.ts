import { tableOf } from './expected.ts'
import type { ScoredRow } from './scored-row.ts'

/** So many rows that the same hosts have alone in one table came together. */
const MIN_ROWS_AT_ONCE = 3

/**
 * Which rows of some hosts say nothing by themselves, so that they met the others by chance where nothing ties them: a
 * new file or a mount. Rows that are gone may have gone with the others, and several new ones at once in one table are no
 * chance; changed ones are another version. O(rows).
 */
export function plainAdditions(rows: readonly ScoredRow[]): (row: ScoredRow) => boolean {
  const inTable = new Map<number, number>()
  for (const row of rows) inTable.set(tableOf(row), (inTable.get(tableOf(row)) ?? 0) + 1)
  return row =>
    row.bits <= 0 &&
    row.kind !== 'integrity' &&
    row.deviation.kind !== 'missing' &&
    (row.deviation.kind === 'changed' || (inTable.get(tableOf(row)) ?? 0) < MIN_ROWS_AT_ONCE)
}
