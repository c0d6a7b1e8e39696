import { SEVERITIES } from '../../report.ts'
import { el, said, sign } from './dom.ts'
import type { Selection } from './filter.ts'
import { groupsOf, plainCaption } from './groups.ts'
import type { HostView, Model } from './model.ts'
import { rove } from './roving-tabindex.ts'
import { count, hostNews, hostWords, SHAPES } from './words.ts'

/** Outliers are named on the map up to this many in a cluster. */
const MAX_HOSTS_NAMED = 48
/** Up to this many hosts are drawn large (24 px), up to the next in the middle (16 px), further ones small (11 px). */
const LARGE = 400
const MIDDLE = 2_000

export interface View {
  readonly element: HTMLElement
  readonly show: (selection: Selection) => void
}

/** The fleet: one mark a host, by cluster, with outliers, partial and silent hosts apart. O(hosts). */
export function fleetMap(model: Model, pick: (id: string) => void): View {
  const marks: (HTMLElement | undefined)[] = new Array(model.hosts.length)
  const size = model.hosts.length <= LARGE ? 'large' : model.hosts.length <= MIDDLE ? 'middle' : 'small'
  const element = el('div', { class: 'map', 'data-size': size })
  const field = (label: string, hosts: readonly number[], named: boolean): HTMLElement => {
    const box = el('div', {
      class: named ? 'named' : 'dots',
      role: 'listbox',
      'aria-label': label,
      'aria-orientation': 'horizontal'
    })
    for (const at of hosts) {
      const mark = markOf(model, at, named)
      marks[at] = mark
      box.append(mark)
    }
    box.firstElementChild?.setAttribute('tabindex', '0')
    rove(
      box,
      '[role=option]',
      (key, from) => neighbor(box, key, from),
      mark => pick(model.hosts[Number(mark.dataset.host)]?.host.id ?? '')
    )
    return box
  }

  const inState = (state: HostView['state']) =>
    model.hosts.flatMap((host, at) => (host.state === state ? [at] : []))
  for (const { name, hosts, head } of groupsOf(model)) {
    const outliers = hosts.filter(at => model.hosts[at]?.state === 'outlier').sort(byWorst(model))
    const rest = hosts.filter(at => model.hosts[at]?.state !== 'outlier').sort(byWorst(model))
    const group = el('section', { class: 'group' }, head)
    const body = el('div', { class: 'body' })
    if (outliers.length > 0)
      body.append(
        field(`${name}: ${count(outliers.length, 'outlier')}`, outliers, outliers.length <= MAX_HOSTS_NAMED)
      )
    if (rest.length > 0) body.append(field(`${name}: ${count(rest.length, 'other host')}`, rest, false))
    group.append(body)
    element.append(group)
  }
  for (const state of ['partial', 'silent'] as const) {
    const hosts = inState(state)
    if (hosts.length === 0) continue
    const name = state === 'partial' ? 'Partial' : 'Silent'
    const why =
      state === 'partial'
        ? 'answered, and not to everything'
        : 'no answer: not assessed, so never called clean'
    const body = el(
      'div',
      { class: 'body' },
      field(`${name}: ${count(hosts.length, 'host')}`, hosts, hosts.length <= MAX_HOSTS_NAMED)
    )
    element.append(el('section', { class: 'group' }, plainCaption(name, hosts.length, why), body))
  }
  const unseen = model.report.summary.hosts - model.report.hosts.length
  if (unseen > 0) {
    const why = 'expected by number, and not among the targets'
    element.append(el('section', { class: 'group' }, plainCaption('Never seen', unseen, why)))
  }
  element.append(legend(model))

  let shown: readonly boolean[] = model.hosts.map(() => true)
  return {
    element,
    show({ hosts }) {
      for (const [at, visible] of hosts.entries()) {
        if (visible === shown[at]) continue
        marks[at]?.toggleAttribute('data-dim', !visible)
      }
      shown = hosts
    }
  }
}

const byWorst =
  (model: Model) =>
  (a: number, b: number): number => {
    const [one, other] = [model.hosts[a], model.hosts[b]]
    return rank(one) - rank(other) || (other?.host.surprise ?? 0) - (one?.host.surprise ?? 0) || a - b
  }

function rank(host: HostView | undefined): number {
  return host === undefined || host.worst === null ? SEVERITIES.length : SEVERITIES.indexOf(host.worst)
}

function markOf(model: Model, at: number, named: boolean): HTMLElement {
  const view = model.hosts[at]
  if (view === undefined) return el('div')
  const shape =
    view.host.status !== 'reported' ? view.host.status : view.worst === null ? 'calm' : SHAPES[view.worst]
  const mark = el(
    'div',
    {
      role: 'option',
      tabindex: -1,
      'aria-selected': 'false',
      'aria-label': `${hostWords(view)}: ${hostNews(view, model)}`,
      'data-host': at,
      'data-state': view.state
    },
    sign(shape)
  )
  if (named) mark.append(said(view.brief, 40))
  return mark
}

function legend(model: Model): HTMLElement {
  const present = new Set(
    model.hosts.map(host => (host.host.status === 'reported' ? (host.worst ?? 'calm') : host.host.status))
  )
  const entries: [string, string, string][] = [
    ...SEVERITIES.map((severity): [string, string, string] => [severity, SHAPES[severity], severity]),
    ['calm', 'calm', 'nothing found'],
    ['partial', 'partial', 'partial'],
    ['silent', 'silent', 'silent']
  ]
  return el(
    'p',
    { class: 'legend' },
    ...entries
      .filter(([key]) => present.has(key as never))
      .map(([, shape, label]) => el('span', {}, sign(shape), label))
  )
}

/** Left and right along the hosts, up and down by the lines they are drawn in. */
function neighbor(box: HTMLElement, key: string, from: HTMLElement): HTMLElement | null {
  const all = box.children
  const at = [...all].indexOf(from)
  const place = (index: number) => (all[index] as HTMLElement | undefined) ?? null
  switch (key) {
    case 'ArrowRight':
      return place(at + 1)
    case 'ArrowLeft':
      return place(at - 1)
    case 'Home':
      return place(0)
    case 'End':
      return place(all.length - 1)
    case 'ArrowDown':
      return place(at + perLine(box))
    case 'ArrowUp':
      return place(at - perLine(box))
    default:
      return null
  }
}

function perLine(box: HTMLElement): number {
  const [first, ...rest] = box.children as HTMLCollectionOf<HTMLElement>
  const second = rest.findIndex(mark => mark.offsetTop !== first?.offsetTop)
  return second < 0 ? box.children.length : second + 1
}
