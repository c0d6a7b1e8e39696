import { escapeUnseen } from '../text/escape-json.ts'
import { firstDays } from './history-text.ts'
import { pivotCommand, pivotOf } from './pivot.ts'
import type {
  Finding,
  FindingRow,
  Report,
  ReportCluster,
  ReportHost,
  ReportRun,
  ReportSummary
} from './report.ts'

/**
 * `report.json`: keys in the order of its schema, two spaces, a newline at the end. Characters that a terminal or an
 * editor could hide or obey (controls, bidirectional and invisible characters) are written as `\uXXXX`, which means the
 * same to every parser.
 */
export function renderJson(report: Report): string {
  const days = firstDays(report.history?.memory.findings)
  const ordered = {
    schemaVersion: report.schemaVersion,
    tool: { name: report.tool.name, version: report.tool.version },
    run: orderRun(report.run),
    summary: orderSummary(report.summary),
    hosts: report.hosts.map(host => ({ ...orderHost(host), ...lastAnswer(host, report) })),
    clusters: report.clusters.map(orderCluster),
    findings: report.findings.map(finding => ({
      ...orderFinding(finding),
      ...firstSeen(finding, days),
      ...pivot(finding, report.run)
    })),
    notices: report.notices,
    ...(report.indicators === undefined ? {} : { indicators: report.indicators }),
    ...historyMembers(report),
    ...(report.inventory === undefined ? {} : { inventory: report.inventory }),
    ...(report.plan === undefined ? {} : { plan: report.plan }),
    ...(report.learned === undefined ? {} : { learned: report.learned }),
    ...(report.suggestion === undefined ? {} : { suggestion: report.suggestion })
  } satisfies Omit<Report, 'history'>
  return printJson(ordered)
}

/** What finds the same elsewhere. */
function pivot(finding: Finding, run: ReportRun) {
  const indicators = pivotOf(finding)
  return indicators.length === 0 ? {} : { pivot: { indicators, command: pivotCommand(run, indicators) } }
}

function firstSeen({ id }: Finding, days: ReadonlyMap<string, string>) {
  const day = days.get(id)
  return day === undefined ? {} : { firstSeen: day }
}

/** The day on which a host that is silent now answered last. */
function lastAnswer({ id, status }: ReportHost, { history }: Report) {
  const lastAnswered = status === 'silent' ? history?.lastAnswers.get(id) : undefined
  return lastAnswered === undefined ? {} : { lastAnswered }
}

function historyMembers({ history }: Report) {
  if (history === undefined) return {}
  const { since, unseen } = history.memory.findings
  const resolved = history.resolved.map(([id, firstSeen, label, hosts]) => ({ id, firstSeen, label, hosts }))
  return { history: { changed: history.changed, since, new: history.appeared, resolved, unchecked: unseen } }
}

/** Any value as indented JSON in which nothing is hidden or obeyed. */
export function printJson(value: unknown): string {
  return `${escapeUnseen(JSON.stringify(value, null, 2))}\n`
}

function orderRun(run: ReportRun): ReportRun {
  const { mode, name, collector, startedAt, finishedAt, targets, region, snapshotSha256 } = run
  const packs = run.packs.map(pack => ({ name: pack.name, sha256: pack.sha256 }))
  const baseline = run.baseline === null ? null : { path: run.baseline.path, sha256: run.baseline.sha256 }
  return { mode, name, collector, startedAt, finishedAt, targets, region, packs, baseline, snapshotSha256 }
}

function orderSummary(summary: ReportSummary): ReportSummary {
  const { verdict, hosts, reported, partial, silent, coverage, clusters } = summary
  const { findings, outliers, accepted, foldedRows, worstSeverity } = summary
  return {
    verdict,
    hosts,
    reported,
    partial,
    silent,
    coverage,
    clusters,
    findings,
    outliers,
    accepted,
    foldedRows,
    worstSeverity
  }
}

function orderHost(host: ReportHost): ReportHost {
  const { id, name, status, reason, code, cluster, surprise, outlier, findings } = host
  return { id, name, status, reason, code, cluster, surprise, outlier, findings }
}

function orderCluster(cluster: ReportCluster): ReportCluster {
  const { id, label, code, size, hosts } = cluster
  const distinguishedBy = cluster.distinguishedBy.map(({ query, row }) => ({ query, row }))
  return { id, label, code, size, hosts, distinguishedBy }
}

function orderFinding(finding: Finding): Finding {
  const { id, kind, verdict, severity, surprise, hosts, cluster, explanation, attack, acceptedBy } = finding
  const rows = finding.rows.map(orderRow)
  return { id, kind, verdict, severity, surprise, hosts, cluster, rows, explanation, attack, acceptedBy }
}

function orderRow({ kind, query, row, expected, baseline, prevalence }: FindingRow): FindingRow {
  const { cluster, fleet } = prevalence
  return { kind, query, row, expected, baseline, prevalence: { cluster, fleet } }
}
