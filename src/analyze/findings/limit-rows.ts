import { count, number, plural } from '../../text/phrases.ts'
import type { Analysis } from '../analysis.ts'

/** Rows shown per finding. A person reads a few; one host may send 200,000 of its own. */
const MAX_ROWS_PER_FINDING = 1_000

/**
 * Keeps the first, weightiest rows of each finding, so that one host cannot swell every report. The finding's id and
 * sentence still cover all its rows. A notice says how many were left out; they stay in the snapshot.
 */
export function limitRows(analysis: Analysis): Analysis {
  const long = analysis.drafts.filter(({ rows }) => rows.length > MAX_ROWS_PER_FINDING)
  if (long.length === 0) return analysis
  const rest = long.reduce((sum, { rows }) => sum + rows.length - MAX_ROWS_PER_FINDING, 0)
  return {
    ...analysis,
    drafts: analysis.drafts.map(draft =>
      draft.rows.length > MAX_ROWS_PER_FINDING
        ? { ...draft, rows: draft.rows.slice(0, MAX_ROWS_PER_FINDING) }
        : draft
    ),
    notices: [
      ...analysis.notices,
      `${count(long.length, 'finding')} ${plural(long.length, 'has', 'have')} more than ${number(MAX_ROWS_PER_FINDING)} rows: the rest, ${count(rest, 'row')}, ${plural(rest, 'is', 'are')} only in the snapshot.`
    ]
  }
}
