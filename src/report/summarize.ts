import {
  type Finding,
  type ReportCluster,
  type ReportHost,
  type ReportSummary,
  type RunVerdict,
  SEVERITIES,
  type Severity
} from './report.ts'

/** Whether `severity` is `floor` or worse. */
export function atLeast(severity: Severity, floor: Severity): boolean {
  return SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(floor)
}

/** The worst of some severities, `null` where there are none. */
export function worstOf(severities: Iterable<Severity>): Severity | null {
  const present = new Set(severities)
  return SEVERITIES.find(severity => present.has(severity)) ?? null
}

/** Findings without an acceptance, in the given order. */
export function openFindings(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(finding => finding.acceptedBy === null)
}

/** Open findings about what hosts have, not about hosts that did not answer. */
export function nonCoverageFindings(findings: readonly Finding[]): readonly Finding[] {
  return openFindings(findings).filter(({ kind }) => kind !== 'silent' && kind !== 'partial')
}

/** Open deviations and indicator hits of medium severity or worse: what makes a run's verdict `drift`. */
export function driftFindings(findings: readonly Finding[]): readonly Finding[] {
  return openFindings(findings).filter(
    ({ kind, severity }) => (kind === 'deviation' || kind === 'indicator') && atLeast(severity, 'medium')
  )
}

/** Ids of the hosts in a drift finding other than a rollout, sorted by code unit. */
export function outlierHosts(findings: readonly Finding[]): readonly string[] {
  const incriminating = driftFindings(findings).filter(finding => finding.verdict !== 'rollout')
  return [...new Set(incriminating.flatMap(finding => finding.hosts))].sort()
}

/** The worst severity of the open findings. */
export function worstSeverity(findings: readonly Finding[]): Severity | 'none' {
  return worstOf(openFindings(findings).map(finding => finding.severity)) ?? 'none'
}

/** How many findings have each severity, worst first; severities without findings are left out. */
export function severityCounts(
  findings: Iterable<Pick<Finding, 'severity'>>
): readonly { readonly severity: Severity; readonly findings: number }[] {
  const counts = Map.groupBy(findings, ({ severity }) => severity)
  return SEVERITIES.flatMap(severity => {
    const { length = 0 } = counts.get(severity) ?? []
    return length > 0 ? [{ severity, findings: length }] : []
  })
}

/**
 * The verdict of the run. A run that assessed nothing, or compared a host with nothing, is never clean.
 *
 * @param assessed hosts on which every query was observed
 * @param hosts how many hosts there should be: targeted or expected, whichever is more
 * @param allCompared whether each host was compared with other hosts or with a baseline
 */
export function runVerdict(
  findings: readonly Finding[],
  assessed: number,
  hosts: number,
  allCompared: boolean
): RunVerdict {
  if (driftFindings(findings).length > 0) return 'drift'
  return hosts > 0 && assessed >= hosts && allCompared ? 'clean' : 'incomplete'
}

/** `assessed` over `hosts`, 0 to 1, four decimals; 1 only when every host was assessed. */
export function coverage(assessed: number, hosts: number): number {
  if (hosts === 0) return 0
  if (assessed >= hosts) return 1
  return Math.min(0.9999, Math.round((assessed / hosts) * 1e4) / 1e4)
}

/**
 * The counts that every report begins with. Hosts that were expected but not found are counted in `hosts`, and in no
 * state.
 */
export function summarize(
  hosts: readonly ReportHost[],
  findings: readonly Finding[],
  clusters: readonly ReportCluster[],
  counted: { readonly expected: number | null; readonly foldedRows: number; readonly allCompared: boolean }
): ReportSummary {
  const inState = (status: ReportHost['status']) => hosts.filter(host => host.status === status).length
  const reported = inState('reported')
  const all = Math.max(hosts.length, counted.expected ?? 0)
  const open = openFindings(findings)
  return {
    verdict: runVerdict(findings, reported, all, counted.allCompared),
    hosts: all,
    reported,
    partial: inState('partial'),
    silent: inState('silent'),
    coverage: coverage(reported, all),
    clusters: clusters.length,
    findings: open.length,
    outliers: outlierHosts(findings).length,
    accepted: findings.length - open.length,
    foldedRows: counted.foldedRows,
    worstSeverity: worstSeverity(findings)
  }
}
