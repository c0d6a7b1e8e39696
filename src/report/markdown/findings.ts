import { markdownTable } from 'markdown-table'
import { escapeCell, escapeSentence, escapeText } from '../escape.ts'
import { capital, count, listed, nature, number, SIGNS } from '../phrases.ts'
import type { Finding, FindingRow, Prevalence } from '../report.ts'
import { SEVERITIES } from '../report.ts'
import { hostCell, hostList, type Names } from './hosts.ts'
import type { Tier } from './tier.ts'

const HEAD = ['', '#', 'Finding', 'Hosts', 'Tables', 'Such as']
/** Lines of the table of findings in sight; further ones are folded away. */
const IN_SIGHT = 15

/**
 * One line a finding: what a reader sees first. Empty where one section says the same.
 *
 * @param days first day of each finding by id, where that is remembered
 */
export function findingTable(
  findings: readonly Finding[],
  names: Names,
  tier: Tier,
  days: ReadonlyMap<string, string> = new Map()
): string {
  if (findings.length < 2 || tier.listed === 0) return ''
  const lines = findings
    .slice(0, tier.listed)
    .map((finding, at) => [
      SIGNS[finding.severity],
      String(at + 1),
      nature(finding),
      hostCell(finding.hosts, names, Math.min(5, tier.hosts)),
      tables(finding),
      instance(finding, tier),
      ...(days.size > 0 ? [days.get(finding.id) ?? ''] : [])
    ])
  const table = (body: string[][]) =>
    markdownTable([[...HEAD, ...(days.size > 0 ? ['First seen'] : [])], ...body], {
      align: ['', 'r'],
      alignDelimiters: false
    })
  const folded = lines.slice(IN_SIGHT)
  if (folded.length === 0) return table(lines)
  const title = `Findings ${IN_SIGHT + 1} to ${lines.length}`
  return `${table(lines.slice(0, IN_SIGHT))}\n\n<details><summary>${title}</summary>\n\n${table(folded)}\n\n</details>`
}

/** The beginning of the finding's most telling row: what identifies it stands first. */
function instance({ rows }: Finding, tier: Tier): string {
  const [row] = rows
  if (row === undefined) return ''
  const columns = Object.entries(row.row).filter(([, value]) => value !== '')
  const told = columns.slice(0, 6).map(([column, value]) => `${column}=${value}`)
  return told.length === 0
    ? ''
    : `${row.kind === 'missing' ? 'no ' : ''}${escapeCell(told.join(' '), Math.min(56, tier.value))}`
}

const MAX_TABLES_NAMED = 3

function tables({ rows }: Finding): string {
  const queries = [...new Set(rows.map(row => row.query))]
  const shown = queries.slice(0, MAX_TABLES_NAMED).map(query => escapeCell(query, 64))
  return listed(shown, queries.length - shown.length)
}

/** Everything about one finding: hosts, sentence, rows with prevalence, techniques. */
export function findingSection(
  finding: Finding,
  at: number,
  names: Names,
  tier: Tier,
  days: ReadonlyMap<string, string> = new Map()
): string {
  const { severity, hosts, rows, attack } = finding
  const facts = [
    attack.length > 0 ? `ATT&amp;CK ${attack.map(techniqueLink).join(', ')}` : '',
    finding.surprise > 0 ? `surprise ${finding.surprise.toFixed(1)} bits` : '',
    days.has(finding.id) ? `first seen ${days.get(finding.id)}` : '',
    finding.cluster === null ? '' : `cluster ${escapeText(finding.cluster, 40)}`,
    `finding ${escapeText(finding.id, 80)}`
  ]
  const folded = rows.slice(tier.rows, tier.rows + tier.folded)
  const rest = rows.length - Math.min(rows.length, tier.rows) - folded.length
  const parts = [
    `### ${SIGNS[severity]} ${at + 1} · ${capital(nature(finding))} on ${count(hosts.length, 'host')}`,
    escapeSentence(finding.explanation, 600),
    hosts.length > 0 ? `**Hosts**: ${hostList(hosts, names, tier.hosts)}` : '',
    rows.length > 0 ? rowTable(rows.slice(0, tier.rows), tier) : '',
    folded.length > 0
      ? `<details><summary>${count(folded.length, 'further row')}</summary>\n\n${rowTable(folded, tier)}\n\n</details>`
      : '',
    rest > 0 ? `And ${count(rest, 'more row')} in the full report.` : '',
    `<sub>${facts.filter(fact => fact !== '').join(' · ')}</sub>`
  ]
  return parts.filter(part => part !== '').join('\n\n')
}

