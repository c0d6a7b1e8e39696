import { markdownTable } from 'markdown-table'
import { code, plain } from './escape.ts'
import { hostMap } from './map.ts'
import type { Finding, FindingRow, Report, ReportHost } from './report.ts'
import { SEVERITIES } from './report.ts'
import { openFindings } from './summarise.ts'
import { headline, SIGNS } from './words.ts'

export interface MarkdownOptions {
  /** Bytes of UTF-8. */
  readonly limit: number
  /** Stands before everything, on a line of its own. */
  readonly marker?: string
  /** How many secrets were hidden. */
  readonly redacted: number
  /** Where the whole report is, for a reader of a shortened one. */
  readonly whole: string
}

/** How much is shown; what does not fit is counted. */
interface Tier {
  readonly findings: number
  readonly rows: number
  readonly hosts: number
}

const TIERS: readonly Tier[] = [
  { findings: 10_000, rows: 100, hosts: 60 },
  { findings: 10_000, rows: 8, hosts: 12 },
  { findings: 100, rows: 5, hosts: 8 },
  { findings: 25, rows: 4, hosts: 6 },
  { findings: 8, rows: 3, hosts: 4 },
  { findings: 0, rows: 0, hosts: 0 }
]

/**
 * A report as GitHub-flavoured Markdown within `limit` bytes: the first tier that fits, from everything to counts.
 * What was left out is said, with where to find it.
 */
export function renderMarkdown(report: Report, options: MarkdownOptions): string {
  let text = ''
  for (const tier of TIERS) {
    text = render(report, options, tier)
    if (Buffer.byteLength(text) <= options.limit) return text
  }
  return text.slice(0, Math.floor(options.limit / 4))
}

function render(report: Report, options: MarkdownOptions, tier: Tier): string {
  const names = new Map(report.hosts.map(host => [host.id, host.name]))
  const open = openFindings(report.findings)
  const shown = open.slice(0, tier.findings)
  const parts = [
    options.marker ?? '',
    `## ${headline(report)}`,
    overview(report),
    ...report.notices.map(notice => `> ${plain(notice)}`),
    ...shown.map(finding => findingSection(finding, names, tier)),
    leftOut(open, shown.length, options.whole),
    shown.some(finding => finding.rows.length > 0) ? hostMap(report, tier.hosts) : '',
    unassessed(report.hosts, tier),
    clusterTable(report),
    acceptedList(report.findings, tier),
    footer(report, options)
  ]
  return `${parts.filter(part => part !== '').join('\n\n')}\n`
}

function overview(report: Report): string {
  const { summary, run } = report
  const states = [
    `${summary.reported} of ${summary.hosts} hosts fully assessed (${percent(summary.coverage)})`,
    summary.partial > 0 ? `${summary.partial} partly` : '',
    summary.silent > 0 ? `**${summary.silent} silent**` : ''
  ]
  const against =
    run.baseline === null ? 'with each other' : `with ${code(run.baseline.path)} and with each other`
  return `${states.filter(state => state !== '').join(', ')} · compared ${against}`
}

function findingSection(finding: Finding, names: ReadonlyMap<string, string | null>, tier: Tier): string {
  const title = `### ${SIGNS[finding.severity]} ${finding.severity} · ${finding.verdict ?? finding.kind} · ${hostCount(finding.hosts.length)}`
  const rows = finding.rows.slice(0, tier.rows)
  const more = finding.rows.length - rows.length
  const facts = [
    finding.attack.length > 0 ? `ATT&amp;CK ${finding.attack.map(techniqueLink).join(', ')}` : '',
    finding.surprise > 0 ? `${finding.surprise.toFixed(1)} bits` : '',
    `id ${code(finding.id)}`
  ]
  return [
    title,
    plain(finding.explanation),
    finding.hosts.length > 0 ? `**Hosts** ${hostList(finding.hosts, names, tier.hosts)}` : '',
    rows.length > 0 ? rowTable(rows) : '',
    more > 0 ? `${more} more ${more === 1 ? 'row' : 'rows'} in the whole report.` : '',
    `<sub>${facts.filter(fact => fact !== '').join(' · ')}</sub>`
  ]
    .filter(part => part !== '')
    .join('\n\n')
}

function rowTable(rows: readonly FindingRow[]): string {
  const head = ['', 'query', 'row', 'on hosts']
  const body = rows.map(row => [
    row.kind,
    plain(row.query),
    columns(row),
    `${row.prevalence.fleet[0]} of ${row.prevalence.fleet[1]}`
  ])
  return markdownTable([head, ...body])
}

