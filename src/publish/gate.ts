import { count, percent } from '../report/phrases.ts'
import type { Report, Severity } from '../report/report.ts'
import { atLeast } from '../report/summarize.ts'

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
export function failures(report: Pick<Report, 'summary' | 'findings'>, gate: Gate): string[] {
  const { hosts, reported, partial, worstSeverity } = report.summary
  const reasons: string[] = []
  if (gate.failOn !== 'never' && worstSeverity !== 'none' && atLeast(worstSeverity, gate.failOn)) {
    const worst = report.findings.filter(
      finding => finding.acceptedBy === null && finding.severity === worstSeverity
    ).length
    reasons.push(
      `${count(worst, 'open finding')} ${worst === 1 ? 'is' : 'are'} ${worstSeverity}, and fail-on is ${gate.failOn}.`
    )
  }
  if (reported + partial === 0) {
    reasons.push(
      hosts === 0
        ? 'No host was found, so nothing was assessed.'
        : hosts === 1
          ? 'The only host did not answer.'
          : `None of ${hosts} hosts answered.`
    )
  } else if (reported * 100 < gate.minCoverage * hosts) {
    reasons.push(
      `${reported} of ${hosts} hosts were fully assessed (${percent(report.summary.coverage)}), ` +
        `and min-coverage is ${gate.minCoverage} %.`
    )
  }
  return reasons
}
