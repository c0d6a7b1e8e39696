import { SEVERITIES, type Severity } from '../../report.ts'
import type { FindingView, Model } from './model.ts'

/** What a reader asks for; empty asks for nothing in particular. */
export interface Filter {
  /** A host's id, or part of an id or a name. */
  readonly host: string
  readonly query: string
  readonly severities: readonly Severity[]
  readonly cluster: string
  readonly text: string
}

export const EVERYTHING: Filter = { host: '', query: '', severities: [], cluster: '', text: '' }

/** What a filter leaves, by place in the model. */
export interface Selection {
  readonly hosts: readonly boolean[]
  readonly findings: readonly boolean[]
  /** Whether a host's part in a finding is asked for. */
  readonly pair: (host: number, finding: number) => boolean
}

/**
 * One question for all views: is this host's part in this finding asked for? A finding is shown when it is for one of
 * its hosts, a host when it is for one of its findings, or when only hosts were asked for. O(hosts in findings).
 */
export function selectionOf(model: Model, filter: Filter): Selection {
  const host = filter.host.trim().toLowerCase()
  const text = filter.text.trim().toLowerCase()
  const exact = model.hosts.some(view => view.host.id === filter.host)
  const asked = model.hosts.map(
    view =>
      (exact ? view.host.id === filter.host : host === '' || view.text.includes(host)) &&
      (filter.cluster === '' || view.host.cluster === filter.cluster)
  )
  const named = model.hosts.map(view => text === '' || view.text.includes(text))
  const wanted = model.findings.map(
    ({ finding, queries }) =>
      (filter.severities.length === 0 || filter.severities.includes(finding.severity)) &&
      (filter.query === '' || queries.includes(filter.query))
  )
  const says = model.findings.map(
    (view, at) => wanted[at] === true && (text === '' || words(view).includes(text))
  )
  const pair = (at: number, finding: number): boolean =>
    asked[at] === true && wanted[finding] === true && (named[at] === true || says[finding] === true)
  const anyHost = host === '' && filter.cluster === ''
  const anyFinding = filter.severities.length === 0 && filter.query === ''
  return {
    hosts: model.hosts.map(
      (view, at) =>
        (anyFinding && asked[at] === true && named[at] === true) || view.findings.some(f => pair(at, f))
    ),
    findings: model.findings.map(
      (view, at) => (anyHost && says[at] === true) || view.hosts.some(host => pair(host, at))
    ),
    pair
  }
}

const searched = new WeakMap<FindingView, string>()

/** Everything a finding says, in lower case. */
function words(view: FindingView): string {
  const known = searched.get(view)
  if (known !== undefined) return known
  const { id, kind, verdict, severity, explanation, attack, acceptedBy, rows } = view.finding
  const said = [id, kind, verdict ?? '', severity, explanation, ...attack, acceptedBy ?? '']
  for (const { query, row, expected } of rows)
    said.push(query, ...Object.values(row), ...Object.values(expected ?? {}))
  const text = said.join('\n').toLowerCase()
  searched.set(view, text)
  return text
}

/** What the address holds after `#`: the filter, and the finding that was opened last. */
export interface Place {
  readonly filter: Filter
  /** A finding's id, or nothing. */
  readonly finding: string
}

export function writeHash({ filter, finding }: Place): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries({ ...filter, finding })) {
    const text = typeof value === 'string' ? value : value.join(',')
    if (text !== '') parameters.set(name, text)
  }
  return parameters.toString()
}

/** Reads what {@link writeHash} wrote; what makes no sense is left out. */
export function readHash(hash: string): Place {
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
