import type { Report, ReportHost } from '../report/report.ts'
import { outlierHosts } from '../report/summarize.ts'

/** The action's outputs that a report gives, by name. Only mode `check` gives a verdict. */
export function reportOutputs(report: Report): Record<string, string> {
  const { summary, run } = report
  return {
    ...(run.mode === 'check' ? { verdict: summary.verdict } : {}),
    findings: String(summary.findings),
    outliers: String(summary.outliers),
    'outlier-hosts': JSON.stringify(outlierHosts(report.findings)),
    'silent-hosts': silentHosts(report.hosts),
    'worst-severity': summary.worstSeverity,
    coverage: summary.coverage.toFixed(4)
  }
}

/** Ids of the hosts that did not answer: a sorted JSON array. */
export function silentHosts(hosts: readonly ReportHost[]): string {
  return JSON.stringify(
    hosts
      .filter(host => host.status === 'silent')
      .map(host => host.id)
      .sort()
  )
}
