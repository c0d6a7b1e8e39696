import type { Analysis } from '../analysis.ts'
import { type Finding, SEVERITIES } from '../finding.ts'
import { type Evidence, toFindingRow } from './evidence.ts'

/** The findings in full: drafts with their evidence, and the indicators that were met; worst first. */
export function finishFindings(
  analysis: Analysis,
  evidence: Evidence,
  indicators: readonly Finding[]
): Finding[] {
  const { fleet } = analysis
  const deviations = analysis.drafts.map(
    (draft): Finding => ({
      ...draft,
      hosts: draft.hosts.map(host => fleet.hosts[host]?.id ?? '').sort(),
      rows: draft.rows.map(row => toFindingRow(fleet, row, evidence))
    })
  )
  return [...deviations, ...indicators].sort(
    (a, b) =>
      SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
      b.surprise - a.surprise ||
      b.hosts.length - a.hosts.length ||
      (a.id < b.id ? -1 : 1)
  )
}
