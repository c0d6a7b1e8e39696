import { SEVERITIES, type Severity } from '../../report.ts'
import type { FindingView, Model } from './model.ts'

/** What a reader looks for; an empty filter matches everything. */
export interface Filter {
  /** A host's id, or part of an id or a name. */
  readonly host: string
  readonly query: string
  readonly severities: readonly Severity[]
  readonly cluster: string
  readonly text: string
}

export const EVERYTHING: Filter = { host: '', query: '', severities: [], cluster: '', text: '' }

/** What matches a filter, by index in the model. */
export interface Selection {
  readonly hosts: readonly boolean[]
  readonly findings: readonly boolean[]
  /** Whether a host's part in a finding matches. */
  readonly pair: (host: number, finding: number) => boolean
}

/**
 * One rule for all views: does this host's part in this finding match? A finding is shown if one of its hosts matches; a
 * host is shown if one of its findings matches, or if the filter is only about hosts. O(hosts in findings).
 */
export function selectionOf(model: Model, filter: Filter): Selection {
  const host = filter.host.trim().toLowerCase()
  const text = filter.text.trim().toLowerCase()
  const exact = model.hosts.some(view => view.host.id === filter.host)
  const hostMatches = model.hosts.map(
    view =>
      (exact ? view.host.id === filter.host : host === '' || view.text.includes(host)) &&
      (filter.cluster === '' || view.host.cluster === filter.cluster)
  )
  const nameMatches = model.hosts.map(view => text === '' || view.text.includes(text))
  const findingMatches = model.findings.map(
    ({ finding, queries }) =>
      (filter.severities.length === 0 || filter.severities.includes(finding.severity)) &&
      (filter.query === '' || queries.includes(filter.query))
  )
  const textMatches = model.findings.map(
    (view, index) => findingMatches[index] === true && (text === '' || textOf(view).includes(text))
  )
  const pair = (host: number, finding: number): boolean =>
    hostMatches[host] === true &&
    findingMatches[finding] === true &&
    (nameMatches[host] === true || textMatches[finding] === true)
  const anyHost = host === '' && filter.cluster === ''
  const anyFinding = filter.severities.length === 0 && filter.query === ''
  return {
    hosts: model.hosts.map(
      (view, index) =>
        (anyFinding && hostMatches[index] === true && nameMatches[index] === true) ||
        view.findings.some(finding => pair(index, finding))
    ),
    findings: model.findings.map(
      (view, index) => (anyHost && textMatches[index] === true) || view.hosts.some(host => pair(host, index))
    ),
    pair
  }
}

const texts = new WeakMap<FindingView, string>()

/** All text of a finding, in lower case. */
function textOf(view: FindingView): string {
  const known = texts.get(view)
  if (known !== undefined) return known
  const { id, kind, verdict, severity, explanation, attack, acceptedBy, rows } = view.finding
  const parts = [id, kind, verdict ?? '', severity, explanation, ...attack, acceptedBy ?? '']
  for (const { query, row, expected } of rows)
    parts.push(query, ...Object.values(row), ...Object.values(expected ?? {}))
  const text = parts.join('\n').toLowerCase()
  texts.set(view, text)
  return text
}

/** What the address holds after `#`: the filter, and the finding opened last. */
export interface PageState {
  readonly filter: Filter
  /** A finding's id, or empty. */
  readonly finding: string
}

export function writeHash({ filter, finding }: PageState): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries({ ...filter, finding })) {
    const text = typeof value === 'string' ? value : value.join(',')
    if (text !== '') parameters.set(name, text)
  }
  return parameters.toString()
}

/** Reads what {@link writeHash} wrote; anything else is ignored. */
export function readHash(hash: string): PageState {
  const parameters = new URLSearchParams(hash.replace(/^#/, ''))
  const text = (name: string) => (parameters.get(name) ?? '').slice(0, 500)
  const severities = text('severities').split(',')
  const filter = {
    host: text('host'),
    query: text('query'),
    severities: SEVERITIES.filter(severity => severities.includes(severity)),
    cluster: text('cluster'),
    text: text('text')
  }
  return { filter, finding: text('finding') }
}
