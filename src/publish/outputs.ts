import type { Report } from '../report/report.ts'
import { outlierHosts } from '../report/summarise.ts'

/** The action's outputs that a report gives, by name. */
export function reportOutputs(report: Report): Record<string, string> {
  const { summary } = report
  const silent = report.hosts.filter(host => host.status === 'silent').map(host => host.id)
  return {
    verdict: summary.verdict,
    findings: String(summary.findings),
    outliers: String(summary.outliers),
    'outlier-hosts': JSON.stringify(outlierHosts(report.findings)),
    'silent-hosts': JSON.stringify(silent.sort()),
    'worst-severity': summary.worstSeverity,
    coverage: summary.coverage.toFixed(4)
  }
}