/** The columns of a row; of a changed one first what changed, from → to. */
function columns({ row, expected }: FindingRow): string {
  const entries = Object.entries(row)
  if (expected === null)
    return (
      entries
        .filter(([, value]) => value !== '')
        .map(pair)
        .join(' ') || code('')
    )
  const changed = entries.filter(([column, value]) => column in expected && expected[column] !== value)
  const same = entries.filter(([column, value]) => value !== '' && !changed.some(([name]) => name === column))
  const told = changed.map(
    ([column, value]) => `**${plain(column)}** ${code(expected[column] ?? '', 120)} → ${code(value, 120)}`
  )
  return [...told, ...same.map(pair)].join(' ')
}

function pair([column, value]: readonly [string, string]): string {
  return code(`${column}=${value}`, 160)
}

function leftOut(open: readonly Finding[], shown: number, whole: string): string {
  const rest = open.slice(shown)
  if (rest.length === 0) return ''
  const counts = SEVERITIES.map(
    severity => [severity, rest.filter(finding => finding.severity === severity).length] as const
  )
  const told = counts.filter(([, count]) => count > 0).map(([severity, count]) => `${count} ${severity}`)
  return `**Left out here: ${rest.length} more ${rest.length === 1 ? 'finding' : 'findings'}** (${told.join(', ')}). ${plain(whole)}`
}

function unassessed(hosts: readonly ReportHost[], tier: Tier): string {
  const rest = hosts.filter(host => host.status !== 'reported')
  if (rest.length === 0) return ''
  const shown = rest.slice(0, Math.max(10, tier.hosts * 4))
  const body = shown.map(host => [hostName(host.id, host.name), host.status, plain(host.reason ?? '')])
  const more =
    rest.length > shown.length ? `\n\nand ${rest.length - shown.length} more in the whole report` : ''
  return `### Not fully assessed\n\n${markdownTable([['host', '', 'why'], ...body])}${more}`
}

function clusterTable(report: Report): string {
  if (report.clusters.length < 2) return ''
  return `### Clusters\n\n${markdownTable([['cluster', 'hosts', ''], ...report.clusters.map(({ id, size, label }) => [plain(id), String(size), plain(label)])])}`
}

function acceptedList(findings: readonly Finding[], tier: Tier): string {
  const accepted = findings.filter(finding => finding.acceptedBy !== null)
  if (accepted.length === 0) return ''
  const items = accepted
    .slice(0, Math.max(5, tier.rows))
    .map(finding => `- ${hostCount(finding.hosts.length)}: ${plain(finding.acceptedBy ?? '')}`)
  return `<details><summary>${accepted.length} accepted</summary>\n\n${items.join('\n')}\n\n</details>`
}

function footer(report: Report, options: MarkdownOptions): string {
  const { summary, run } = report
  const said = [
    `${summary.foldedRows} rows differed and were judged noise`,
    summary.accepted > 0 ? `${summary.accepted} findings accepted` : '',
    options.redacted > 0 ? `${options.redacted} secrets hidden` : '',
    `packs ${run.packs.map(pack => plain(pack.name)).join(', ')}`,
    `finished ${plain(run.finishedAt)}`
  ]
  return `<sub>${said.filter(part => part !== '').join(' · ')} · ${plain(options.whole)}</sub>`
}

function hostList(
  hosts: readonly string[],
  names: ReadonlyMap<string, string | null>,
  limit: number
): string {
  const shown = hosts.slice(0, limit).map(id => hostName(id, names.get(id) ?? null))
  const more = hosts.length - shown.length
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** The short name a host gives itself, never without the id that SSM gives it. */
function hostName(id: string, name: string | null): string {
  return name === null || name === id
    ? code(id, 60)
    : `${code(name.split('.')[0] ?? name, 40)} ${code(id, 60)}`
}

export const hostCount = (count: number): string => `${count} ${count === 1 ? 'host' : 'hosts'}`

function techniqueLink(technique: string): string {
  const path = technique.replace('.', '/')
  return /^T\d{4}(\.\d{3})?$/.test(technique)
    ? `[${technique}](https://attack.mitre.org/techniques/${path}/)`
    : plain(technique)
}

function percent(share: number): string {
  return `${(Math.floor(share * 1000) / 10).toFixed(1)} %`
}
