import { changesInWords } from './diff-summary.ts'
import { type Gist, gistOf } from './phrases.ts'
import type { Finding, Report } from './report.ts'
import { openFindings } from './summarize.ts'

/**
 * What a public repository may show. It is built from counts and fixed words alone: no id, name, row, path, reason,
 * label, target or notice is in it, so none can be printed.
 */
export interface PublicView extends Gist {
  readonly countsOnly: true
  /** Open findings of one nature, in the order of the report: worst first. */
  readonly natures: readonly (Pick<Finding, 'severity' | 'kind' | 'verdict'> & {
    readonly findings: number
    readonly hosts: number
  })[]
  /** Hosts in each cluster, largest first. */
  readonly clusterSizes: readonly number[]
  /** What the pull request changes in the baseline, in numbers; `null`: nothing. */
  readonly plan: string | null
  /** What mode `baseline` changed in it, in numbers; `null`: nothing. */
  readonly learned: string | null
  /** How many notices there are. */
  readonly notices: number
}

/** What a renderer is given: all of it, or counts. */
export type Shown = Report | PublicView

export function isPublicView(shown: Shown): shown is PublicView {
  return 'countsOnly' in shown
}

export function countsOnly(report: Report): PublicView {
  const natures = new Map<string, Finding[]>()
  for (const finding of openFindings(report.findings)) {
    const key = `${finding.severity} ${finding.kind} ${finding.verdict}`
    const alike = natures.get(key)
    if (alike === undefined) natures.set(key, [finding])
    else alike.push(finding)
  }
  return {
    countsOnly: true,
    ...gistOf(report),
    natures: [...natures.values()].flatMap(alike => {
      const [first] = alike
      if (first === undefined) return []
      const { severity, kind, verdict } = first
      const hosts = new Set(alike.flatMap(finding => finding.hosts)).size
      return [{ severity, kind, verdict, findings: alike.length, hosts }]
    }),
    clusterSizes: report.clusters.map(cluster => cluster.size).sort((a, b) => b - a),
    plan: report.plan === undefined ? null : changesInWords(report.plan.changes),
    learned: report.learned === undefined ? null : changesInWords(report.learned.changes),
    notices: report.notices.length
  }
}
