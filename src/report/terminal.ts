import { inert } from '../inert.ts'
import type { Finding, FindingRow, Report } from './report.ts'
import { openFindings } from './summarise.ts'
import { headline, SIGNS } from './words.ts'

const MOST_FINDINGS = 20
const MOST_ROWS = 8
const MOST_HOSTS = 8

/** A report for the log: the verdict, the findings with hosts and rows, and who was not assessed. */
export function renderTerminal(report: Report): string {
  const { summary, hosts } = report
  const open = openFindings(report.findings)
  const names = new Map(hosts.map(host => [host.id, host.name]))
  const lines = [
    headline(report),
    `${summary.reported} of ${summary.hosts} hosts fully assessed, ${summary.partial} partly, ${summary.silent} silent`
  ]
  for (const notice of report.notices) lines.push(inert(notice))
  for (const finding of open.slice(0, MOST_FINDINGS)) lines.push('', ...findingLines(finding, names))
  if (open.length > MOST_FINDINGS && hosts.length > 0)
    lines.push('', `${open.length - MOST_FINDINGS} more findings are in the report.`)
  lines.push(
    '',
    `${summary.foldedRows} rows differed and were judged noise; ${summary.accepted} findings are accepted.`
  )
  return lines.join('\n')
}

function findingLines(finding: Finding, names: ReadonlyMap<string, string | null>): string[] {
  const hosts = finding.hosts
    .slice(0, MOST_HOSTS)
    .map(id => `${inert(id, 60)}${names.get(id) ? ` (${inert(names.get(id) ?? '', 40)})` : ''}`)
  const more = finding.hosts.length > hosts.length ? ` and ${finding.hosts.length - hosts.length} more` : ''
  const techniques = finding.attack.length > 0 ? `  [${finding.attack.join(' ')}]` : ''
  return [
    `${SIGNS[finding.severity]} ${finding.severity.toUpperCase()} ${finding.verdict ?? finding.kind}${techniques}`,
    `   ${inert(finding.explanation, 600)}`,
    ...(hosts.length > 0 ? [`   hosts  ${hosts.join(', ')}${more}`] : []),
    ...finding.rows.slice(0, MOST_ROWS).map(row => `   ${rowLine(row)}`),
    ...(finding.rows.length > MOST_ROWS ? [`   … ${finding.rows.length - MOST_ROWS} more rows`] : [])
  ]
}

const MARKS = { unexpected: '+', missing: '-', changed: '~' } as const

function rowLine({ kind, query, row, expected, prevalence }: FindingRow): string {
  const cells = Object.entries(row)
    .filter(([, value]) => value !== '')
    .map(([column, value]) =>
      expected !== null && column in expected && expected[column] !== value
        ? `${column}=${expected[column]} → ${value}`
        : `${column}=${value}`
    )
  return `${MARKS[kind]} ${inert(query, 64)}: ${inert(cells.join(' '), 220)}  (${prevalence.fleet[0]} of ${prevalence.fleet[1]})`
}
