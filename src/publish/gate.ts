import type { Report, Severity } from '../report/report.ts'
import { atLeast } from '../report/summarise.ts'

export interface Gate {
  /** Fails the run at this severity or above. */
  readonly failOn: Exclude<Severity, 'info'> | 'never'
  /** Percent of the hosts that must have been fully assessed. */
  readonly minCoverage: number
}

/**
 * Why the run must fail, one sentence each; empty when it may pass.
 * Not for a run that could not collect at all by design, such as a fork's pull request.
 */
export function failures(report: Report, gate: Gate): string[] {
  const { hosts, reported, partial, worstSeverity } = report.summary
  const reasons: string[] = []
  if (gate.failOn !== 'never' && worstSeverity !== 'none' && atLeast(worstSeverity, gate.failOn)) {
    const count = report.findings.filter(
      finding => finding.acceptedBy === null && finding.severity === worstSeverity
    ).length
    reasons.push(
      `${count} open ${count === 1 ? 'finding is' : 'findings are'} ${worstSeverity}, and fail-on is ${gate.failOn}.`
    )
  }
  if (reported + partial === 0) {
    reasons.push(
      hosts === 0 ? 'No host was found, so nothing was assessed.' : `None of ${hosts} hosts answered.`
    )
  } else if (reported * 100 < gate.minCoverage * hosts) {
    reasons.push(
      `${reported} of ${hosts} hosts were fully assessed (${(report.summary.coverage * 100).toFixed(1)} %), ` +
        `and min-coverage is ${gate.minCoverage} %.`
    )
  }
  return reasons
}
