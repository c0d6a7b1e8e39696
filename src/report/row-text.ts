import { number } from '../text/phrases.ts'
import type { Quote } from './host-names.ts'
import { CHANGE_MARKS } from './marks.ts'
import type { FindingRow } from './report.ts'

/** Characters of a changed value, before and after. */
const MAX_CHANGED_VALUE = 80
/** Columns of a row in one line. */
const MAX_COLUMNS = 24

/** The columns that have a value, as `column=value`. */
export function columnTexts(columns: Readonly<Record<string, string>>): string[] {
  return Object.entries(columns).flatMap(([column, value]) => (value === '' ? [] : [`${column}=${value}`]))
}

/** Shortens digests where a row is only an example: `sha256=1bd407f03499…`. */
export function shortenDigests(text: string): string {
  return text.replace(/\b([\da-f]{12})[\da-f]{20,}\b/gi, '$1…')
}

/** A row of a finding in one line: `+ crontab: path=/etc/cron.d/x  command=…`; a changed value as `old → new`. */
export function rowText({ kind, query, row, expected }: FindingRow, limit: number, quote: Quote): string {
  const columns = Object.entries(row).flatMap(([column, value]) => {
    const before = valueBefore(expected, column) ?? value
    if (before !== value) return [`${column}=${cut(before)} → ${cut(value)}`]
    return value === '' ? [] : [`${column}=${value}`]
  })
  const text = quote(columns.slice(0, MAX_COLUMNS).join('  '), limit)
  return `${CHANGE_MARKS[kind]} ${quote(query, 64)}: ${text}`
}

/** What a changed row should hold in a column; `undefined` where nothing is expected there. */
export function valueBefore(expected: FindingRow['expected'], column: string): string | undefined {
  return expected !== null && Object.hasOwn(expected, column) ? (expected[column] ?? '') : undefined
}

/** `5 of 62`: the hosts that have a row, of those on which its query was observed. */
export function prevalenceText([have, of]: readonly [number, number], space = ' '): string {
  return `${number(have)}${space}of${space}${number(of)}`
}

function cut(value: string): string {
  return value.length > MAX_CHANGED_VALUE ? `${value.slice(0, MAX_CHANGED_VALUE - 1)}…` : value
}
