import type { RowChange } from '../baseline/diff.ts'
import type { FindingRow, Severity } from './report.ts'

/** One mark for each severity, different in shape as well as in color. */
export const SEVERITY_MARKS: Readonly<Record<Severity, string>> = {
  critical: '🟥',
  high: '🔴',
  medium: '🟠',
  low: '🟡',
  info: '⚪'
}

/** What happened to a row of a finding, or to a row of a baseline. */
type Change = FindingRow['kind'] | RowChange['change']

/** For plain text. */
export const CHANGE_MARKS: Readonly<Record<Change, string>> = {
  unexpected: '+',
  missing: '-',
  changed: '~',
  added: '+',
  removed: '-',
  moved: '~'
}

/** For a diff block: GitHub colors a line by its first character. */
export const DIFF_MARKS: Readonly<Record<RowChange['change'], string>> = {
  added: '+',
  removed: '-',
  moved: '!'
}

/** How a row of a finding relates to the baseline, in the words of a table. */
export const BASELINE_LABELS: Readonly<Record<FindingRow['baseline'], string>> = {
  new: 'new',
  known: 'known',
  missing: 'required',
  none: '–'
}
