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

/** Findings that nobody accepted, in the order given. */
export function openFindings(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(finding => finding.acceptedBy === null)
}

/** Open deviations and indicator hits of medium or above: what makes a run's verdict `drift`. */
export function driftFindings(findings: readonly Finding[]): readonly Finding[] {
  return openFindings(findings).filter(
    ({ kind, severity }) => (kind === 'deviation' || kind === 'indicator') && atLeast(severity, 'medium')
  )
}

/** Ids of the hosts in a drift finding that is not a rollout, sorted by code unit. */
export function outlierHosts(findings: readonly Finding[]): readonly string[] {
  const accusing = driftFindings(findings).filter(finding => finding.verdict !== 'rollout')
  return [...new Set(accusing.flatMap(finding => finding.hosts))].sort()
}

/** The worst severity of any open finding. */
export function worstSeverity(findings: readonly Finding[]): Severity | 'none' {
  const open = new Set(openFindings(findings).map(finding => finding.severity))
  return SEVERITIES.find(severity => open.has(severity)) ?? 'none'
}

/**
 * The verdict of the whole run. A run in which nothing was assessed is never clean.
 *
 * @param assessed hosts whose every query was observed
 * @param hosts hosts there should be: targeted or expected, whichever is more
 */
export function runVerdict(findings: readonly Finding[], assessed: number, hosts: number): RunVerdict {
  if (driftFindings(findings).length > 0) return 'drift'
  return hosts > 0 && assessed >= hosts ? 'clean' : 'incomplete'
}

/** `assessed` over `hosts`, 0 to 1, four decimals; 1 only when every host was assessed. */
export function coverage(assessed: number, hosts: number): number {
  if (hosts === 0) return 0
  if (assessed >= hosts) return 1
  return Math.min(0.9999, Math.round((assessed / hosts) * 1e4) / 1e4)
}

/**
 * Counts a run into the summary that every report begins with.
 * Hosts that were expected by number and never seen count in `hosts`, and in no state.
 */
export function summarize(
  hosts: readonly ReportHost[],
  findings: readonly Finding[],
  clusters: readonly ReportCluster[],
  counted: { readonly expected: number | null; readonly foldedRows: number }
): ReportSummary {
  const inState = (status: ReportHost['status']) => hosts.filter(host => host.status === status).length
  const reported = inState('reported')
  const all = Math.max(hosts.length, counted.expected ?? 0)
  const open = openFindings(findings)
  return {
    verdict: runVerdict(findings, reported, all),
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
