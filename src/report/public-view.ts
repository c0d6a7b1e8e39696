import { diffSummary } from './diff-summary.ts'
import { type Headline, headlineOf } from './headline.ts'
import type { Finding, Report } from './report.ts'
import { openFindings } from './summarize.ts'

/**
 * What a public repository may show. It is built from nothing but counts and fixed words: it holds no id, name, row,
 * path, reason, label, target or notice, so none can be printed.
 */
export interface PublicView extends Headline {
  readonly countsOnly: true
  /** Open findings counted by severity, kind and verdict, in the order of the report: worst first. */
  readonly findingCounts: readonly (Pick<Finding, 'severity' | 'kind' | 'verdict'> & {
    readonly findings: number
    readonly hosts: number
  })[]
  /** Hosts in each cluster, largest first. */
  readonly clusterSizes: readonly number[]
  /** What a pull request changes in the baseline, in numbers; `null` without one. */
  readonly plan: string | null
  /** What mode `baseline` changed in the baseline, in numbers; `null` in other modes. */
  readonly learned: string | null
  /** How many notices the report has. */
  readonly notices: number
}

/** What a renderer is given: the whole report, or counts only. */
export type Shown = Report | PublicView

export function isPublicView(shown: Shown): shown is PublicView {
  return 'countsOnly' in shown
}

export function countsOnly(report: Report): PublicView {
  const groups = Map.groupBy(openFindings(report.findings), finding =>
    JSON.stringify([finding.severity, finding.kind, finding.verdict])
  )
  const { plan, learned } = report
  return {
    countsOnly: true,
    ...headlineOf(report),
    findingCounts: [...groups.values()].flatMap(findings => {
      const [first] = findings
      if (first === undefined) return []
      const { severity, kind, verdict } = first
      const hosts = new Set(findings.flatMap(finding => finding.hosts)).size
      return [{ severity, kind, verdict, findings: findings.length, hosts }]
    }),
    clusterSizes: report.clusters.map(cluster => cluster.size).sort((a, b) => b - a),
    plan: plan === undefined ? null : diffSummary(plan.changes),
    learned: learned === undefined ? null : learned.changed ? diffSummary(learned.changes) : 'unchanged',
    notices: report.notices.length
  }
}
