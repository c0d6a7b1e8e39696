import { SEVERITIES, type Severity } from '../../report.ts'
import { button, el, fill, sign } from './dom.ts'
import { EVERYTHING, type Filter, type Selection } from './filter.ts'
import type { Model } from './model.ts'
import { count, number, SHAPES } from './words.ts'

export interface Bar {
  readonly element: HTMLElement
  readonly show: (filter: Filter, selection: Selection) => void
}

/** Options in the list of hosts. */
const MAX_OPTIONS = 500

/** The filters, how much they leave, and the way back to everything. */
export function filterBar(model: Model, change: (filter: Filter) => void): Bar {
  let filter = EVERYTHING
  const set = (more: Partial<Filter>) => change({ ...filter, ...more })

  const text = el('input', {
    type: 'search',
    id: 'text',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'path, command, key, host …'
  })
  const host = el('input', {
    type: 'search',
    id: 'host',
    list: 'hosts',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'any'
  })
  text.addEventListener('input', () => set({ text: text.value }))
  host.addEventListener('input', () => set({ host: host.value }))
  const offered = el('datalist', { id: 'hosts' })
  host.addEventListener('focus', () => offerHosts(offered, model), { once: true })
  const query = choice('query', 'any', model.queries, value => set({ query: value }))
  const cluster = choice(
    'cluster',
    'any',
    model.report.clusters.map(({ id, label }) => [id, label] as const),
    value => set({ cluster: value })
  )
  const toggles = new Map(
    SEVERITIES.filter(severity => model.findings.some(({ finding }) => finding.severity === severity)).map(
      severity => {
        const label = el('span', {}, sign(SHAPES[severity]), severity)
        const element = button(label, () => set({ severities: toggled(filter.severities, severity) }), {
          'aria-pressed': 'false'
        })
        return [severity, element]
      }
    )
  )
  const told = el('p', { class: 'told', role: 'status' })
  const reset = button(
    'Reset',
    () => {
      change(EVERYTHING)
      text.focus()
    },
    { class: 'reset' }
  )
  const element = el(
    'form',
    { class: 'filters', role: 'search', 'aria-label': 'Filters' },
    field('Search', text, 'wide'),
    field('Host', host),
    ...(model.queries.length > 0 ? [field('Table', query)] : []),
    ...(model.report.clusters.length > 1 ? [field('Cluster', cluster)] : []),
    ...(toggles.size > 0 ? [group('Severity', ...toggles.values())] : []),
    el('div', { class: 'outcome' }, told, reset),
    offered
  )
  element.addEventListener('submit', event => event.preventDefault())
  return {
    element,
    show(next, selection) {
      filter = next
      if (text.value !== next.text) text.value = next.text
      if (host.value !== next.host) host.value = next.host
      query.value = next.query
      cluster.value = next.cluster
      for (const [severity, toggle] of toggles)
        toggle.setAttribute('aria-pressed', String(next.severities.includes(severity)))
      reset.hidden = isEverything(next)
      fill(told, `${share(selection.findings, 'finding')}, ${share(selection.hosts, 'host')}`)
    }
  }
}

function isEverything({ host, query, severities, cluster, text }: Filter): boolean {
  return host === '' && query === '' && severities.length === 0 && cluster === '' && text === ''
}

function share(shown: readonly boolean[], one: string): string {
  const many = shown.filter(Boolean).length
  return many === shown.length ? count(many, one) : `${number(many)} of ${count(shown.length, one)}`
}

function toggled(severities: readonly Severity[], severity: Severity): Severity[] {
  return SEVERITIES.filter(each => severities.includes(each) !== (each === severity))
}

function field(name: string, input: HTMLElement, size = ''): HTMLElement {
  return el('div', { class: `field ${size}` }, el('label', { for: input.id }, name), input)
}

function group(name: string, ...toggles: readonly HTMLElement[]): HTMLElement {
  return el(
    'div',
    { class: 'field', role: 'group', 'aria-label': name },
    el('span', { class: 'label' }, name),
    el('div', { class: 'toggles' }, ...toggles)
  )
}

function choice(
  id: string,
  any: string,
  values: readonly (string | readonly [string, string])[],
  change: (value: string) => void
): HTMLSelectElement {
  const options = values.map(entry => {
    const [value, label] = typeof entry === 'string' ? [entry, entry] : entry
    const option = el('option', {}, (value === label ? value : `${value} · ${label}`).slice(0, 60))
    option.value = value
    return option
  })
  const select = el('select', { id }, el('option', { value: '' }, any), ...options)
  select.addEventListener('change', () => change(select.value))
  return select
}

function offerHosts(list: HTMLElement, model: Model): void {
  const offered = model.hosts.filter(host => host.state !== 'calm').slice(0, MAX_OPTIONS)
  list.append(
    ...offered.map(({ host, brief }) => {
      const option = el('option', {}, brief)
      option.value = host.id
      return option
    })
  )
}
