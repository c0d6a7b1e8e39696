import { firstDays } from '../../history-text.ts'
import { briefName, type HostNames, hostNamesOf } from '../../host-names.ts'
import type { Finding, Report, ReportHost, Severity } from '../../report.ts'
import { worstOf } from '../../summarize.ts'

/** The report, and what the page needs besides it. */
export interface PageData {
  readonly report: Report
  /** How many secrets were redacted. */
  readonly redacted: number
  /** SQL by query name, for packs that come with the action. */
  readonly sql: Readonly<Record<string, string>>
}

export type HostState = 'outlier' | 'found' | 'clean' | 'partial' | 'silent'

export interface HostView {
  readonly host: ReportHost
  /** The short name where it is unique, otherwise the id. */
  readonly brief: string
  readonly state: HostState
  /** The worst severity of its open findings, except those about coverage. */
  readonly worst: Severity | null
  /** Indexes in {@link Model.findings}, worst first. */
  readonly findings: readonly number[]
  /** Lower case, for searching. */
  readonly text: string
}

export type Section = 'findings' | 'unassessed' | 'accepted'

export interface FindingView {
  readonly finding: Finding
  /** The same as in the other reports: deviations first, then hosts that were not assessed, then accepted findings. */
  readonly number: number
  readonly section: Section
  /** Indexes in {@link Model.hosts}. */
  readonly hosts: readonly number[]
  readonly queries: readonly string[]
}

/** A report whose hosts and findings refer to each other by index. Built in O(hosts + findings × their hosts). */
export interface Model extends PageData {
  readonly names: HostNames
  readonly hosts: readonly HostView[]
  readonly findings: readonly FindingView[]
  readonly queries: readonly string[]
  /** The first day of each finding by id, where earlier runs are known. */
  readonly firstDays: ReadonlyMap<string, string>
}

/** In the order of the page. */
export const SECTIONS: readonly Section[] = ['findings', 'unassessed', 'accepted']

export function modelOf(data: PageData): Model {
  const { report } = data
  const names = hostNamesOf(report)
  const indexOf = new Map(report.hosts.map((host, index) => [host.id, index]))
  const ordered = SECTIONS.flatMap(section =>
    report.findings.filter(finding => sectionOf(finding) === section).map(finding => ({ finding, section }))
  )
  const findings = ordered.map(({ finding, section }, index) => ({
    finding,
    section,
    number: index + 1,
    hosts: finding.hosts.flatMap(id => indexOf.get(id) ?? []),
    queries: [...new Set(finding.rows.map(row => row.query))]
  }))
  const findingsOf: number[][] = report.hosts.map(() => [])
  for (const [index, { hosts }] of findings.entries()) for (const host of hosts) findingsOf[host]?.push(index)
  const hosts = report.hosts.map((host, index): HostView => {
    const found = findingsOf[index] ?? []
    const worst = worstOpen(found.flatMap(finding => findings[finding] ?? []))
    return {
      host,
      brief: briefName(host.id, names),
      worst,
      state: stateOf(host, worst),
      findings: found,
      text: `${host.id}\n${host.name ?? ''}`.toLowerCase()
    }
  })
  return {
    ...data,
    names,
    hosts,
    findings,
    firstDays: firstDays(report.history?.memory.findings),
    queries: [...new Set(findings.flatMap(finding => finding.queries))].sort()
  }
}

function sectionOf({ kind, acceptedBy }: Finding): Section {
  if (acceptedBy !== null) return 'accepted'
  return kind === 'silent' || kind === 'partial' ? 'unassessed' : 'findings'
}

function worstOpen(findings: readonly FindingView[]): Severity | null {
  const open = findings.filter(({ section }) => section === 'findings')
  return worstOf(open.map(({ finding }) => finding.severity))
}

function stateOf(host: ReportHost, worst: Severity | null): HostState {
  if (host.status !== 'reported') return host.status
  if (host.outlier) return 'outlier'
  return worst === null ? 'clean' : 'found'
}
