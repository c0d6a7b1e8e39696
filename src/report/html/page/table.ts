import { count } from '../../../text/phrases.ts'
import { button, type Child, el } from './dom.ts'

/** Rows of a table that are drawn at once; the others on request. */
const MAX_ROWS_SHOWN = 50

/** A table that becomes a list on a narrow screen. */
export interface DataTable<Row> {
  /** `null` where the heading above is enough. */
  readonly title: HTMLElement | null
  /** Accessible name of the scrollable table. */
  readonly label: string
  readonly headers: readonly Child[]
  readonly rows: readonly Row[]
  readonly toRow: (row: Row) => HTMLTableRowElement
}

export function dataTable<Row>({ title, label, headers, rows, toRow }: DataTable<Row>): HTMLElement {
  const head = headers.map(child => el('th', { scope: 'col', role: 'columnheader' }, child))
  const body = el('tbody', { role: 'rowgroup' }, ...rows.slice(0, MAX_ROWS_SHOWN).map(toRow))
  const table = el(
    'table',
    { role: 'table' },
    el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, ...head)),
    body
  )
  const scroll = el('div', { class: 'scroll', role: 'region', tabindex: 0, 'aria-label': label }, table)
  const heading = title === null ? [] : [title]
  const hidden = rows.length - MAX_ROWS_SHOWN
  if (hidden <= 0) return el('section', { class: 'rows' }, ...heading, scroll)
  const more = button(`Show ${count(hidden, 'more row')}`, () => {
    body.append(...rows.slice(MAX_ROWS_SHOWN).map(toRow))
    more.remove()
  })
  return el('section', { class: 'rows' }, ...heading, scroll, more)
}

/** A row of a {@link dataTable}. */
export function tableRow(kind: string, ...cells: readonly HTMLElement[]): HTMLTableRowElement {
  return el('tr', { role: 'row', 'data-kind': kind }, ...cells)
}

/** A cell, labeled by its header. */
export function cell(label: string, ...children: readonly Child[]): HTMLElement {
  return el('td', { role: 'cell', 'data-label': label }, ...children)
}

/** What happened to a row: a mark for sighted readers, and the word. */
export function changeCell(mark: string, word: string): HTMLElement {
  return el('td', { role: 'cell', class: 'change' }, el('b', { 'aria-hidden': 'true' }, mark), word)
}

/** A header that only screen readers need. */
export function visuallyHidden(text: string): HTMLElement {
  return el('span', { class: 'visually-hidden' }, text)
}
