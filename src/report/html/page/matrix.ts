import { count } from '../../../text/phrases.ts'
import { SEVERITIES } from '../../report.ts'
import { el, fill } from './dom.ts'
import type { Selection } from './filter.ts'
import type { View } from './map.ts'
import {
  cellsOf,
  cornerCell,
  findingCell,
  hostCell,
  markCell,
  nearestCell,
  positionOf
} from './matrix-cells.ts'
import type { Model } from './model.ts'
import { rovingTabindex } from './roving-tabindex.ts'

/** Pixels of a line and of a column; the style has the same. */
const CELL_SIZE = 28
/** Lines and columns that are drawn beyond the visible ones, on every side. */
const OVERSCAN = 12
/** Up to this size the whole matrix is drawn, and printed. */
const MAX_PRINTED_LINES = 60
const MAX_PRINTED_COLUMNS = 20

interface Line {
  readonly element: HTMLElement
  /** Columns whose marks are drawn. */
  readonly marked: Set<number>
}

/** The grid and what of it is shown. Hosts and findings are indexes of the model. */
interface Matrix {
  readonly model: Model
  readonly grid: HTMLElement
  readonly head: HTMLElement
  readonly body: HTMLElement
  /** The host of each line. */
  hosts: readonly number[]
  /** The finding of each column. */
  findings: readonly number[]
  columnOf: ReadonlyMap<number, number>
  selection: Selection | null
  /** The lines in the page, by number. */
  readonly drawn: Map<number, Line>
}

/**
 * Hosts by findings. The page holds only the visible lines, each with the visible marks, so the cost depends on what is
 * visible and not on hosts × findings. The grid states its full size for screen readers.
 */
export function matrix(
  model: Model,
  selectHost: (id: string) => void,
  open: (finding: number) => void
): View {
  const head = el('div', { class: 'head', role: 'row', 'aria-rowindex': 1 })
  const body = el('div', { class: 'lines', role: 'rowgroup' })
  const grid = el(
    'div',
    { class: 'grid', role: 'grid', 'aria-label': 'Hosts by findings' },
    el('div', { class: 'heads', role: 'rowgroup' }, head),
    body
  )
  const note = el('p', { class: 'quiet' })
  const printNote = el('p', { class: 'on-paper quiet' })
  const ranked = rankedHosts(model)
  const state: Matrix = {
    model,
    grid,
    head,
    body,
    hosts: [],
    findings: [],
    columnOf: new Map(),
    selection: null,
    drawn: new Map()
  }
  const redraw = () => draw(state)
  grid.addEventListener('scroll', () => requestAnimationFrame(redraw), { passive: true })
  new ResizeObserver(redraw).observe(grid)
  rovingTabindex(
    grid,
    '[data-line]',
    (key, from) => neighbor(state, key, from),
    cell => {
      const { finding, host } = cell.dataset
      if (finding !== undefined) open(Number(finding))
      else selectHost(model.hosts[Number(host)]?.host.id ?? '')
    }
  )
  return {
    element: el('div', { class: 'matrix' }, grid, note, printNote),
    show(selection) {
      select(state, selection, ranked)
      const { hosts, findings } = state
      const size = `${count(hosts.length, 'host')} by ${count(findings.length, 'finding')}`
      const large = hosts.length > MAX_PRINTED_LINES || findings.length > MAX_PRINTED_COLUMNS
      grid.toggleAttribute('data-large', large)
      fill(printNote, large ? `${size}: too large to print.` : '')
      fill(
        note,
        hosts.length === 0
          ? 'No host has a finding that matches the filters.'
          : `${size}. Each column is a finding, numbered as in the list below. Press Enter or click to open it.`
      )
    }
  }
}

/** Shows the hosts and findings of a selection, from the top. */
function select(matrix: Matrix, selection: Selection, ranked: readonly number[]): void {
  const { model, grid, head, body, drawn } = matrix
  matrix.selection = selection
  matrix.findings = model.findings.flatMap(({ section, hosts }, index) =>
    section === 'findings' && hosts.length > 0 && selection.findings[index] === true ? [index] : []
  )
  matrix.columnOf = new Map(matrix.findings.map((finding, column) => [finding, column]))
  matrix.hosts = ranked.filter(
    host =>
      model.hosts[host]?.findings.some(
        finding => matrix.columnOf.has(finding) && selection.pair(host, finding)
      ) === true
  )
  const { hosts, findings } = matrix
  grid.setAttribute('aria-rowcount', String(hosts.length + 1))
  grid.setAttribute('aria-colcount', String(findings.length + 1))
  grid.style.setProperty('--lines', String(hosts.length))
  grid.style.setProperty('--columns', String(findings.length))
  grid.hidden = hosts.length === 0
  drawn.clear()
  body.replaceChildren()
  const heads = findings.flatMap((finding, column) => {
    const view = model.findings[finding]
    return view === undefined ? [] : [findingCell(view, finding, column)]
  })
  fill(head, cornerCell(), ...heads)
  draw(matrix)
}

