import { button, type Child, el } from './dom.ts'
import { count } from './words.ts'

/** Rows of one table that are drawn at once; the others on request. */
const MAX_ROWS_SHOWN = 50

/** A table that reads as a list where the screen is narrow. */
export interface Sheet<Row> {
  readonly title: HTMLElement
  /** What the table is called where it is scrolled. */
  readonly label: string
  readonly heads: readonly Child[]
  readonly rows: readonly Row[]
  readonly line: (row: Row) => HTMLTableRowElement
}

export function sheet<Row>({ title, label, heads, rows, line }: Sheet<Row>): HTMLElement {
  const head = heads.map(child => el('th', { scope: 'col', role: 'columnheader' }, child))
  const body = el('tbody', { role: 'rowgroup' }, ...rows.slice(0, MAX_ROWS_SHOWN).map(line))
  const table = el(
    'table',
    { role: 'table' },
    el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, ...head)),
    body
  )
  const scroll = el('div', { class: 'scroll', role: 'region', tabindex: 0, 'aria-label': label }, table)
  const rest = rows.length - MAX_ROWS_SHOWN
  if (rest <= 0) return el('section', { class: 'rows' }, title, scroll)
  const more = button(`Show ${count(rest, 'more row')}`, () => {
    body.append(...rows.slice(MAX_ROWS_SHOWN).map(line))
    more.remove()
  })
  return el('section', { class: 'rows' }, title, scroll, more)
}

/** A line of a {@link sheet}. */
export function line(kind: string, ...cells: readonly HTMLElement[]): HTMLTableRowElement {
  return el('tr', { role: 'row', 'data-kind': kind }, ...cells)
}

/** A cell under a head. */
export function cell(label: string, ...children: readonly Child[]): HTMLElement {
  return el('td', { role: 'cell', 'data-label': label }, ...children)
}

/** What became of a row: a mark for eyes, and the word. */
export function changeCell(mark: string, word: string): HTMLElement {
  return el('td', { role: 'cell', class: 'change' }, el('b', { 'aria-hidden': 'true' }, mark), word)
}

/** A head that only a screen reader needs. */
export function unseen(text: string): HTMLElement {
  return el('span', { class: 'unseen' }, text)
}
