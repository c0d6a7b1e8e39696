import type { QueryResult, QueryStatus, Row } from '../../snapshot/snapshot.ts'
import { sha256 } from './frame.ts'

export const MAX_ROWS_PER_HOST = 200_000
/** A list of flat rows is not deeper; osquery's widest tables have some 60 columns. */
const MAX_ROW_DEPTH = 2
const MAX_COLUMNS_PER_QUERY = 512

/** What the head of an answer says of the rows of a query. */
export interface AnnouncedRows {
  readonly status: QueryStatus
  /** −1: the host did not count them. */
  readonly rows: number
  readonly digest: string
  readonly detail: string | null
}

/** Rows of one query as osqueryi prints them; invalid UTF-8 becomes U+FFFD. `null`: more rows than `maxRows`. */
export function readRows(part: Buffer, line: AnnouncedRows, maxRows: number): QueryResult | null {
  const failed = (detail: string): QueryResult => ({ status: 'failed', detail, rows: [] })
  if (sha256(part) !== line.digest)
    return { status: 'truncated', detail: 'its rows do not match their digest', rows: [] }
  const text = part.toString('utf8')
  const shape = measureRows(text)
  if (shape.rows > maxRows) return null
  if (shape.depth > MAX_ROW_DEPTH) return failed('its rows are nested')
  if (shape.columns > MAX_COLUMNS_PER_QUERY)
    return failed(`its rows have more than ${MAX_COLUMNS_PER_QUERY} columns`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return failed('its rows are not valid JSON')
  }
  if (!Array.isArray(value)) return failed('its result is not a list of rows')
  const arrived = countRowLines(text)
  if (line.rows >= 0 && line.rows !== arrived) {
    return { status: 'truncated', detail: `${arrived} of ${line.rows} rows arrived`, rows: [] }
  }
  const rows: Row[] = []
  for (const entry of value) {
    const row = readRow(entry)
    if (row === null) return failed('its result is not a list of rows')
    rows.push(row)
  }
  return { status: line.status, detail: line.status === 'ok' ? null : line.detail, rows }
}

/** Lines on which a row begins, as the host counts them: osquery prints one row per line. */
function countRowLines(text: string): number {
  return [...text.matchAll(/(?:^|\n)[\t ]*\{/g)].length
}

function readRow(value: unknown): Row | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const row: Record<string, string> = Object.create(null)
  for (const [column, cell] of Object.entries(value)) {
    if (typeof cell === 'object' && cell !== null) return null
    row[column] = typeof cell === 'string' ? cell : cell === null ? '' : String(cell)
  }
  return row
}

/**
 * Measures a list of rows before it is parsed: parsing 32 MiB of `{},{},…`, or millions of column names, takes
 * gigabytes of memory. Linear. It stops where a limit is exceeded, and the figures are then lower bounds.
 */
function measureRows(text: string): { rows: number; columns: number; depth: number } {
  let rows = 1
  let columns = 1
  let widest = 1
  let depth = 0
  let opened = -1
  let closed = -1
  const names = new Set<string>()
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (opened > closed) {
      if (code === BACKSLASH) at++
      else if (code === QUOTE) closed = at
    } else if (code === QUOTE) opened = at
    else if (code === COLON) names.add(text.slice(opened, closed))
    else if (code === COMMA) {
      if (depth > 1) widest = Math.max(widest, ++columns)
      else {
        rows++
        columns = 1
      }
    } else if (code === BRACKET || code === BRACE) depth++
    else if (code === BRACKET_END || code === BRACE_END) depth--
    if (
      depth > MAX_ROW_DEPTH ||
      rows > MAX_ROWS_PER_HOST ||
      widest > MAX_COLUMNS_PER_QUERY ||
      names.size > MAX_COLUMNS_PER_QUERY
    )
      break
  }
  return { rows, columns: Math.max(widest, names.size), depth }
}

const [QUOTE, COMMA, COLON, BRACKET, BACKSLASH, BRACKET_END, BRACE, BRACE_END] = [
  34, 44, 58, 91, 92, 93, 123, 125
]
