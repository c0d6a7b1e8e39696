import { copyableJson, copyButton } from './copy.ts'
import { type Child, el, said, sign, technique } from './dom.ts'
import type { Selection } from './filter.ts'
import { hostList } from './hosts.ts'
import { type FindingView, type Model, SECTIONS, type Section } from './model.ts'
import { rowTables } from './rows.ts'
import { sqlFor } from './sql.ts'
import { capital, count, listed, nature, number, SHAPES } from './words.ts'

/** Hosts of a finding that are named at once; the others on request. */
const MAX_HOSTS_SHOWN = 24

export interface FindingList {
  /** One list for each section that has findings. */
  readonly elements: Readonly<Record<Section, HTMLElement>>
  readonly show: (selection: Selection) => void
  /** Opens a finding that is shown, goes there, and says so. */
  readonly open: (finding: number) => void
  /** Opens everything that is shown, for paper; and closes it again. */
  readonly unfold: () => void
  readonly refold: () => void
}

/** The findings, each a line that opens into its evidence. What is not open costs one line. */
export function findingList(
  model: Model,
  pick: (id: string) => void,
  onOpen: (finding: number | null) => void
): FindingList {
  const lists = {
    findings: el('div', { class: 'list' }),
    unassessed: el('div', { class: 'list' }),
    accepted: el('div', { class: 'list' })
  }
  const none = { findings: nothing(), unassessed: nothing(), accepted: nothing() }
  const cards = model.findings.map((view, at) => {
    const card = cardOf(view, model, pick)
    card.element.addEventListener('toggle', () => {
      if (card.element.open) card.fill()
    })
    card.element
      .querySelector('summary')
      ?.addEventListener('click', () => onOpen(card.element.open ? null : at))
    lists[view.section].append(card.element)
    return card
  })
  for (const section of SECTIONS) lists[section].append(none[section])
  const unfolded = new Set<HTMLDetailsElement>()
  return {
    elements: lists,
    show({ findings }) {
      const shown = { findings: 0, unassessed: 0, accepted: 0 }
      for (const [at, card] of cards.entries()) {
        card.element.hidden = findings[at] !== true
        const section = model.findings[at]?.section
        if (section !== undefined && findings[at] === true) shown[section]++
      }
      for (const section of SECTIONS) none[section].hidden = shown[section] > 0
    },
    open(at) {
      const card = cards[at]
      if (card === undefined || card.element.hidden) return
      card.fill()
      card.element.open = true
      onOpen(at)
      card.element.scrollIntoView({ block: 'start' })
      card.element.querySelector<HTMLElement>('summary')?.focus({ preventScroll: true })
    },
    unfold() {
      for (const { element, fill } of cards) {
        if (element.hidden || element.open) continue
        fill()
        element.open = true
        unfolded.add(element)
      }
    },
    refold() {
      for (const element of unfolded) element.open = false
      unfolded.clear()
    }
  }
}

function nothing(): HTMLElement {
  const note = el('p', { class: 'quiet' }, 'None that is asked for.')
  note.hidden = true
  return note
}

function cardOf(view: FindingView, model: Model, pick: (id: string) => void) {
  const { finding } = view
  const queries = listed(view.queries.slice(0, 3), Math.max(0, view.queries.length - 3))
  const element = el(
    'details',
    { class: 'finding', 'data-severity': finding.severity },
    el(
      'summary',
      {},
      sign(SHAPES[finding.severity]),
      el('span', { class: 'number' }, number(view.number)),
      el('h3', {}, capital(nature(finding))),
      el('span', { class: 'where' }, `on ${count(finding.hosts.length, 'host')}`),
      el('span', { class: 'queries' }, said(queries === '' ? finding.explanation : queries, 160)),
      el('span', { class: 'bits' }, finding.surprise > 0 ? `${finding.surprise.toFixed(1)} bits` : '')
    )
  )
  let filled = false
  return {
    element,
    fill() {
      if (filled) return
      filled = true
      element.append(bodyOf(view, model, pick))
    }
  }
}

function bodyOf(view: FindingView, model: Model, pick: (id: string) => void): HTMLElement {
  const { finding } = view
  const facts: [string, Child[]][] = [
    ['Hosts', [hostList(finding.hosts, model, pick, MAX_HOSTS_SHOWN)]],
    ['Cluster', finding.cluster === null ? [] : [said(finding.cluster, 64)]],
    ['Surprise', finding.surprise > 0 ? [`${finding.surprise.toFixed(1)} bits`] : []],
    ['ATT&CK', finding.attack.flatMap((id, at) => [at > 0 ? ', ' : '', technique(id)])],
    ['Accepted', finding.acceptedBy === null ? [] : [said(finding.acceptedBy)]],
    ['Finding', [el('code', {}, said(finding.id, 80))]]
  ]
  return el(
    'div',
    { class: 'evidence' },
    el('p', { class: 'explanation' }, said(finding.explanation, 2_000)),
    el(
      'dl',
      {},
      ...facts
        .filter(([, told]) => told.length > 0)
        .flatMap(([name, told]) => [el('dt', {}, name), el('dd', {}, ...told)])
    ),
    ...rowTables(finding.rows, model),
    actionsOf(view, model)
  )
}

function actionsOf({ finding }: FindingView, model: Model): HTMLElement {
  const sql = finding.rows.flatMap(row => sqlFor(row, model.sql) ?? [])
  return el(
    'div',
    { class: 'actions' },
    copyButton('Copy as JSON', () => copyableJson(finding)),
    ...(sql.length > 0 ? [copyButton('Copy as osquery SQL', () => sql.join('\n\n'))] : []),
    ...(finding.hosts.length > 0 ? [copyButton('Copy host ids', () => copyableLines(finding.hosts))] : [])
  )
}

/** Ids one a line; what is no plain id is written as JSON. */
function copyableLines(ids: readonly string[]): string {
  return ids.map(id => (/^[\w.:-]+$/.test(id) ? id : copyableJson(id))).join('\n')
}