/** What is said of the findings that have no section of their own, of which the table above names `named`. */
export function findingsLeftOut(rest: readonly Finding[], named: number): string {
  if (rest.length === 0) return ''
  const bySeverity = SEVERITIES.map(severity => {
    const many = rest.filter(finding => finding.severity === severity).length
    return many > 0 ? `${number(many)} ${severity}` : ''
  }).filter(told => told !== '')
  const places = [
    named > 0 ? `${number(named)} in the table above` : '',
    rest.length > named ? `${number(rest.length - named)} not named here` : ''
  ]
  return `**${count(rest.length, 'finding')} without rows here** (${bySeverity.join(', ')}): ${listed(places.filter(place => place !== ''))}. The full report has all of it.`
}

const MARKS = {
  unexpected: '➕\u00a0unexpected',
  missing: '➖\u00a0missing',
  changed: '✏️\u00a0changed'
} as const
const BASELINE = { new: 'new', known: 'known', missing: 'required', none: '–' } as const

function rowTable(rows: readonly FindingRow[], tier: Tier): string {
  const clustered = rows.some(
    ({ prevalence: { cluster, fleet } }) => cluster[0] !== fleet[0] || cluster[1] !== fleet[1]
  )
  const against = rows.some(row => row.baseline !== 'none')
  const pick = <T>(always: readonly T[], inCluster: T, inBaseline: T, row: T): T[] => [
    ...always,
    ...(clustered ? [inCluster] : []),
    ...(against ? [inBaseline] : []),
    row
  ]
  const head = pick(['', 'Table', 'Fleet'], 'Cluster', 'Baseline', 'Row')
  const body = rows.map(row =>
    pick(
      [MARKS[row.kind], escapeCell(row.query, 64), share(row.prevalence.fleet)],
      share(row.prevalence.cluster),
      BASELINE[row.baseline],
      columnsCell(row, tier)
    )
  )
  return markdownTable([head, ...body], { alignDelimiters: false })
}

function share([having, observed]: Prevalence): string {
  return `${number(having)}\u00a0of\u00a0${number(observed)}`
}

/** The columns that say something; of a changed row what it was and what it is. */
function columnsCell({ row, expected }: FindingRow, tier: Tier): string {
  const before = (column: string): string => expected?.[column] ?? ''
  const changed = (column: string, value: string): boolean =>
    expected !== null && Object.hasOwn(expected, column) && before(column) !== value
  const telling = Object.entries(row).filter(([column, value]) => value !== '' || changed(column, value))
  const shown = telling
    .slice(0, tier.columns)
    .map(([column, value]) =>
      changed(column, value)
        ? `${escapeCell(column, 40)}<br>${escapeCell(before(column), tier.value)} →<br>${escapeCell(value, tier.value)}`
        : escapeCell(`${column}=${value}`, tier.value)
    )
  if (telling.length === 0) return '*no columns*'
  return shown.length < telling.length
    ? `${shown.join('<br>')}<br>and ${count(telling.length - shown.length, 'more column')}`
    : shown.join('<br>')
}

/** A link only for what has the form of a technique; a pack may say anything. */
function techniqueLink(technique: string): string {
  return /^T\d{4}(\.\d{3})?$/.test(technique)
    ? `[${technique}](https://attack.mitre.org/techniques/${technique.replace('.', '/')}/)`
    : escapeText(technique, 20)
}
