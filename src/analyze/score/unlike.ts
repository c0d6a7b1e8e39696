import type { ScoredRow } from './scored-row.ts'

/** A host like no other: so many rows replaced, or so many at all. */
const ROLE_ROWS = 8
/** So many new packages on the same hosts explain their ordinary rows. */
export const MIN_PACKAGES = 3

/**
 * What a role of one or two hosts looks like: rows are replaced; or come with the packages that bring them; or are more
 * than any implant brings.
 */
export function isUnlike(rows: readonly ScoredRow[], packages: number): boolean {
  const tables = (own: readonly ScoredRow[]) => new Set(own.map(row => row.query)).size
  const gone = rows.filter(({ deviation }) => deviation.kind === 'missing')
  const own = rows.filter(({ deviation }) => deviation.kind !== 'missing')
  if (
    own.length >= 2 &&
    tables(own) >= 2 &&
    gone.length >= 2 &&
    tables(gone) >= 2 &&
    rows.length >= ROLE_ROWS
  )
    return true
  if (tables(rows) < 3) return false
  return rows.length >= 3 * ROLE_ROWS || (packages >= MIN_PACKAGES && rows.length >= 1.5 * ROLE_ROWS)
}
