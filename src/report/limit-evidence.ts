import { count } from '../text/phrases.ts'
import type { Finding, FindingRow } from './report.ts'

/** Identifying columns come first; a host may send any number of others. */
const MAX_COLUMNS = 100
/** UTF-16 units of a value; redaction cuts it further. */
const MAX_VALUE = 65_536
/** A longer value counts as this much: redaction shows no more of it. */
const COUNTED_VALUE = 12_288
/** UTF-16 units of the rows of one finding, and of all. */
const FINDING_BUDGET = 1_048_576
const REPORT_BUDGET = 16 * FINDING_BUDGET
/** What is left of the first row of a finding for which there is no room. */
const BRIEF_COLUMNS = 8
const BRIEF_VALUE = 256

export interface LimitedEvidence {
  readonly findings: readonly Finding[]
  /** For the reader: what is only in the snapshot. */
  readonly notices: readonly string[]
}

/**
 * Bounds the evidence of a report, in columns of a row and in size of a finding and of all findings, so that no host can
 * make it too large to write, send or read. Every finding keeps a row, if only the beginning of it. O(rows × columns).
 */
export function limitEvidence(findings: readonly Finding[]): LimitedEvidence {
  let room = REPORT_BUDGET
  let dropped = 0
  let shortened = 0
  const limited = findings.map((finding): Finding => {
    const rows: FindingRow[] = []
    let left = Math.min(room, FINDING_BUDGET)
    for (const row of finding.rows) {
      const size = sizeOf(row)
      if (size <= left) {
        const kept = limitRow(row, MAX_COLUMNS, MAX_VALUE)
        if (kept !== row) shortened++
        rows.push(kept)
        left -= size
        room -= size
      } else if (rows.length === 0) {
        rows.push(limitRow(row, BRIEF_COLUMNS, BRIEF_VALUE))
        shortened++
        left = 0
      } else dropped++
    }
    return rows.every((row, at) => row === finding.rows[at]) && rows.length === finding.rows.length
      ? finding
      : { ...finding, rows }
  })
  const parts = [
    ...(dropped > 0 ? [`${count(dropped, 'row')} of findings`] : []),
    ...(shortened > 0 ? [`parts of ${count(shortened, 'long row')}`] : [])
  ]
  const notices =
    parts.length === 0
      ? []
      : [`The evidence was too much for a report: ${parts.join(' and ')} are only in the snapshot.`]
  return { findings: limited, notices }
}

function sizeOf({ row, expected }: FindingRow): number {
  let size = 0
  for (const columns of [row, expected ?? {}]) {
    let at = 0
    for (const [column, value] of Object.entries(columns)) {
      if (at++ >= MAX_COLUMNS) break
      size += column.length + Math.min(value.length, COUNTED_VALUE)
    }
  }
  return size
}

/** The row itself if it is within the limits. */
function limitRow(row: FindingRow, maxColumns: number, maxValue: number): FindingRow {
  const within = limitColumns(row.row, maxColumns, maxValue)
  const expected = row.expected === null ? null : limitColumns(row.expected, maxColumns, maxValue)
  return within === row.row && expected === row.expected ? row : { ...row, row: within, expected }
}

function limitColumns(
  columns: Readonly<Record<string, string>>,
  maxColumns: number,
  maxValue: number
): Readonly<Record<string, string>> {
  const entries = Object.entries(columns)
  const isWithin =
    entries.length <= maxColumns &&
    entries.every(([column, value]) => column.length <= maxValue && value.length <= maxValue)
  if (isWithin) return columns
  const limited: Record<string, string> = Object.create(null)
  for (const [column, value] of entries.slice(0, maxColumns)) {
    const text =
      value.length <= maxValue
        ? value
        : `${value.slice(0, maxValue).toWellFormed()}… [cut: ${value.length} characters]`
    limited[column.slice(0, maxValue)] = text
  }
  return limited
}
