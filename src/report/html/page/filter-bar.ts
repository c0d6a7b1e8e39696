import { count, number } from '../../../text/phrases.ts'
import { SEVERITIES, type Severity } from '../../report.ts'
import { button, el, fill, icon } from './dom.ts'
import { EVERYTHING, type Filter, type Selection } from './filter.ts'
import { SEVERITY_SHAPES } from './labels.ts'
import type { Model } from './model.ts'

export interface FilterBar {
  readonly element: HTMLElement
  readonly show: (filter: Filter, selection: Selection) => void
}

/** Hosts that the input suggests. */
const MAX_SUGGESTED_HOSTS = 500

/** The filters, how much they leave, and a button that resets them. */
export function filterBar(model: Model, change: (filter: Filter) => void): FilterBar {
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
  const suggestions = el('datalist', { id: 'hosts' })
  host.addEventListener('focus', () => suggestHosts(suggestions, model), { once: true })
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
        const label = el('span', {}, icon(SEVERITY_SHAPES[severity]), severity)
        const element = button(label, () => set({ severities: toggled(filter.severities, severity) }), {
          'aria-pressed': 'false'
        })
        return [severity, element]
      }
    )
  )
  const result = el('p', { role: 'status' })
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
    el('div', { class: 'result' }, result, reset),
    suggestions
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
      fill(result, `${share(selection.findings, 'finding')}, ${share(selection.hosts, 'host')}`)
    }
  }
}

function isEverything({ host, query, severities, cluster, text }: Filter): boolean {
  return host === '' && query === '' && severities.length === 0 && cluster === '' && text === ''
}

/** `1 of 7 findings`, or `7 findings` if all are shown. */
function share(shown: readonly boolean[], noun: string): string {
  const visible = shown.filter(Boolean).length
  return visible === shown.length
    ? count(visible, noun)
    : `${number(visible)} of ${count(shown.length, noun)}`
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

function suggestHosts(list: HTMLElement, model: Model): void {
  const hosts = model.hosts.filter(host => host.state !== 'clean').slice(0, MAX_SUGGESTED_HOSTS)
  list.append(
    ...hosts.map(({ host, brief }) => {
      const option = el('option', {}, brief)
      option.value = host.id
      return option
    })
  )
}
