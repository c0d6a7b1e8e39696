import { number } from '../../../text/phrases.ts'
import { learnedSection, suggestionSection } from './baseline-sections.ts'
import { anchor, type Child, el } from './dom.ts'
import { EVERYTHING, type Filter, type PageState, readHash, selectionOf, writeHash } from './filter.ts'
import { filterBar } from './filter-bar.ts'
import { findingList } from './findings.ts'
import { inventorySection } from './inventory.ts'
import { fleetMap } from './map.ts'
import { matrix } from './matrix.ts'
import { modelOf, type PageData, type Section } from './model.ts'
import { planSection } from './plan.ts'
import { runDetails, timestamp } from './run.ts'
import { themeSwitch } from './theme.ts'
import { tooltip } from './tooltip.ts'
import { unassessedReasons } from './unassessed.ts'
import { verdictHeader } from './verdict.ts'

// Written by the renderer next to this script, from a validated report.
const data: PageData = JSON.parse(document.getElementById('data')?.textContent ?? '')
const model = modelOf(data)

let state = readHash(location.hash)

const map = fleetMap(model, selectHost)
const list = findingList(model, selectHost, onOpen)
const grid = matrix(model, selectHost, list.open)
const bar = filterBar(model, applyFilter)

function applyFilter(filter: Filter): void {
  setState({ ...state, filter })
  show()
}

/** Filters by a host; selecting it again removes the filter. */
function selectHost(id: string): void {
  applyFilter({ ...state.filter, host: state.filter.host === id ? '' : id })
}

function onOpen(finding: number | null): void {
  setState({ ...state, finding: finding === null ? '' : (model.findings[finding]?.finding.id ?? '') })
}

/** Keeps the state in the address, so that it can be shared. */
function setState(next: PageState): void {
  state = next
  const hash = writeHash(next)
  if (hash === location.hash.replace(/^#/, '')) return
  try {
    history.replaceState(null, '', `#${hash}`)
  } catch {
    // Safari refuses more than 100 changes in 30 seconds. The next one updates the address.
  }
}

function show(): void {
  const selection = selectionOf(model, state.filter)
  bar.show(state.filter, selection)
  map.show(selection)
  list.show(selection)
  grid.show(selection)
  for (const option of map.element.querySelectorAll<HTMLElement>('[aria-selected=true]'))
    option.setAttribute('aria-selected', 'false')
  const selected = model.hosts.findIndex(view => view.host.id === state.filter.host)
  if (selected >= 0)
    map.element.querySelector(`[data-host="${selected}"]`)?.setAttribute('aria-selected', 'true')
}

function section(
  id: string,
  title: string,
  total: number | null,
  ...children: readonly Child[]
): HTMLElement {
  const figure = total === null ? [] : [' ', el('span', { class: 'count' }, number(total))]
  return el(
    'section',
    { id, class: 'section', 'aria-labelledby': `${id}-title`, tabindex: -1 },
    el('h2', { id: `${id}-title` }, title, ...figure),
    ...children
  )
}

/** A section for some of the findings, if there are any. */
function findingSection(name: Section, title: string, ...before: readonly Child[]): HTMLElement[] {
  const total = model.findings.filter(view => view.section === name).length
  return total === 0 ? [] : [section(name, title, total, ...before, list.elements[name])]
}

/** Hosts that are not fully assessed with the reason, and the findings about them. */
function unassessedSection(): HTMLElement[] {
  const reasons = unassessedReasons(model, selectHost)
  const { reported, hosts } = data.report.summary
  const hasFindings = model.findings.some(({ section }) => section === 'unassessed')
  return reasons.length === 0
    ? []
    : [
        section(
          'unassessed',
          'Not fully assessed',
          hosts - reported,
          ...reasons,
          ...(hasFindings ? [list.elements.unassessed] : [])
        )
      ]
}

/** Shows only one host, from a section above the filters. */
function showHost(id: string): void {
  applyFilter({ ...EVERYTHING, host: id })
  goTo('fleet')
}

/** Opens a finding, and resets filters that hide it. `null`: the report does not have it. */
function findingOpener(id: string): (() => void) | null {
  const index = model.findings.findIndex(({ finding }) => finding.id === id)
  return index < 0 ? null : () => openFinding(index)
}

function openFinding(index: number): void {
  if (selectionOf(model, state.filter).findings[index] !== true) applyFilter(EVERYTHING)
  list.open(index)
}

function goTo(id: string): void {
  const target = document.getElementById(id)
  target?.scrollIntoView()
  target?.focus({ preventScroll: true })
}

const { plan, learned, suggestion, inventory } = data.report
const baselineSections = [
  ...(plan === undefined
    ? []
    : [section('plan', 'Plan', null, ...planSection(plan, model, { showHost, findingOpener }))]),
  ...(learned === undefined
    ? []
    : [section('learned', 'Learned baseline', null, ...learnedSection(learned, model, showHost))])
]
const findings = findingSection('findings', 'Findings')
const sections = [
  section('fleet', 'Fleet', data.report.hosts.length, map.element),
  ...(findings.length > 0 ? [section('matrix', 'Hosts by findings', null, grid.element)] : []),
  ...findings,
  ...(inventory === undefined
    ? []
    : [section('inventory', 'Inventory', null, ...inventorySection(inventory, model, showHost))]),
  ...(suggestion === undefined
    ? []
    : [section('suggestion', 'Suggestion', null, ...suggestionSection(suggestion))]),
  ...unassessedSection(),
  ...findingSection('accepted', 'Accepted'),
  section('run', 'Run', null, runDetails(model))
]
const links = [...baselineSections, ...sections].map(element =>
  anchor(element.id, element.querySelector('h2')?.firstChild?.textContent ?? '')
)
const top = el(
  'header',
  { class: 'top' },
  el('p', {}, el('b', {}, 'Fleet Drift'), ' ', timestamp(data.report.run.finishedAt)),
  el('nav', { 'aria-label': 'Sections of this report' }, ...links),
  themeSwitch()
)
const filters = model.hosts.length + model.findings.length > 1 ? [bar.element] : []
const main = el('main', {}, verdictHeader(model, openFinding), ...baselineSections, ...filters, ...sections)
document.body.append(top, main)
document.body.append(tooltip(main))

// The address holds the state, so links within the page must not change it.
document.addEventListener('click', event => {
  const link = (event.target as Element).closest<HTMLAnchorElement>('a[href^="#"]')
  if (link === null) return
  event.preventDefault()
  goTo(link.hash.slice(1))
})
addEventListener('hashchange', restore)
addEventListener('beforeprint', list.openAll)
addEventListener('afterprint', list.closeAgain)

/** Shows the state in the address. */
function restore(): void {
  state = readHash(location.hash)
  show()
  const index = model.findings.findIndex(({ finding }) => finding.id === state.finding)
  if (index >= 0) list.open(index)
}

restore()
if (state.finding === '')
  document.querySelector<HTMLDetailsElement>('.finding:not([hidden])')?.setAttribute('open', '')
