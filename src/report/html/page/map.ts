import { count } from '../../../text/phrases.ts'
import { SEVERITIES } from '../../report.ts'
import { el, icon, untrusted } from './dom.ts'
import type { Selection } from './filter.ts'
import { groupHeader, groupsOf } from './groups.ts'
import { hostLabel, hostStatus, SEVERITY_SHAPES } from './labels.ts'
import type { HostView, Model } from './model.ts'
import { rovingTabindex } from './roving-tabindex.ts'

/** Up to this many outliers of a cluster are named on the map. */
const MAX_NAMED_HOSTS = 48
/** In a fleet of up to this many hosts, every host is named. */
const MAX_NAMED_FLEET = 12
/** Up to this many hosts are drawn large (24 px), up to the next medium (17 px), and more small (12 px). */
const MAX_LARGE_HOSTS = 400
const MAX_MEDIUM_HOSTS = 2_000

export interface View {
  readonly element: HTMLElement
  readonly show: (selection: Selection) => void
}

/** The fleet: one icon for each host, by cluster, with outliers, partial and silent hosts apart. O(hosts). */
export function fleetMap(model: Model, selectHost: (id: string) => void): View {
  const { length } = model.hosts
  const size = length <= MAX_LARGE_HOSTS ? 'large' : length <= MAX_MEDIUM_HOSTS ? 'medium' : 'small'
  const options: (HTMLElement | undefined)[] = new Array(length)
  const listbox = (label: string, hosts: readonly number[], named: boolean): HTMLElement => {
    const box = hostListbox(label, named, selectHost, model)
    for (const host of hosts) {
      const option = hostOption(model, host, named)
      options[host] = option
      box.append(option)
    }
    box.firstElementChild?.setAttribute('tabindex', '0')
    return box
  }
  const element = el(
    'div',
    { class: 'map', 'data-size': size },
    ...clusterGroups(model, listbox),
    ...unassessedGroups(model, listbox),
    legend(model)
  )
  let shown: readonly boolean[] = model.hosts.map(() => true)
  return {
    element,
    show({ hosts }) {
      for (const [host, visible] of hosts.entries())
        if (visible !== shown[host]) options[host]?.toggleAttribute('data-dim', !visible)
      shown = hosts
    }
  }
}

type Listbox = (label: string, hosts: readonly number[], named: boolean) => HTMLElement

/** Each group of hosts: its outliers, then the others. */
function clusterGroups(model: Model, listbox: Listbox): HTMLElement[] {
  return groupsOf(model).map(({ name, hosts, header }) => {
    const isOutlier = (host: number) => model.hosts[host]?.state === 'outlier'
    const outliers = hosts.filter(isOutlier).sort(worstFirst(model))
    const others = hosts.filter(host => !isOutlier(host)).sort(worstFirst(model))
    const body = el('div', { class: 'body' })
    if (outliers.length > 0)
      body.append(
        listbox(`${name}: ${count(outliers.length, 'outlier')}`, outliers, outliers.length <= MAX_NAMED_HOSTS)
      )
    if (others.length > 0)
      body.append(
        listbox(
          `${name}: ${count(others.length, 'other host')}`,
          others,
          model.hosts.length <= MAX_NAMED_FLEET
        )
      )
    return el('section', { class: 'group' }, header, body)
  })
}

const UNASSESSED = {
  partial: { name: 'Partial', meaning: 'answered only some queries' },
  silent: { name: 'Silent', meaning: 'no answer: not assessed, so never reported as clean' }
} as const

