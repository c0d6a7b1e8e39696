import type { FindingRow, Prevalence } from '../../report.ts'
import { copyButton } from './copy.ts'
import { button, type Child, el, fill, said } from './dom.ts'
import type { Model } from './model.ts'
import { sqlFor } from './sql.ts'
import { cell, changeCell, line, sheet, unseen } from './table.ts'
import { count, number } from './words.ts'

/** Characters of a value in sight; the others on request. */
const LONG = 300
/** Values of at most this many characters stay on one line. */
const SHORT = 20

const MARKS = { unexpected: '+', missing: '−', changed: '→' } as const
const BASELINE = { new: 'new', known: 'known', missing: 'required', none: '–' } as const

/** A finding's rows as tables, one for each query, in the order of the rows. */
export function rowTables(rows: readonly FindingRow[], model: Model): HTMLElement[] {
  const byQuery = new Map<string, FindingRow[]>()
  for (const row of rows) {
    const known = byQuery.get(row.query)
    if (known === undefined) byQuery.set(row.query, [row])
    else known.push(row)
  }
  return [...byQuery].map(([query, own]) => tableOf(query, own, model))
}

function tableOf(query: string, rows: readonly FindingRow[], model: Model): HTMLElement {
  const columns = columnsOf(rows.flatMap(({ row, expected }) => [row, expected ?? {}]))
  const against = rows.some(row => row.baseline !== 'none')
  return sheet({
    title: queryTitle(query, count(rows.length, 'row')),
    label: `Rows of ${query}`,
    heads: [
      unseen('Change'),
      ...columns.map(column => said(column, 64)),
      ...(against ? ['Baseline'] : []),
      'Hosts that have it',
      unseen('Copy')
    ],
    rows,
    line: row => lineOf(row, columns, against, model)
  })
}

/** The name of a query over its rows. */
export function queryTitle(query: string, many: string, ...more: readonly Child[]): HTMLElement {
  return el('h4', {}, said(query, 64), ' ', el('span', { class: 'many' }, many, ...more))
}

/** Columns that say something, in the order of the rows. */
export function columnsOf(rows: readonly Readonly<Record<string, string>>[]): string[] {
  return [...new Set(rows.flatMap(filled))]
}

function lineOf(
  row: FindingRow,
  columns: readonly string[],
  against: boolean,
  model: Model
): HTMLTableRowElement {
  const share = cell('Hosts that have it', ...shares(row, model))
  share.className = 'share'
  const sql = sqlFor(row, model.sql)
  return line(
    row.kind,
    changeCell(MARKS[row.kind], row.kind),
    ...columns.map(column => cell(column, ...cellOf(row, column))),
    ...(against ? [cell('Baseline', BASELINE[row.baseline])] : []),
    share,
    el('td', { role: 'cell', class: 'copying' }, ...(sql === null ? [] : [copyButton('SQL', () => sql)]))
  )
}

/** What a column says; of a changed row what it said and what it says now. */
export function cellOf({ row, expected }: Pick<FindingRow, 'row' | 'expected'>, column: string): Child[] {
  const now = Object.hasOwn(row, column) ? (row[column] ?? '') : ''
  if (expected === null || !Object.hasOwn(expected, column) || expected[column] === now) return [value(now)]
  return [
    el('del', {}, el('span', { class: 'unseen' }, 'from '), value(expected[column] ?? '')),
    el('ins', {}, el('span', { class: 'unseen' }, 'to '), value(now))
  ]
}

/** Somebody's value as code: what is long is cut, and whole on request. */
export function value(text: string): HTMLElement {
  if (text === '') return el('span', { class: 'quiet' }, el('span', { class: 'unseen' }, 'empty'))
  if (text.length <= LONG) return el('code', text.length <= SHORT ? { class: 'short' } : {}, text)
  const code = el('code', {}, `${text.slice(0, LONG)}…`)
  const more = button(`all ${number(text.length)} characters`, () => {
    fill(code, text)
    more.remove()
  })
  return el('span', {}, code, ' ', more)
}

/** The share in the cluster, where the fleet has several, and in the fleet. */
function shares({ prevalence }: FindingRow, model: Model): HTMLElement[] {
  const several = model.report.clusters.length > 1
  return [
    ...(several ? [shareOf(prevalence.cluster, 'cluster')] : []),
    shareOf(prevalence.fleet, several ? 'fleet' : '')
  ]
}

function shareOf([having, observed]: Prevalence, of: string): HTMLElement {
  const bar = el('span', { class: 'bar', 'aria-hidden': 'true' }, el('i'))
  bar.style.setProperty('--share', String(observed === 0 ? 0 : Math.min(1, having / observed)))
  return el(
    'div',
    {},
    bar,
    el('span', { class: 'figure' }, `${number(having)} of ${number(observed)}`),
    el('small', {}, of)
  )
}

function filled(columns: Readonly<Record<string, string>>): string[] {
  return Object.entries(columns).flatMap(([column, text]) => (text === '' ? [] : [column]))
}
