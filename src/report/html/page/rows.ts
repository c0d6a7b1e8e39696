import type { FindingRow, Prevalence } from '../../report.ts'
import { copyButton } from './copy.ts'
import { button, type Child, el, fill, said } from './dom.ts'
import type { Model } from './model.ts'
import { sqlFor } from './sql.ts'
import { count, number } from './words.ts'

/** Rows of one query that are drawn at once; the others on request. */
const MOST_ROWS = 50
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
  const columns = [
    ...new Set(rows.flatMap(({ row, expected }) => [...filled(row), ...filled(expected ?? {})]))
  ]
  const against = rows.some(row => row.baseline !== 'none')
  const head = [
    el('span', { class: 'unseen' }, 'Change'),
    ...columns.map(column => said(column, 64)),
    ...(against ? ['Baseline'] : []),
    'Hosts that have it',
    el('span', { class: 'unseen' }, 'Copy')
  ].map(child => el('th', { scope: 'col', role: 'columnheader' }, child))
  const body = el('tbody', { role: 'rowgroup' })
  const add = (some: readonly FindingRow[]) =>
    body.append(...some.map(row => lineOf(row, columns, against, model)))
  add(rows.slice(0, MOST_ROWS))
  const name = el('h4', {}, said(query, 64), ' ', el('span', { class: 'many' }, count(rows.length, 'row')))
  const table = el(
    'table',
    { role: 'table' },
    el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, ...head)),
    body
  )
  const scroll = el(
    'div',
    { class: 'scroll', role: 'region', tabindex: 0, 'aria-label': `Rows of ${query}` },
    table
  )
  const rest = rows.length - MOST_ROWS
  if (rest <= 0) return el('section', { class: 'rows' }, name, scroll)
  const more = button(`Show ${count(rest, 'more row')}`, () => {
    add(rows.slice(MOST_ROWS))
    more.remove()
  })
  return el('section', { class: 'rows' }, name, scroll, more)
}

function lineOf(row: FindingRow, columns: readonly string[], against: boolean, model: Model): HTMLElement {
  const cells: HTMLElement[] = [
    el(
      'td',
      { role: 'cell', class: 'change' },
      el('b', { 'aria-hidden': 'true' }, MARKS[row.kind]),
      row.kind
    ),
    ...columns.map(column => el('td', { role: 'cell', 'data-label': column }, ...cellOf(row, column)))
  ]
  if (against) cells.push(el('td', { role: 'cell', 'data-label': 'Baseline' }, BASELINE[row.baseline]))
  cells.push(
    el('td', { role: 'cell', class: 'share', 'data-label': 'Hosts that have it' }, ...shares(row, model))
  )
  const sql = sqlFor(row, model.sql)
  cells.push(el('td', { role: 'cell' }, ...(sql === null ? [] : [copyButton('SQL', () => sql)])))
  return el('tr', { role: 'row', 'data-kind': row.kind }, ...cells)
}

/** What a column says; of a changed row what it said and what it says now. */
function cellOf({ row, expected }: FindingRow, column: string): Child[] {
  const now = Object.hasOwn(row, column) ? (row[column] ?? '') : ''
  if (expected === null || !Object.hasOwn(expected, column) || expected[column] === now) return [value(now)]
  return [
    el('del', {}, el('span', { class: 'unseen' }, 'from '), value(expected[column] ?? '')),
    el('ins', {}, el('span', { class: 'unseen' }, 'to '), value(now))
  ]
}

function value(text: string): HTMLElement {
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
