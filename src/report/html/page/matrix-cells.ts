import { number } from '../../../text/phrases.ts'
import { el, icon, untrusted } from './dom.ts'
import { hostLabel, hostStatus, numberedFinding, SEVERITY_SHAPES } from './labels.ts'
import type { FindingView, HostView, Model } from './model.ts'

/** Where a cell is in the matrix: the header is line −1, the host's name is column −1. */
export interface CellPosition {
  readonly line: number
  readonly column: number
}

export function positionOf(cell: HTMLElement): CellPosition {
  return { line: Number(cell.dataset.line), column: Number(cell.dataset.column) }
}

export function cornerCell(): HTMLElement {
  return el('div', { role: 'columnheader', 'aria-colindex': 1, class: 'corner' }, 'Host')
}

/** The header of a finding's column. */
export function findingCell(view: FindingView, finding: number, column: number): HTMLElement {
  const cell = el(
    'div',
    {
      role: 'columnheader',
      'aria-colindex': column + 2,
      tabindex: -1,
      'data-finding': finding,
      'data-line': -1,
      'data-column': column,
      'aria-label': `Finding ${numberedFinding(view)}`
    },
    icon(SEVERITY_SHAPES[view.finding.severity]),
    el('b', {}, number(view.number))
  )
  cell.style.setProperty('--column', String(column))
  return cell
}

/** The host of a line. */
export function hostCell(view: HostView, index: number, line: number, model: Model): HTMLElement {
  const { host, brief } = view
  return el(
    'div',
    {
      role: 'rowheader',
      'aria-colindex': 1,
      tabindex: -1,
      'data-host': index,
      'data-line': line,
      'data-column': -1,
      'aria-label': `${hostLabel(view)}: ${hostStatus(view, model)}`
    },
    untrusted(brief, 64),
    ...(brief === host.id ? [] : [el('small', {}, untrusted(host.id, 64))])
  )
}

/** A host's part in a finding. */
export function markCell(
  host: HostView,
  view: FindingView,
  finding: number,
  { line, column }: CellPosition
): HTMLElement {
  const cell = el(
    'div',
    {
      role: 'gridcell',
      'aria-colindex': column + 2,
      tabindex: -1,
      'data-finding': finding,
      'data-line': line,
      'data-column': column,
      'aria-label': `${host.brief}, finding ${numberedFinding(view)}`
    },
    icon(SEVERITY_SHAPES[view.finding.severity])
  )
  cell.style.setProperty('--column', String(column))
  return cell
}

/** The cells of a line from left to right. */
export function cellsOf(row: HTMLElement): HTMLElement[] {
  return [...row.querySelectorAll<HTMLElement>('[data-line]')].sort(
    (a, b) => positionOf(a).column - positionOf(b).column
  )
}

/** The cell of a line that is nearest to a column: a mark for a mark's column, the host for the host's. */
export function nearestCell(row: HTMLElement, column: number): HTMLElement | null {
  let best: HTMLElement | null = null
  let shortest = Number.POSITIVE_INFINITY
  for (const cell of cellsOf(row)) {
    const other = positionOf(cell).column
    const distance = other < 0 !== column < 0 ? Number.MAX_VALUE : Math.abs(other - column)
    if (distance >= shortest) continue
    shortest = distance
    best = cell
  }
  return best
}