/** Partial hosts, silent hosts, and hosts that were expected but not found. */
function unassessedGroups(model: Model, listbox: Listbox): HTMLElement[] {
  const groups = (['partial', 'silent'] as const).flatMap(state => {
    const hosts = model.hosts.flatMap((host, index) => (host.state === state ? [index] : []))
    if (hosts.length === 0) return []
    const { name, meaning } = UNASSESSED[state]
    const label = `${name}: ${count(hosts.length, 'host')}`
    const body = el('div', { class: 'body' }, listbox(label, hosts, hosts.length <= MAX_NAMED_HOSTS))
    return [el('section', { class: 'group' }, groupHeader(name, hosts.length, meaning), body)]
  })
  const notFound = model.report.summary.hosts - model.report.hosts.length
  if (notFound <= 0) return groups
  const header = groupHeader('Not found', notFound, 'expected, but not among the hosts of this run')
  return [...groups, el('section', { class: 'group' }, header)]
}

const worstFirst =
  (model: Model) =>
  (a: number, b: number): number => {
    const [one, other] = [model.hosts[a], model.hosts[b]]
    return rank(one) - rank(other) || (other?.host.surprise ?? 0) - (one?.host.surprise ?? 0) || a - b
  }

function rank(host: HostView | undefined): number {
  return host === undefined || host.worst === null ? SEVERITIES.length : SEVERITIES.indexOf(host.worst)
}

function hostListbox(
  label: string,
  named: boolean,
  selectHost: (id: string) => void,
  model: Model
): HTMLElement {
  const box = el('div', {
    class: named ? 'named' : 'dots',
    role: 'listbox',
    'aria-label': label,
    'aria-orientation': 'horizontal'
  })
  rovingTabindex(
    box,
    '[role=option]',
    (key, from) => neighbor(box, key, from),
    option => selectHost(model.hosts[Number(option.dataset.host)]?.host.id ?? '')
  )
  return box
}

function hostOption(model: Model, host: number, named: boolean): HTMLElement {
  const view = model.hosts[host]
  if (view === undefined) return el('div')
  const { status } = view.host
  const shape = status !== 'reported' ? status : view.worst === null ? 'dot' : SEVERITY_SHAPES[view.worst]
  const option = el(
    'div',
    {
      role: 'option',
      tabindex: -1,
      'aria-selected': 'false',
      'aria-label': `${hostLabel(view)}: ${hostStatus(view, model)}`,
      'data-host': host,
      'data-state': view.state
    },
    icon(shape)
  )
  if (named) option.append(untrusted(view.brief, 40))
  return option
}

function legend(model: Model): HTMLElement {
  const present = new Set<string>(
    model.hosts.map(({ host, worst }) => (host.status === 'reported' ? (worst ?? 'dot') : host.status))
  )
  const entries = [
    ...SEVERITIES.map(severity => ({ key: severity, shape: SEVERITY_SHAPES[severity], label: severity })),
    { key: 'dot', shape: 'dot', label: 'nothing found' },
    { key: 'partial', shape: 'partial', label: 'partial' },
    { key: 'silent', shape: 'silent', label: 'silent' }
  ]
  return el(
    'p',
    { class: 'legend' },
    ...entries
      .filter(({ key }) => present.has(key))
      .map(({ shape, label }) => el('span', {}, icon(shape), label))
  )
}

/** Left and right move along the hosts, up and down by the lines in which they are drawn. */
function neighbor(box: HTMLElement, key: string, from: HTMLElement): HTMLElement | null {
  const options = box.children
  const index = [...options].indexOf(from)
  const option = (to: number) => (options[to] as HTMLElement | undefined) ?? null
  switch (key) {
    case 'ArrowRight':
      return option(index + 1)
    case 'ArrowLeft':
      return option(index - 1)
    case 'Home':
      return option(0)
    case 'End':
      return option(options.length - 1)
    case 'ArrowDown':
      return option(index + optionsPerLine(box))
    case 'ArrowUp':
      return option(index - optionsPerLine(box))
    default:
      return null
  }
}

function optionsPerLine(box: HTMLElement): number {
  const [first, ...others] = box.children as HTMLCollectionOf<HTMLElement>
  const second = others.findIndex(option => option.offsetTop !== first?.offsetTop)
  return second < 0 ? box.children.length : second + 1
}
