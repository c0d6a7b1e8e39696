import { percent } from '../report/phrases.ts'
import type { Finding, ReportSummary, Severity } from '../report/report.ts'
import { atLeast } from '../report/summarize.ts'
import { count, plural } from '../text/phrases.ts'

export interface Gate {
  /** Fails the run at this severity or above. */
  readonly failOn: Exclude<Severity, 'info'> | 'never'
  /** The percentage of hosts that must be fully assessed. */
  readonly minCoverage: number
}

/**
 * Returns why the run must fail, one sentence each. It does not apply to a run that by design collects nothing, such as
 * that of a fork's pull request.
 */
export function failures(
  { summary, findings }: { readonly summary: ReportSummary; readonly findings: readonly Finding[] },
  { failOn, minCoverage }: Gate
): string[] {
  const { worstSeverity } = summary
  const problems = coverageFailures(summary, minCoverage)
  if (failOn === 'never' || worstSeverity === 'none' || !atLeast(worstSeverity, failOn)) return problems
  const worst = findings.filter(
    finding => finding.acceptedBy === null && finding.severity === worstSeverity
  ).length
  return [
    `${count(worst, 'open finding')} ${plural(worst, 'is', 'are')} ${worstSeverity}, and fail-on is ${failOn}.`,
    ...problems
  ]
}

/** Why too few hosts were assessed; empty if there were enough. A host that answered in part has answered. */
export function coverageFailures(
  { hosts, reported, partial, coverage }: Pick<ReportSummary, 'hosts' | 'reported' | 'partial' | 'coverage'>,
  minCoverage: number
): string[] {
  if (hosts === 0) return ['No host was found, so nothing was assessed.']
  if (reported + partial === 0)
    return [hosts === 1 ? 'The only host did not answer.' : `None of ${hosts} hosts answered.`]
  if (reported * 100 >= minCoverage * hosts) return []
  return [
    `${reported} of ${count(hosts, 'host')} ${plural(hosts, 'was', 'were')} fully assessed (${percent(coverage)}), and min-coverage is ${minCoverage}%.`
  ]
}
