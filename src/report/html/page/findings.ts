import { count, list, number } from '../../../text/phrases.ts'
import { capital, findingLabel } from '../../phrases.ts'
import { pivotCommand, pivotOf } from '../../pivot.ts'
import { copyableJson, copyButton } from './copy.ts'
import { type Child, el, icon, technique, untrusted } from './dom.ts'
import type { Selection } from './filter.ts'
import { hostList } from './hosts.ts'
import { SEVERITY_SHAPES } from './labels.ts'
import { type FindingView, type Model, SECTIONS, type Section } from './model.ts'
import { rowTables } from './rows.ts'
import { sqlFor } from './sql.ts'

/** Hosts of a finding that are listed at once; the others on request. */
const MAX_HOSTS = 24
const MAX_TABLES = 3

export interface FindingList {
  /** One list for each section. */
  readonly elements: Readonly<Record<Section, HTMLElement>>
  readonly show: (selection: Selection) => void
  /** Opens a finding unless it is filtered out, and moves the focus there. */
  readonly open: (finding: number) => void
  /** Opens all visible findings for printing. */
  readonly openAll: () => void
  /** Closes what {@link openAll} opened. */
  readonly closeAgain: () => void
}

interface FindingElement {
  readonly element: HTMLDetailsElement
  /** Adds the evidence, if it is not there yet. */
  readonly fill: () => void
}

/** The findings, each as one line that opens into its evidence. A closed finding costs only that line. */
export function findingList(
  model: Model,
  selectHost: (id: string) => void,
  onOpen: (finding: number | null) => void
): FindingList {
  const elements = {
    findings: el('div', { class: 'list' }),
    unassessed: el('div', { class: 'list' }),
    accepted: el('div', { class: 'list' })
  }
  const empty = { findings: emptyNote(), unassessed: emptyNote(), accepted: emptyNote() }
  const items = model.findings.map((view, index) => {
    const item = findingElement(view, model, selectHost)
    const { element, fill } = item
    element.addEventListener('toggle', () => {
      if (element.open) fill()
    })
    element.querySelector('summary')?.addEventListener('click', () => onOpen(element.open ? null : index))
    elements[view.section].append(element)
    return item
  })
  for (const section of SECTIONS) elements[section].append(empty[section])
  const opened = new Set<HTMLDetailsElement>()
  return {
    elements,
    show({ findings }) {
      const shown = { findings: 0, unassessed: 0, accepted: 0 }
      for (const [index, { element }] of items.entries()) {
        element.hidden = findings[index] !== true
        const section = model.findings[index]?.section
        if (section !== undefined && !element.hidden) shown[section]++
      }
      for (const section of SECTIONS) empty[section].hidden = shown[section] > 0
    },
    open(index) {
      const item = items[index]
      if (item === undefined || item.element.hidden) return
      item.fill()
      item.element.open = true
      onOpen(index)
      item.element.scrollIntoView({ block: 'start' })
      item.element.querySelector<HTMLElement>('summary')?.focus({ preventScroll: true })
    },
    openAll() {
      for (const { element, fill } of items) {
        if (element.hidden || element.open) continue
        fill()
        element.open = true
        opened.add(element)
      }
    },
    closeAgain() {
      for (const element of opened) element.open = false
      opened.clear()
    }
  }
}

function emptyNote(): HTMLElement {
  const note = el('p', { class: 'quiet' }, 'No finding matches the filters.')
  note.hidden = true
  return note
}

function findingElement(view: FindingView, model: Model, selectHost: (id: string) => void): FindingElement {
  const { finding, queries } = view
  const { hosts, surprise, severity } = finding
  const tables = queries.length === 0 ? finding.explanation : list(queries, MAX_TABLES)
  const element = el(
    'details',
    { class: 'finding', 'data-severity': severity },
    el(
      'summary',
      {},
      icon(SEVERITY_SHAPES[severity]),
      el('span', { class: 'number' }, number(view.number)),
      el('h3', {}, capital(findingLabel(finding))),
      el('span', { class: 'where' }, hosts.length > 0 ? `on ${count(hosts.length, 'host')}` : ''),
      el('span', { class: 'queries' }, untrusted(tables, 160)),
      el('span', { class: 'bits' }, surprise > 0 ? `${surprise.toFixed(1)} bits` : '')
    )
  )
  let filled = false
  return {
    element,
    fill() {
      if (filled) return
      filled = true
      element.append(evidence(view, model, selectHost))
    }
  }
}

function evidence(view: FindingView, model: Model, selectHost: (id: string) => void): HTMLElement {
  const { finding } = view
  const { hosts, cluster, surprise, attack, acceptedBy } = finding
  const firstSeen = model.firstDays.get(finding.id)
  const details: [string, Child[]][] = [
    ['Hosts', [hostList(hosts, model, selectHost, MAX_HOSTS)]],
    ['Cluster', cluster === null ? [] : [untrusted(cluster, 64)]],
    ['Surprise', surprise > 0 ? [`${surprise.toFixed(1)} bits`] : []],
    ['ATT&CK', attack.flatMap((id, index) => [index > 0 ? ', ' : '', technique(id)])],
    ['First seen', firstSeen === undefined ? [] : [firstSeen]],
    ['Accepted', acceptedBy === null ? [] : [untrusted(acceptedBy)]],
    ['Finding', [el('code', {}, untrusted(finding.id, 80))]]
  ]
  return el(
    'div',
    { class: 'evidence' },
    el('p', { class: 'explanation' }, untrusted(finding.explanation, 2_000)),
    el(
      'dl',
      {},
      ...details
        .filter(([, children]) => children.length > 0)
        .flatMap(([name, children]) => [el('dt', {}, name), el('dd', {}, ...children)])
    ),
    ...rowTables(finding.rows, model),
    copyButtons(view, model)
  )
}

function copyButtons({ finding }: FindingView, model: Model): HTMLElement {
  const sql = finding.rows.flatMap(row => sqlFor(row, model.sql) ?? [])
  const indicators = pivotOf(finding)
  return el(
    'div',
    { class: 'actions' },
    copyButton('Copy as JSON', () => copyableJson(finding)),
    ...(sql.length > 0 ? [copyButton('Copy as osquery SQL', () => sql.join('\n\n'))] : []),
    ...(indicators.length > 0
      ? [
          copyButton('Copy as indicators', () => indicators.join('\n')),
          copyButton('Copy search command', () => pivotCommand(model.report.run, indicators))
        ]
      : []),
    ...(finding.hosts.length > 0 ? [copyButton('Copy host ids', () => copyableIds(finding.hosts))] : [])
  )
}

/** One id per line. An id with unusual characters is written as JSON. */
function copyableIds(ids: readonly string[]): string {
  return ids.map(id => (/^[\w.:-]+$/.test(id) ? id : copyableJson(id))).join('\n')
}
