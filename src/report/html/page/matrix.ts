import { SEVERITIES } from '../../report.ts'
import { el, fill } from './dom.ts'
import type { Selection } from './filter.ts'
import type { View } from './map.ts'
import { cellsOf, cornerCell, findingCell, hostCell, markCell, nearestCell, placeOf } from './matrix-cells.ts'
import type { Model } from './model.ts'
import { rove } from './roving-tabindex.ts'
import { count } from './words.ts'

/** Pixels of a line and of a column; the style has the same. */
const PITCH = 28
/** Lines and columns drawn beyond what is in sight, on either side. */
const SPARE = 12
/** Lines and columns that fit on paper; so few lines are all in the page. */
const ON_PAPER = 60
const ACROSS_PAPER = 20

interface Line {
  readonly element: HTMLElement
  /** Columns whose marks are drawn. */
  readonly marked: Set<number>
}

/**
 * Hosts by findings. Only the lines in sight are in the page, each with the marks in sight, so that its cost hangs on
 * what is in sight and not on hosts × findings. The grid says how large it is as a whole.
 */
export function matrix(model: Model, pick: (id: string) => void, open: (finding: number) => void): View {
  const head = el('div', { class: 'head', role: 'row', 'aria-rowindex': 1 })
  const lines = el('div', { class: 'lines', role: 'rowgroup' })
  const grid = el(
    'div',
    { class: 'grid', role: 'grid', 'aria-label': 'Hosts by findings' },
    el('div', { class: 'heads', role: 'rowgroup' }, head),
    lines
  )
  const note = el('p', { class: 'quiet' })
  const paper = el('p', { class: 'on-paper quiet' })
  const ranked = rankedHosts(model)
  let shown: number[] = []
  let columns: number[] = []
  let columnOf = new Map<number, number>()
  let selection: Selection | null = null
  const drawn = new Map<number, Line>()

  const drawLine = (line: number): Line => {
    const at = shown[line] ?? -1
    const view = model.hosts[at]
    const element = el('div', { class: 'line', role: 'row', 'aria-rowindex': line + 2 })
    element.style.setProperty('--line-number', String(line))
    if (view !== undefined) element.append(hostCell(view, at, line, model))
    const made = { element, marked: new Set<number>() }
    drawn.set(line, made)
    return made
  }

  /** Draws the marks of a line from one column up to another, where they are not yet. */
  const drawMarks = (line: number, { element, marked }: Line, from: number, to: number): void => {
    const at = shown[line] ?? -1
    const view = model.hosts[at]
    for (const finding of view?.findings ?? []) {
      const column = columnOf.get(finding)
      const found = model.findings[finding]
      if (view === undefined || found === undefined || column === undefined) continue
      if (column < from || column >= to || marked.has(column) || selection?.pair(at, finding) !== true)
        continue
      marked.add(column)
      element.append(markCell(view, found, finding, { line, column }))
    }
  }

  const draw = (): void => {
    const few = shown.length <= ON_PAPER
    const first = few ? 0 : Math.max(0, Math.floor(grid.scrollTop / PITCH) - SPARE)
    const last = Math.min(shown.length, Math.ceil((grid.scrollTop + grid.clientHeight) / PITCH) + SPARE)
    const left = few ? 0 : Math.floor(grid.scrollLeft / PITCH) - SPARE
    const right = few ? columns.length : Math.ceil((grid.scrollLeft + grid.clientWidth) / PITCH) + SPARE
    const above: HTMLElement[] = []
    const below: HTMLElement[] = []
    const top = Math.min(...drawn.keys())
    for (const [line, { element }] of drawn) {
      if ((line >= first && line < last) || element.contains(document.activeElement)) continue
      element.remove()
      drawn.delete(line)
    }
    for (let line = first; line < last; line++) {
      const known = drawn.get(line)
      const here = known ?? drawLine(line)
      drawMarks(line, here, left, right)
      if (known === undefined) (line < top ? above : below).push(here.element)
    }
    lines.prepend(...above)
    lines.append(...below)
    if (grid.querySelector('[tabindex="0"]') === null)
      grid.querySelector('[tabindex]')?.setAttribute('tabindex', '0')
  }

  /** A line with all its marks, scrolled to. */
  const lineInSight = (line: number): HTMLElement => {
    const top = line * PITCH
    const room = grid.clientHeight - head.offsetHeight
    if (top < grid.scrollTop) grid.scrollTop = top
    else if (top + PITCH > grid.scrollTop + room) grid.scrollTop = top + PITCH - room
    draw()
    const here = drawn.get(line) ?? drawLine(line)
    drawMarks(line, here, 0, columns.length)
    return here.element
  }

  const neighbor = (key: string, from: HTMLElement): HTMLElement | null => {
    const { line, column } = placeOf(from)
    const own = () => cellsOf(line < 0 ? head : lineInSight(line))
    const along = (to: number): HTMLElement | null => {
      if (to < 0) return nearestCell(head, column)
      return to < shown.length ? nearestCell(lineInSight(to), column) : null
    }
    const page = Math.max(1, Math.floor(grid.clientHeight / PITCH) - 2)
    switch (key) {
      case 'ArrowRight':
        return own().find(cell => placeOf(cell).column > column) ?? null
      case 'ArrowLeft':
        return own().findLast(cell => placeOf(cell).column < column) ?? null
      case 'ArrowDown':
        return along(line + 1)
      case 'ArrowUp':
        return along(line - 1)
      case 'PageDown':
        return along(Math.min(shown.length - 1, line + page))
      case 'PageUp':
        return along(Math.max(0, line - page))
      case 'Home':
        return own()[0] ?? null
      case 'End':
        return own().at(-1) ?? null
      default:
        return null
    }
  }

  grid.addEventListener('scroll', () => requestAnimationFrame(draw), { passive: true })
  new ResizeObserver(draw).observe(grid)
  rove(grid, '[data-line]', neighbor, cell => {
    const { finding, host } = cell.dataset
    if (finding !== undefined) open(Number(finding))
    else pick(model.hosts[Number(host)]?.host.id ?? '')
  })

  return {
    element: el('div', { class: 'matrix' }, grid, note, paper),
    show(next) {
      selection = next
      columns = model.findings.flatMap(({ section, hosts }, at) =>
        section === 'findings' && hosts.length > 0 && next.findings[at] === true ? [at] : []
      )
      columnOf = new Map(columns.map((finding, column) => [finding, column]))
      shown = ranked.filter(
        at => model.hosts[at]?.findings.some(f => columnOf.has(f) && next.pair(at, f)) === true
      )
      grid.setAttribute('aria-rowcount', String(shown.length + 1))
      grid.setAttribute('aria-colcount', String(columns.length + 1))
      grid.style.setProperty('--lines', String(shown.length))
      grid.style.setProperty('--columns', String(columns.length))
      grid.hidden = shown.length === 0
      const large = shown.length > ON_PAPER || columns.length > ACROSS_PAPER
      grid.toggleAttribute('data-large', large)
      const size = `${count(shown.length, 'host')} by ${count(columns.length, 'finding')}`
      fill(paper, large ? `${size}: too large for paper.` : '')
      fill(
        note,
        shown.length === 0
          ? 'No host is in a finding that is asked for.'
          : `${size}. A column is a finding, by its number below; open it with Enter or a click.`
      )
      drawn.clear()
      lines.replaceChildren()
      const heads = columns.flatMap((at, column) => {
        const view = model.findings[at]
        return view === undefined ? [] : [findingCell(view, at, column)]
      })
      fill(head, cornerCell(), ...heads)
      draw()
    }
  }
}

/** Hosts in a finding: outliers first, then the worst, then the most surprising. */
function rankedHosts({ hosts }: Model): number[] {
  const rank = (at: number): number => {
    const view = hosts[at]
    const worst = SEVERITIES.indexOf(view?.worst ?? 'info')
    return view?.state === 'outlier' ? worst : worst + SEVERITIES.length
  }
  const surprise = (at: number): number => hosts[at]?.host.surprise ?? 0
  return hosts
    .flatMap(({ worst }, at) => (worst === null ? [] : [at]))
    .sort((a, b) => rank(a) - rank(b) || surprise(b) - surprise(a) || a - b)
}
