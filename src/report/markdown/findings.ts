import { markdownTable } from 'markdown-table'
import { count, list, number, plural } from '../../text/phrases.ts'
import { escapeCell, escapeLine, escapeSentence, escapeText, fenced } from '../escape.ts'
import { briefHostList, type HostNames, hostList } from '../host-names.ts'
import { BASELINE_LABELS, SEVERITY_MARKS } from '../marks.ts'
import { findingLabel, findingTitle, listFirst } from '../phrases.ts'
import { pivotCommand, pivotOf } from '../pivot.ts'
import type { Finding, FindingRow } from '../report.ts'
import { columnTexts, prevalenceText, valueBefore } from '../row-text.ts'
import { severityCounts } from '../summarize.ts'
import type { Tier } from './tier.ts'

const HEADERS = ['', '#', 'Finding', 'Hosts', 'Tables', 'Example']
/** Lines of the table of findings that are visible at once; the others are in a closed `<details>`. */
const MAX_VISIBLE_LINES = 15
const MAX_TABLES = 3
const MAX_EXAMPLE_COLUMNS = 6
/** Of an explanation in the table of findings. */
const MAX_REASON = 200
/** For a finding without indicators, whose section has the same form as any other. */
const NO_PIVOT = '# No value of this finding can be searched for as it is.'
const NO_COMMAND = '# There is nothing to search for.'
/** Longer than any line of an indicator. */
const MAX_PIVOT_LENGTH = 1_000

/**
 * One line for each finding: what a reader sees first. Empty for a single finding, whose section says the same.
 *
 * @param days first day of each finding by id, where that is remembered
 */
export function findingTable(
  findings: readonly Finding[],
  names: HostNames,
  tier: Tier,
  days: ReadonlyMap<string, string> = new Map()
): string {
  if (findings.length < 2 || tier.listed === 0) return ''
  const lines = findings
    .slice(0, tier.listed)
    .map((finding, index) => [
      SEVERITY_MARKS[finding.severity],
      String(index + 1),
      findingLabel(finding),
      briefHostList(finding.hosts, names, Math.min(5, tier.hosts), escapeCell),
      tablesCell(finding),
      exampleCell(finding, tier),
      ...(days.size > 0 ? [days.get(finding.id) ?? ''] : [])
    ])
  const table = (body: string[][]) =>
    markdownTable([[...HEADERS, ...(days.size > 0 ? ['First seen'] : [])], ...body], {
      align: ['', 'r'],
      alignDelimiters: false
    })
  const closed = lines.slice(MAX_VISIBLE_LINES)
  if (closed.length === 0) return table(lines)
  const title = `Findings ${MAX_VISIBLE_LINES + 1} to ${lines.length}`
  return `${table(lines.slice(0, MAX_VISIBLE_LINES))}\n\n<details><summary>${title}</summary>\n\n${table(closed)}\n\n</details>`
}

/** The first columns of the finding's first row; of a finding without rows why it is one. */
function exampleCell({ rows, explanation }: Finding, tier: Tier): string {
  const [row] = rows
  if (row === undefined)
    return escapeSentence(firstSentence(explanation), Math.min(MAX_REASON, tier.value * 2), escapeCell)
  const columns = columnTexts(row.row).slice(0, MAX_EXAMPLE_COLUMNS)
  if (columns.length === 0) return ''
  const example = escapeCell(columns.join(' '), Math.min(56, tier.value))
  return row.kind === 'missing' ? `missing ${example}` : example
}

function firstSentence(text: string): string {
  return text.slice(0, text.search(/(?<=\.) |$/))
}

function tablesCell({ rows }: Finding): string {
  return listFirst(queriesOf({ rows }), MAX_TABLES, query => escapeCell(query, 64))
}

function queriesOf({ rows }: Pick<Finding, 'rows'>): string[] {
  return [...new Set(rows.map(row => row.query))]
}

/**
 * Everything about one finding: explanation, hosts, rows with prevalence, techniques.
 *
 * @param place of the finding in the report, from 1
 * @param targets of the run, for the command that searches them
 */
export function findingSection(
  finding: Finding,
  place: number,
  names: HostNames,
  tier: Tier,
  days: ReadonlyMap<string, string> = new Map(),
  targets: readonly string[] = []
): string {
  const { hosts, rows, attack } = finding
  const facts = [
    attack.length > 0 ? `ATT&amp;CK ${attack.map(techniqueLink).join(', ')}` : '',
    finding.surprise > 0 ? `surprise ${finding.surprise.toFixed(1)} bits` : '',
    days.has(finding.id) ? `first seen ${days.get(finding.id)}` : '',
    finding.cluster === null ? '' : `cluster ${escapeText(finding.cluster, 40)}`,
    `finding ${escapeText(finding.id, 80)}`
  ]
  const closed = rows.slice(tier.rows, tier.rows + tier.folded)
  const more = rows.length - Math.min(rows.length, tier.rows) - closed.length
  const parts = [
    `### ${SEVERITY_MARKS[finding.severity]} ${place} · ${findingTitle(finding)}`,
    escapeSentence(finding.explanation, 600, escapeText, new Set(queriesOf(finding))),
    hosts.length > 0 ? `**Hosts**: ${hostList(hosts, names, tier.hosts, escapeText)}` : '',
    rows.length > 0 ? rowTable(rows.slice(0, tier.rows), tier) : '',
    closed.length > 0
      ? `<details><summary>${count(closed.length, 'more row')}</summary>\n\n${rowTable(closed, tier)}\n\n</details>`
      : '',
    more > 0 ? `And ${count(more, 'more row')} in the full report.` : '',
    pivotText(finding, targets, tier),
    `<sub>${facts.filter(fact => fact !== '').join(' · ')}</sub>`
  ]
  return parts.filter(part => part !== '').join('\n\n')
}

