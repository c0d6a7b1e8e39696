import type { Report } from './report.ts'

/**
 * What a public repository may show: the verdict and counts. No host, row, reason or explanation is in it; findings
 * keep their kind, verdict and severity only.
 */
export function countsOnly(report: Report): Report {
  return {
    ...report,
    run: { ...report.run, targets: [], region: null },
    hosts: [],
    clusters: [],
    findings: [],
    notices: [
      ...report.notices,
      'This repository is public: only counts are shown (input publish-to-public).'
    ]
  }
}
