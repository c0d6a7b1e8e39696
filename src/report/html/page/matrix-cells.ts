import { el, said, sign } from './dom.ts'
import type { FindingView, HostView, Model } from './model.ts'
import { findingWords, hostNews, hostWords, number, SHAPES } from './words.ts'

/** Where a cell of the matrix stands: the head is line −1, the host's name column −1. */
export interface CellPlace {
  readonly line: number
  readonly column: number
}

export function placeOf(cell: HTMLElement): CellPlace {
  return { line: Number(cell.dataset.line), column: Number(cell.dataset.column) }
}

export function cornerCell(): HTMLElement {
  return el('div', { role: 'columnheader', 'aria-colindex': 1, class: 'corner' }, 'Host')
}

/** The head of a finding's column. */
export function findingCell(view: FindingView, at: number, column: number): HTMLElement {
  const cell = el(
    'div',
    {
      role: 'columnheader',
      'aria-colindex': column + 2,
      tabindex: -1,
      'data-finding': at,
      'data-line': -1,
      'data-column': column,
      'aria-label': `Finding ${findingWords(view)}`
    },
    sign(SHAPES[view.finding.severity]),
    el('b', {}, number(view.number))
  )
  cell.style.setProperty('--column', String(column))
  return cell
}

/** The name of a line's host. */
export function hostCell(view: HostView, at: number, line: number, model: Model): HTMLElement {
  const { host, brief } = view
  return el(
    'div',
    {
      role: 'rowheader',
      'aria-colindex': 1,
      tabindex: -1,
      'data-host': at,
      'data-line': line,
      'data-column': -1,
      'aria-label': `${hostWords(view)}: ${hostNews(view, model)}`
    },
    said(brief, 64),
    ...(brief === host.id ? [] : [el('small', {}, said(host.id, 64))])
  )
}

/** A host's part in a finding. */
export function markCell(
  host: HostView,
  view: FindingView,
  at: number,
  { line, column }: CellPlace
): HTMLElement {
  const cell = el(
    'div',
    {
      role: 'gridcell',
      'aria-colindex': column + 2,
      tabindex: -1,
      'data-finding': at,
      'data-line': line,
      'data-column': column,
      'aria-label': `${host.brief}, finding ${findingWords(view)}`
    },
    sign(SHAPES[view.finding.severity])
  )
  cell.style.setProperty('--column', String(column))
  return cell
}

/** The cells of a line from left to right. */
export function cellsOf(row: HTMLElement): HTMLElement[] {
  return [...row.querySelectorAll<HTMLElement>('[data-line]')].sort(
    (a, b) => placeOf(a).column - placeOf(b).column
  )
}

/** The cell of a line that is nearest to a column; from a mark to a mark, from a host to a host. */
export function nearestCell(row: HTMLElement, column: number): HTMLElement | null {
  let best: HTMLElement | null = null
  let least = Number.POSITIVE_INFINITY
  for (const cell of cellsOf(row)) {
    const own = placeOf(cell).column
    const distance = own < 0 !== column < 0 ? Number.MAX_VALUE : Math.abs(own - column)
    if (distance >= least) continue
    least = distance
    best = cell
  }
  return best
}