/**
 * The sections of findings below medium severity, closed: they are no reason to worry.
 *
 * @param first place of the first of them in the report
 */
export function minorSections(sections: readonly string[], first: number): string {
  if (sections.length === 0) return ''
  const last = first + sections.length - 1
  const which = first === last ? `Minor finding ${first}` : `Minor findings ${first} to ${last}`
  return `<details><summary>${which}</summary>\n\n${sections.join('\n\n')}\n\n</details>`
}

/** Indicators that find the same elsewhere, and the command that runs them, where the tier has room for closed details. */
function pivotText(finding: Finding, targets: readonly string[], tier: Tier): string {
  if (tier.folded === 0 || finding.rows.every(row => row.kind === 'missing')) return ''
  const lines = pivotOf(finding)
  const found = lines.length > 0
  const command = found ? pivotCommand({ targets }, lines).split('\n') : [NO_COMMAND]
  const block = (lines: readonly string[]) => fenced(lines.map(line => escapeLine(line, MAX_PIVOT_LENGTH)))
  return [
    '<details><summary>Search other hosts for this</summary>',
    'As the input `indicators`:',
    block(found ? lines : [NO_PIVOT]),
    'Or with the GitHub CLI and the example workflow `incident.yml`:',
    block(command),
    '</details>'
  ].join('\n\n')
}

/**
 * Counts the findings that have no section of their own.
 *
 * @param listed how many of them are in the table of findings
 */
export function findingsLeftOut(findings: readonly Finding[], listed: number): string {
  if (findings.length === 0) return ''
  const total = `${count(findings.length, 'finding')} ${plural(findings.length, 'is', 'are')} not shown in full`
  const severities = severityCounts(findings).map(
    ({ severity, findings }) => `${number(findings)} ${severity}`
  )
  const places = [
    listed > 0 ? `${number(listed)} in the table above` : '',
    findings.length > listed ? `${number(findings.length - listed)} only in the full report` : ''
  ]
  return `**${total}** (${severities.join(', ')}): ${list(places.filter(place => place !== ''))}. The full report has every row.`
}

const ROW_KINDS = {
  unexpected: '➕\u00a0unexpected',
  missing: '➖\u00a0missing',
  changed: '✏️\u00a0changed'
} as const

/** The columns for the cluster and the baseline are left out where they add nothing. */
function rowTable(rows: readonly FindingRow[], tier: Tier): string {
  const clustered = rows.some(
    ({ prevalence: { cluster, fleet } }) => cluster[0] !== fleet[0] || cluster[1] !== fleet[1]
  )
  const compared = rows.some(row => row.baseline !== 'none')
  const cells = (
    kind: string,
    table: string,
    fleet: string,
    cluster: string,
    baseline: string,
    row: string
  ) => [kind, table, fleet, ...(clustered ? [cluster] : []), ...(compared ? [baseline] : []), row]
  const body = rows.map(row =>
    cells(
      ROW_KINDS[row.kind],
      escapeCell(row.query, 64),
      prevalenceText(row.prevalence.fleet, '\u00a0'),
      prevalenceText(row.prevalence.cluster, '\u00a0'),
      BASELINE_LABELS[row.baseline],
      columnsCell(row, tier)
    )
  )
  return markdownTable([cells('', 'Table', 'Fleet', 'Cluster', 'Baseline', 'Row'), ...body], {
    alignDelimiters: false
  })
}

/** The columns with a value; a changed one as what it was and what it is. */
function columnsCell({ row, expected }: FindingRow, tier: Tier): string {
  const cells = Object.entries(row).flatMap(([column, value]) => {
    const before = valueBefore(expected, column) ?? value
    return before === value && value === '' ? [] : [{ column, before, value }]
  })
  if (cells.length === 0) return '*no columns*'
  const shown = cells
    .slice(0, tier.columns)
    .map(({ column, before, value }) =>
      before === value
        ? escapeCell(`${column}=${value}`, tier.value)
        : `${escapeCell(column, 40)}<br>${escapeCell(before, tier.value)} →<br>${escapeCell(value, tier.value)}`
    )
  const more = cells.length - shown.length
  return [...shown, ...(more > 0 ? [`and ${count(more, 'more column')}`] : [])].join('<br>')
}

/** A link only where the text looks like a technique id: a pack may contain anything. */
function techniqueLink(technique: string): string {
  return /^T\d{4}(\.\d{3})?$/.test(technique)
    ? `[${technique}](https://attack.mitre.org/techniques/${technique.replace('.', '/')}/)`
    : escapeText(technique, 20)
}
