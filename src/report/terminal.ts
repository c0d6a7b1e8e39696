import { count, number } from '../text/phrases.ts'
import { sanitize } from '../text/sanitize.ts'
import { headline, headlineOf } from './headline.ts'
import { type HostNames, hostList, hostNamesOf } from './host-names.ts'
import { SEVERITY_MARKS } from './marks.ts'
import { nextSteps } from './next-steps.ts'
import { coverageSentence, findingTitle, KINDS, listFirst, percent } from './phrases.ts'
import { isPublicView, type PublicView, type Shown } from './public-view.ts'
import type { Finding, FindingRow, Report, Severity } from './report.ts'
import { columnTexts, prevalenceText, rowText } from './row-text.ts'
import { nonCoverageFindings } from './summarize.ts'
import { baselineLines } from './terminal-baseline.ts'
import { notFound, notFoundReason, unassessedGroups } from './unassessed.ts'

const MAX_FINDINGS = 20
const MAX_ROWS = 8
const MAX_HOSTS = 10
const MAX_REASONS = 10
const MAX_TECHNIQUES = 6
const MAX_ROW_LENGTH = 240

export interface TerminalOptions {
  /** ANSI colors of our own; a host's words never carry any. */
  readonly color: boolean
}

/** A report for the log or a terminal: the verdict, the findings with hosts and rows, and who was not assessed. */
export function renderTerminal(shown: Shown, { color }: TerminalOptions = { color: false }): string {
  const style = styles(color)
  return (isPublicView(shown) ? countLines(shown, style) : reportLines(shown, style)).join('\n')
}

interface Style {
  bold(text: string): string
  dim(text: string): string
  severity(severity: Severity, text: string): string
}

const SEVERITY_COLORS: Readonly<Record<Severity, number>> = {
  critical: 91,
  high: 31,
  medium: 33,
  low: 36,
  info: 37
}

function styles(color: boolean): Style {
  const ansi = (code: number, text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text)
  return {
    bold: text => ansi(1, text),
    dim: text => ansi(2, text),
    severity: (severity, text) => ansi(SEVERITY_COLORS[severity], text)
  }
}

function reportLines(report: Report, style: Style): string[] {
  const { summary, notices } = report
  const { foldedRows, accepted } = summary
  const findings = nonCoverageFindings(report.findings)
  const names = hostNamesOf(report)
  const more = findings.length - MAX_FINDINGS
  return [
    style.bold(headline(headlineOf(report))),
    `Coverage ${percent(summary.coverage)}: ${coverageSentence(summary)}`,
    ...nextSteps(report).map(step => `→ ${step}`),
    ...notices.map(notice => `ℹ️ ${sanitize(notice, 600)}`),
    ...findings
      .slice(0, MAX_FINDINGS)
      .flatMap((finding, index) => ['', ...findingLines(finding, index + 1, names, style)]),
    ...(more > 0 ? ['', `And ${count(more, 'more finding')} in the full report.`] : []),
    ...inventoryLines(report, style),
    ...baselineLines(report),
    ...unassessedLines(report, names, style),
    '',
    style.dim(`${count(foldedRows, 'row')} folded as benign noise, ${count(accepted, 'finding')} accepted.`)
  ]
}

function findingLines(finding: Finding, place: number, names: HostNames, style: Style): string[] {
  const { severity, hosts, rows, attack } = finding
  const techniques =
    attack.length > 0
      ? `  ${style.dim(listFirst(attack, MAX_TECHNIQUES, technique => sanitize(technique, 20)))}`
      : ''
  const title = style.bold(style.severity(severity, `${place} · ${findingTitle(finding)}`))
  return [
    `${SEVERITY_MARKS[severity]} ${title}${techniques}`,
    `   ${sanitize(finding.explanation, 600)}`,
    ...(hosts.length > 0 ? [`   ${hostList(hosts, names, MAX_HOSTS, sanitize)}`] : []),
    ...rows.slice(0, MAX_ROWS).map(row => {
      const prevalence = style.dim(`(${prevalencesText(row.prevalence)})`)
      return `   ${rowText(row, MAX_ROW_LENGTH, sanitize)}  ${prevalence}`
    }),
    ...(rows.length > MAX_ROWS ? [`   … and ${count(rows.length - MAX_ROWS, 'more row')}`] : [])
  ]
}

/** `1 of 62`; where the cluster says something else, `cluster 1 of 46, fleet 1 of 62`. */
function prevalencesText({ cluster, fleet }: FindingRow['prevalence']): string {
  const [inCluster, inFleet] = [prevalenceText(cluster), prevalenceText(fleet)]
  return inCluster === inFleet ? inFleet : `cluster ${inCluster}, fleet ${inFleet}`
}

/** Rows of integrity tables on hosts that were compared with nothing. */
function inventoryLines({ inventory }: Report, style: Style): string[] {
  if (inventory === undefined) return []
  const tables = inventory.queries.flatMap(({ query, total, rows }) => [
    `   ${sanitize(query, 64)}: ${count(total, 'row')}`,
    ...rows
      .slice(0, MAX_ROWS)
      .map(({ row }) => `      ${sanitize(columnTexts(row).join('  '), MAX_ROW_LENGTH)}`),
    ...(total > MAX_ROWS ? [`      … and ${count(total - MAX_ROWS, 'more row')}`] : [])
  ])
  const title = style.bold(`Inventory of ${count(inventory.hosts.length, 'host')} that nothing judged`)
  return ['', title, ...tables]
}

/** Hosts that are silent or partial, by reason. */
function unassessedLines(report: Report, names: HostNames, style: Style): string[] {
  const groups = unassessedGroups(report)
  const missing = notFound(report)
  if (groups.length === 0 && missing === 0) return []
  const lines = groups
    .slice(0, MAX_REASONS)
    .flatMap(({ status, reason, ids }) => [
      `   ${hostList(ids, names, MAX_HOSTS, sanitize)}`,
      `      ${status}: ${sanitize(reason ?? 'no reason given', 300)}`
    ])
  const more = groups.slice(MAX_REASONS).reduce((sum, { ids }) => sum + ids.length, 0)
  if (more > 0) lines.push(`   And ${number(more)} more, for other reasons.`)
  if (missing > 0) lines.push(`   ${count(missing, 'host')} not found`, `      ${notFoundReason(report)}`)
  return ['', style.bold('Not fully assessed'), ...lines]
}

function countLines(view: PublicView, style: Style): string[] {
  return [
    style.bold(headline(view)),
    `Coverage ${percent(view.summary.coverage)}: ${coverageSentence(view.summary)}`,
    'This repository is public, so only counts are shown here. Set publish-to-public: true to show everything.',
    ...view.findingCounts.map(
      ({ severity, kind, verdict, findings, hosts }) =>
        `${SEVERITY_MARKS[severity]} ${severity} ${verdict ?? KINDS[kind]}: ${count(findings, 'finding')} on ${count(hosts, 'host')}`
    )
  ]
}
