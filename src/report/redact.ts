import type { BaselineChanges } from '../baseline/diff.ts'
import { redactColumns, redactSentence, redactText } from '../text/secrets.ts'
import type { Finding, FindingRow, Report, ReportCluster } from './report.ts'

export interface Redacted {
  readonly report: Report
  /** How many secrets were redacted. */
  readonly count: number
}

/**
 * Replaces secrets in everything a report quotes from hosts by their kind. Values that are too long are cut, and say so.
 * Redacting a redacted report changes nothing.
 */
export function redactReport(report: Report): Redacted {
  let count = 0
  const hide = (text: string): string => {
    const redacted = redactText(text)
    count += redacted.count
    return redacted.text
  }
  const hideOrNull = (text: string | null) => (text === null ? null : hide(text))
  /** Our own sentences, which may quote others. */
  const hideQuoted = (sentence: string): string => {
    const redacted = redactSentence(sentence)
    count += redacted.count
    return redacted.text
  }
  const hideColumns = (columns: Readonly<Record<string, string>>): Record<string, string> => {
    const redacted = redactColumns(columns)
    count += redacted.count
    return redacted.columns
  }
  const hideRow = (row: FindingRow): FindingRow => ({
    ...row,
    row: hideColumns(row.row),
    expected: row.expected === null ? null : hideColumns(row.expected)
  })
  const hideFinding = (finding: Finding): Finding => ({
    ...finding,
    rows: finding.rows.map(hideRow),
    explanation: hideQuoted(finding.explanation),
    acceptedBy: finding.acceptedBy === null ? null : hideQuoted(finding.acceptedBy)
  })
  const hideCluster = (cluster: ReportCluster): ReportCluster => ({
    ...cluster,
    label: hide(cluster.label),
    distinguishedBy: cluster.distinguishedBy.map(({ query, row }) => ({ query, row: hideColumns(row) }))
  })
  const hideChanges = (changes: BaselineChanges): BaselineChanges => ({
    ...changes,
    rows: changes.rows.map(change => ({ ...change, row: hideColumns(change.row) })),
    acceptances: changes.acceptances.map(({ change, acceptance }) => ({
      change,
      acceptance: {
        ...acceptance,
        match: hideColumns(acceptance.match),
        reason: hide(acceptance.reason),
        owner: hide(acceptance.owner)
      }
    }))
  })
  const { inventory, plan, learned, suggestion } = report
  const hidden: Report = {
    ...report,
    run: {
      ...report.run,
      targets: report.run.targets.map(hide),
      baseline:
        report.run.baseline === null ? null : { ...report.run.baseline, path: hide(report.run.baseline.path) }
    },
    ...(inventory === undefined
      ? {}
      : {
          inventory: {
            ...inventory,
            queries: inventory.queries.map(table => ({
              ...table,
              rows: table.rows.map(({ row, hosts }) => ({ row: hideColumns(row), hosts }))
            }))
          }
        }),
    ...(plan === undefined ? {} : { plan: { ...plan, changes: hideChanges(plan.changes) } }),
    ...(learned === undefined
      ? {}
      : {
          learned: {
            ...learned,
            changes: hideChanges(learned.changes),
            refused: learned.refused.map(refused => ({ ...refused, row: hideColumns(refused.row) }))
          }
        }),
    ...(suggestion === undefined
      ? {}
      : { suggestion: { ...suggestion, changes: hideChanges(suggestion.changes) } }),
    hosts: report.hosts.map(host => ({
      ...host,
      name: hideOrNull(host.name),
      reason: host.reason === null ? null : hideQuoted(host.reason)
    })),
    clusters: report.clusters.map(hideCluster),
    findings: report.findings.map(hideFinding),
    notices: report.notices.map(hideQuoted)
  }
  return { report: hidden, count }
}
