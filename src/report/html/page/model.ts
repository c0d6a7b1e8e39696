import { briefName, type Names, namesOf } from '../../markdown/hosts.ts'
import { type Finding, type Report, type ReportHost, SEVERITIES, type Severity } from '../../report.ts'

/** What the page is given: the report, and what the report itself does not hold. */
export interface PageData {
  readonly report: Report
  /** How many secrets were hidden. */
  readonly redacted: number
  /** SQL of the queries whose pack is known, by the query's name. */
  readonly sql: Readonly<Record<string, string>>
}

export type HostState = 'outlier' | 'found' | 'calm' | 'partial' | 'silent'

export interface HostView {
  readonly host: ReportHost
  /** Short name where it is unique, else the id. */
  readonly brief: string
  readonly state: HostState
  /** The worst open finding that is about more than coverage. */
  readonly worst: Severity | null
  /** Findings by their place in {@link Model.findings}, worst first. */
  readonly findings: readonly number[]
  /** Lower case, for searching. */
  readonly text: string
}

export type Section = 'findings' | 'unassessed' | 'accepted'

export interface FindingView {
  readonly finding: Finding
  /** As in the other reports: deviations first, then what was not assessed, then what was accepted. */
  readonly number: number
  readonly section: Section
  /** Hosts by their place in {@link Model.hosts}. */
  readonly hosts: readonly number[]
  readonly queries: readonly string[]
}

/** A report with its hosts and findings told by number, O(hosts + findings × their hosts). */
export interface Model extends PageData {
  readonly names: Names
  readonly hosts: readonly HostView[]
  readonly findings: readonly FindingView[]
  readonly queries: readonly string[]
}

/** In the order of the page. */
export const SECTIONS: readonly Section[] = ['findings', 'unassessed', 'accepted']

export function modelOf(data: PageData): Model {
  const { report } = data
  const names = namesOf(report)
  const placeOf = new Map(report.hosts.map((host, at) => [host.id, at]))
  const ordered = SECTIONS.flatMap(section =>
    report.findings.filter(finding => sectionOf(finding) === section).map(finding => ({ finding, section }))
  )
  const findings = ordered.map(({ finding, section }, at) => ({
    finding,
    section,
    number: at + 1,
    hosts: finding.hosts.flatMap(id => placeOf.get(id) ?? []),
    queries: [...new Set(finding.rows.map(row => row.query))]
  }))
  const found: number[][] = report.hosts.map(() => [])
  for (const [at, { hosts }] of findings.entries()) for (const host of hosts) found[host]?.push(at)
  const hosts = report.hosts.map((host, at): HostView => {
    const own = found[at] ?? []
    const worst = worstOf(own.flatMap(place => findings[place] ?? []))
    return {
      host,
      brief: briefName(host.id, names),
      worst,
      state: stateOf(host, worst),
      findings: own,
      text: `${host.id}\n${host.name ?? ''}`.toLowerCase()
    }
  })
  return {
    ...data,
    names,
    hosts,
    findings,
    queries: [...new Set(findings.flatMap(finding => finding.queries))].sort()
  }
}

function sectionOf({ kind, acceptedBy }: Finding): Section {
  if (acceptedBy !== null) return 'accepted'
  return kind === 'silent' || kind === 'partial' ? 'unassessed' : 'findings'
}

function worstOf(findings: readonly FindingView[]): Severity | null {
  const open = new Set(
    findings.filter(({ section }) => section === 'findings').map(({ finding }) => finding.severity)
  )
  return SEVERITIES.find(severity => open.has(severity)) ?? null
}

function stateOf(host: ReportHost, worst: Severity | null): HostState {
  if (host.status !== 'reported') return host.status
  if (host.outlier) return 'outlier'
  return worst === null ? 'calm' : 'found'
}
