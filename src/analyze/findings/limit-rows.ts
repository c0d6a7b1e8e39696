import type { Analysis } from '../analyze.ts'

/** Rows of one finding that are told; a person reads a few, and one host may send 200,000 that are its own. */
export const MOST_ROWS = 1_000

/**
 * Keeps the first rows of each finding, the most surprising ones, so that one host cannot swell every report. The
 * finding's id and sentence still speak of all its rows; what is left out is said, and stays in the snapshot.
 */
export function boundRows(analysis: Analysis): Analysis {
  const long = analysis.drafts.filter(({ rows }) => rows.length > MOST_ROWS)
  if (long.length === 0) return analysis
  const rest = long.reduce((sum, { rows }) => sum + rows.length - MOST_ROWS, 0)
  const findings = long.length === 1 ? '1 finding has' : `${long.length} findings have`
  return {
    ...analysis,
    drafts: analysis.drafts.map(draft =>
      draft.rows.length > MOST_ROWS ? { ...draft, rows: draft.rows.slice(0, MOST_ROWS) } : draft
    ),
    notices: [
      ...analysis.notices,
      `${findings} more than ${MOST_ROWS} rows: ${rest} further rows are in the snapshot alone.`
    ]
  }
}