/** Draws the visible lines and marks, and removes lines that are out of sight. */
function draw(matrix: Matrix): void {
  const { grid, body, hosts, findings, drawn } = matrix
  const all = hosts.length <= MAX_PRINTED_LINES
  const { scrollTop, scrollLeft, clientHeight, clientWidth } = grid
  const first = all ? 0 : Math.max(0, Math.floor(scrollTop / CELL_SIZE) - OVERSCAN)
  const last = Math.min(hosts.length, Math.ceil((scrollTop + clientHeight) / CELL_SIZE) + OVERSCAN)
  const left = all ? 0 : Math.floor(scrollLeft / CELL_SIZE) - OVERSCAN
  const right = all ? findings.length : Math.ceil((scrollLeft + clientWidth) / CELL_SIZE) + OVERSCAN
  const above: HTMLElement[] = []
  const below: HTMLElement[] = []
  const top = Math.min(...drawn.keys())
  for (const [line, { element }] of drawn) {
    if ((line >= first && line < last) || element.contains(document.activeElement)) continue
    element.remove()
    drawn.delete(line)
  }
  for (let line = first; line < last; line++) {
    const isNew = !drawn.has(line)
    const { element } = drawLine(matrix, line, left, right)
    if (isNew) (line < top ? above : below).push(element)
  }
  body.prepend(...above)
  body.append(...below)
  if (grid.querySelector('[tabindex="0"]') === null)
    grid.querySelector('[tabindex]')?.setAttribute('tabindex', '0')
}

/** A line with its marks from one column up to another. A new line is not yet in the page. */
function drawLine(matrix: Matrix, line: number, from: number, to: number): Line {
  const { model, hosts, columnOf, selection, drawn } = matrix
  const host = hosts[line] ?? -1
  const view = model.hosts[host]
  const known = drawn.get(line) ?? newLine(matrix, line)
  for (const finding of view?.findings ?? []) {
    const column = columnOf.get(finding)
    const found = model.findings[finding]
    if (view === undefined || found === undefined || column === undefined) continue
    if (column < from || column >= to || known.marked.has(column)) continue
    if (selection?.pair(host, finding) !== true) continue
    known.marked.add(column)
    known.element.append(markCell(view, found, finding, { line, column }))
  }
  return known
}

function newLine({ model, hosts, drawn }: Matrix, line: number): Line {
  const host = hosts[line] ?? -1
  const view = model.hosts[host]
  const element = el('div', { class: 'line', role: 'row', 'aria-rowindex': line + 2 })
  element.style.setProperty('--line-number', String(line))
  if (view !== undefined) element.append(hostCell(view, host, line, model))
  const made = { element, marked: new Set<number>() }
  drawn.set(line, made)
  return made
}

/** Scrolls to a line and draws all of its marks. */
function scrollToLine(matrix: Matrix, line: number): HTMLElement {
  const { grid, head, findings } = matrix
  const top = line * CELL_SIZE
  const room = grid.clientHeight - head.offsetHeight
  if (top < grid.scrollTop) grid.scrollTop = top
  else if (top + CELL_SIZE > grid.scrollTop + room) grid.scrollTop = top + CELL_SIZE - room
  draw(matrix)
  return drawLine(matrix, line, 0, findings.length).element
}

/** The cell that a key leads to; `null`: none. */
function neighbor(matrix: Matrix, key: string, from: HTMLElement): HTMLElement | null {
  const { grid, head, hosts } = matrix
  const { line, column } = positionOf(from)
  const cells = () => cellsOf(line < 0 ? head : scrollToLine(matrix, line))
  const inLine = (to: number): HTMLElement | null => {
    if (to < 0) return nearestCell(head, column)
    return to < hosts.length ? nearestCell(scrollToLine(matrix, to), column) : null
  }
  const page = Math.max(1, Math.floor(grid.clientHeight / CELL_SIZE) - 2)
  switch (key) {
    case 'ArrowRight':
      return cells().find(cell => positionOf(cell).column > column) ?? null
    case 'ArrowLeft':
      return cells().findLast(cell => positionOf(cell).column < column) ?? null
    case 'ArrowDown':
      return inLine(line + 1)
    case 'ArrowUp':
      return inLine(line - 1)
    case 'PageDown':
      return inLine(Math.min(hosts.length - 1, line + page))
    case 'PageUp':
      return inLine(Math.max(0, line - page))
    case 'Home':
      return cells()[0] ?? null
    case 'End':
      return cells().at(-1) ?? null
    default:
      return null
  }
}

/** The hosts with findings: outliers first, then the worst, then the most surprising. */
function rankedHosts({ hosts }: Model): number[] {
  const rank = (host: number): number => {
    const view = hosts[host]
    const worst = SEVERITIES.indexOf(view?.worst ?? 'info')
    return view?.state === 'outlier' ? worst : worst + SEVERITIES.length
  }
  const surprise = (host: number): number => hosts[host]?.host.surprise ?? 0
  return hosts
    .flatMap(({ worst }, host) => (worst === null ? [] : [host]))
    .sort((a, b) => rank(a) - rank(b) || surprise(b) - surprise(a) || a - b)
}
