import { learnedPart, suggestionPart } from './baseline-part.ts'
import { anchor, type Child, el } from './dom.ts'
import { EVERYTHING, type Filter, type Place, readHash, selectionOf, writeHash } from './filter.ts'
import { filterBar } from './filter-bar.ts'
import { findingList } from './findings.ts'
import { fleetMap } from './map.ts'
import { matrix } from './matrix.ts'
import { modelOf, type PageData, type Section } from './model.ts'
import { planPart } from './plan.ts'
import { moment, runFacts } from './run.ts'
import { themeSwitch } from './theme.ts'
import { tips } from './tooltip.ts'
import { hero } from './verdict.ts'
import { number } from './words.ts'

// The page's own data, written by the renderer beside this script from a checked report.
const data: PageData = JSON.parse(document.getElementById('data')?.textContent ?? '')
const model = modelOf(data)

let place = readHash(location.hash)

const pick = (id: string): void => change({ ...place.filter, host: place.filter.host === id ? '' : id })
const opened = (at: number | null): void =>
  remember({ ...place, finding: at === null ? '' : (model.findings[at]?.finding.id ?? '') })
const map = fleetMap(model, pick)
const list = findingList(model, pick, opened)
const grid = matrix(model, pick, list.open)
const bar = filterBar(model, change)

function change(filter: Filter): void {
  remember({ ...place, filter })
  show()
}

/** Keeps the place in the address, so that it can be shared. */
function remember(next: Place): void {
  place = next
  const hash = writeHash(next)
  if (hash === location.hash.replace(/^#/, '')) return
  try {
    history.replaceState(null, '', `#${hash}`)
  } catch {
    // Safari refuses more than a hundred in half a minute; the next one brings the address up to date.
  }
}

function show(): void {
  const selection = selectionOf(model, place.filter)
  bar.show(place.filter, selection)
  map.show(selection)
  list.show(selection)
  grid.show(selection)
  for (const mark of map.element.querySelectorAll<HTMLElement>('[aria-selected=true]'))
    mark.setAttribute('aria-selected', 'false')
  const picked = model.hosts.findIndex(view => view.host.id === place.filter.host)
  if (picked >= 0) map.element.querySelector(`[data-host="${picked}"]`)?.setAttribute('aria-selected', 'true')
}

function part(id: string, title: string, many: number | null, ...children: readonly Child[]): HTMLElement {
  const figure = many === null ? [] : [' ', el('span', { class: 'many' }, number(many))]
  return el(
    'section',
    { id, class: 'part', 'aria-labelledby': `${id}-title`, tabindex: -1 },
    el('h2', { id: `${id}-title` }, title, ...figure),
    ...children
  )
}

/** A part for the findings of a section, where there are any. */
function partOf(section: Section, title: string, ...before: readonly Child[]): HTMLElement[] {
  const many = model.findings.filter(view => view.section === section).length
  return many === 0 ? [] : [part(section, title, many, ...before, list.elements[section])]
}

/** Shows a host alone, from a part above the filters. */
function toHost(id: string): void {
  change({ ...EVERYTHING, host: id })
  go('fleet')
}

/** The way to a finding that the report has; filters that hide it are undone. */
function toFinding(id: string): (() => void) | null {
  const at = model.findings.findIndex(({ finding }) => finding.id === id)
  if (at < 0) return null
  return () => {
    if (selectionOf(model, place.filter).findings[at] !== true) change(EVERYTHING)
    list.open(at)
  }
}

function go(id: string): void {
  const target = document.getElementById(id)
  target?.scrollIntoView()
  target?.focus({ preventScroll: true })
}

const { plan, learned, suggestion } = data.report
const baseline = [
  ...(plan === undefined
    ? []
    : [part('plan', 'Plan', null, ...planPart(plan, model, { toHost, toFinding }))]),
  ...(learned === undefined
    ? []
    : [part('learned', 'What was learned', null, ...learnedPart(learned, model, toHost))])
]
const findings = partOf('findings', 'Findings')
const parts = [
  part('fleet', 'Fleet', data.report.hosts.length, map.element),
  ...(findings.length > 0 ? [part('matrix', 'Hosts by findings', null, grid.element)] : []),
  ...findings,
  ...(suggestion === undefined
    ? []
    : [part('suggestion', 'Suggestion', null, ...suggestionPart(suggestion))]),
  ...partOf(
    'unassessed',
    'Not fully assessed',
    el('p', { class: 'quiet' }, 'What was not assessed is not called clean.')
  ),
  ...partOf('accepted', 'Accepted'),
  part('run', 'Run', null, runFacts(model))
]
const links = [...baseline, ...parts].map(section =>
  anchor(section.id, section.querySelector('h2')?.firstChild?.textContent ?? '')
)
const top = el(
  'header',
  { class: 'top' },
  el('p', {}, el('b', {}, 'Fleet Drift'), ' ', moment(data.report.run.finishedAt)),
  el('nav', { 'aria-label': 'Parts of this report' }, ...links),
  themeSwitch()
)
const main = el('main', {}, hero(model), ...baseline, bar.element, ...parts)
document.body.append(top, main)
document.body.append(tips(main))

// The address holds the filters, so that links within the page must not change it.
document.addEventListener('click', event => {
  const link = (event.target as Element).closest<HTMLAnchorElement>('a[href^="#"]')
  if (link === null) return
  event.preventDefault()
  go(link.hash.slice(1))
})
addEventListener('hashchange', arrive)
addEventListener('beforeprint', list.unfold)
addEventListener('afterprint', list.refold)

function arrive(): void {
  place = readHash(location.hash)
  show()
  const at = model.findings.findIndex(({ finding }) => finding.id === place.finding)
  if (at >= 0) list.open(at)
}

arrive()
if (place.finding === '')
  document.querySelector<HTMLDetailsElement>('.finding:not([hidden])')?.setAttribute('open', '')
