import { count, number } from '../../../text/phrases.ts'
import { BASELINE_LABELS } from '../../marks.ts'
import type { FindingRow, Prevalence } from '../../report.ts'
import { prevalenceText, valueBefore } from '../../row-text.ts'
import { copyButton } from './copy.ts'
import { button, type Child, el, fill, untrusted } from './dom.ts'
import { CHANGE_MARKS } from './labels.ts'
import type { Model } from './model.ts'
import { sqlFor } from './sql.ts'
import { cell, changeCell, dataTable, tableRow, visuallyHidden } from './table.ts'

/** Characters of a value that are visible at once; the others on request. */
const MAX_VISIBLE_LENGTH = 300
/** Values up to this many characters stay on one line. */
const MAX_UNBROKEN_LENGTH = 20

/** A finding's rows as tables, one for each query, in the order of the rows. */
export function rowTables(rows: readonly FindingRow[], model: Model): HTMLElement[] {
  const byQuery = Map.groupBy(rows, ({ query }) => query)
  return [...byQuery].map(([query, rows]) => tableOf(query, rows, model))
}

function tableOf(query: string, rows: readonly FindingRow[], model: Model): HTMLElement {
  const columns = columnsOf(rows.flatMap(({ row, expected }) => [row, expected ?? {}]))
  const compared = rows.some(row => row.baseline !== 'none')
  return dataTable({
    title: queryTitle(query, count(rows.length, 'row')),
    label: `Rows of ${query}`,
    headers: [
      visuallyHidden('Change'),
      ...columns.map(column => untrusted(column, 64)),
      ...(compared ? ['Baseline'] : []),
      'Hosts that have it',
      visuallyHidden('Copy')
    ],
    rows,
    toRow: row => rowElement(row, columns, compared, model)
  })
}

/** The name of a query above its rows. */
export function queryTitle(query: string, total: string, ...more: readonly Child[]): HTMLElement {
  return el('h4', {}, untrusted(query, 64), ' ', el('span', { class: 'count' }, total, ...more))
}

/** Columns with a value in any row, in the order of the rows. */
export function columnsOf(rows: readonly Readonly<Record<string, string>>[]): string[] {
  return [...new Set(rows.flatMap(filled))]
}

function rowElement(
  row: FindingRow,
  columns: readonly string[],
  compared: boolean,
  model: Model
): HTMLTableRowElement {
  const prevalence = cell('Hosts that have it', ...prevalences(row, model))
  prevalence.className = 'prevalence'
  const sql = sqlFor(row, model.sql)
  return tableRow(
    row.kind,
    changeCell(CHANGE_MARKS[row.kind], row.kind),
    ...columns.map(column => cell(column, ...cellContent(row, column))),
    ...(compared ? [cell('Baseline', BASELINE_LABELS[row.baseline])] : []),
    prevalence,
    el('td', { role: 'cell', class: 'copying' }, ...(sql === null ? [] : [copyButton('SQL', () => sql)]))
  )
}

/** The value in a column; for a changed row, what it was and what it is. */
export function cellContent(
  { row, expected }: Pick<FindingRow, 'row' | 'expected'>,
  column: string
): Child[] {
  const now = Object.hasOwn(row, column) ? (row[column] ?? '') : ''
  const before = valueBefore(expected, column) ?? now
  if (before === now) return [value(now)]
  return [
    el('del', {}, el('span', { class: 'visually-hidden' }, 'from '), value(before)),
    el('ins', {}, el('span', { class: 'visually-hidden' }, 'to '), value(now))
  ]
}

/** A value as code; a long one is cut, and shown in full on request. */
export function value(text: string): HTMLElement {
  if (text === '') return el('span', { class: 'quiet' }, el('span', { class: 'visually-hidden' }, 'empty'))
  if (text.length <= MAX_VISIBLE_LENGTH)
    return el('code', text.length <= MAX_UNBROKEN_LENGTH ? { class: 'short' } : {}, text)
  const code = el('code', {}, `${text.slice(0, MAX_VISIBLE_LENGTH)}…`)
  const more = button(`all ${number(text.length)} characters`, () => {
    fill(code, text)
    more.remove()
  })
  return el('span', {}, code, ' ', more)
}

/** The prevalence in the cluster, if there are several, and in the fleet. */
function prevalences({ prevalence }: FindingRow, model: Model): HTMLElement[] {
  const several = model.report.clusters.length > 1
  return [
    ...(several ? [prevalenceMeter(prevalence.cluster, 'cluster')] : []),
    prevalenceMeter(prevalence.fleet, several ? 'fleet' : '')
  ]
}

function prevalenceMeter(prevalence: Prevalence, scope: string): HTMLElement {
  const [have, of] = prevalence
  const meter = el('span', { class: 'meter', 'aria-hidden': 'true' }, el('i'))
  meter.style.setProperty('--share', String(of === 0 ? 0 : Math.min(1, have / of)))
  return el(
    'div',
    {},
    meter,
    el('span', { class: 'figure' }, prevalenceText(prevalence)),
    el('small', {}, scope)
  )
}

function filled(columns: Readonly<Record<string, string>>): string[] {
  return Object.entries(columns).flatMap(([column, text]) => (text === '' ? [] : [column]))
}
