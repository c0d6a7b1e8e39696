import { sanitize } from '../text/sanitize.ts'
import {
  capital,
  count,
  coverageSentence,
  gistOf,
  headline,
  KINDS,
  listed,
  nature,
  number,
  percent,
  SIGNS
} from './phrases.ts'
import { isPublicView, type PublicView, type Shown } from './public-view.ts'
import type { Finding, FindingRow, Report, Severity } from './report.ts'
import { openFindings } from './summarize.ts'
import { baselineLines } from './terminal-baseline.ts'

const MAX_FINDINGS_SHOWN = 20
const MAX_ROWS_SHOWN = 8
const MAX_HOSTS_SHOWN = 10
const MAX_REASONS_SHOWN = 10
const WIDEST_ROW = 240

export interface TerminalOptions {
  /** ANSI colors of our own; a host's words never carry any. */
  readonly color: boolean
}

/** A report for the log or a terminal: the verdict, the findings with hosts and rows, and who was not assessed. */
export function renderTerminal(shown: Shown, { color }: TerminalOptions = { color: false }): string {
  const ink = inks(color)
  return (isPublicView(shown) ? counts(shown, ink) : everything(shown, ink)).join('\n')
}

interface Inks {
  bold(text: string): string
  dim(text: string): string
  by(severity: Severity, text: string): string
}

const SEVERITY_COLORS: Readonly<Record<Severity, number>> = {
  critical: 91,
  high: 31,
  medium: 33,
  low: 36,
  info: 37
}

function inks(color: boolean): Inks {
  const ink = (code: number, text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text)
  return {
    bold: text => ink(1, text),
    dim: text => ink(2, text),
    by: (severity, text) => ink(SEVERITY_COLORS[severity], text)
  }
}

function everything(report: Report, ink: Inks): string[] {
  const { summary } = report
  const open = openFindings(report.findings).filter(({ kind }) => kind !== 'silent' && kind !== 'partial')
  const names = new Map(report.hosts.map(host => [host.id, host.name]))
  const lines = [
    ink.bold(headline(gistOf(report))),
    `Coverage ${percent(summary.coverage)}: ${coverageSentence(summary)}`
  ]
  for (const notice of report.notices) lines.push(`ℹ️ ${sanitize(notice, 600)}`)
  for (const [at, finding] of open.slice(0, MAX_FINDINGS_SHOWN).entries()) {
    lines.push('', ...findingLines(finding, at, names, ink))
  }
  if (open.length > MAX_FINDINGS_SHOWN) {
    lines.push('', `And ${count(open.length - MAX_FINDINGS_SHOWN, 'more finding')} in the full report.`)
  }
  lines.push(...baselineLines(report))
  lines.push(...unassessedLines(report, names, ink))
  const { foldedRows, accepted } = summary
  lines.push(
    '',
    ink.dim(`${count(foldedRows, 'row')} folded as benign noise, ${count(accepted, 'finding')} accepted.`)
  )
  return lines
}

type Names = ReadonlyMap<string, string | null>

function findingLines(finding: Finding, at: number, names: Names, ink: Inks): string[] {
  const { severity, hosts, rows, attack } = finding
  const techniques = attack.length > 0 ? `  ${ink.dim(sanitize(attack.join(' '), 80))}` : ''
  const title = `${at + 1} · ${capital(nature(finding))} on ${count(hosts.length, 'host')}`
  const shown = hosts.slice(0, MAX_HOSTS_SHOWN).map(id => hostName(id, names))
  return [
    `${SIGNS[severity]} ${ink.bold(ink.by(severity, title))}${techniques}`,
    `   ${sanitize(finding.explanation, 600)}`,
    ...(shown.length > 0 ? [`   ${listed(shown, hosts.length - shown.length)}`] : []),
    ...rows.slice(0, MAX_ROWS_SHOWN).map(row => `   ${rowLine(row, ink)}`),
    ...(rows.length > MAX_ROWS_SHOWN ? [`   … and ${count(rows.length - MAX_ROWS_SHOWN, 'more row')}`] : [])
  ]
}

function hostName(id: string, names: Names): string {
  const name = names.get(id) ?? null
  return name === null || name === id
    ? sanitize(id, 64)
    : `${sanitize(name.split('.', 1)[0] ?? '', 40)} (${sanitize(id, 64)})`
}

const MARKS = { unexpected: '+', missing: '-', changed: '~' } as const

function rowLine({ kind, query, row, expected, prevalence }: FindingRow, ink: Inks): string {
  const columns = Object.entries(row).flatMap(([column, value]) => {
    const before = expected !== null && Object.hasOwn(expected, column) ? (expected[column] ?? '') : value
    if (before !== value) return [`${column}=${sanitize(before, 80)} → ${sanitize(value, 80)}`]
    return value === '' ? [] : [`${column}=${value}`]
  })
  const [having, observed] = prevalence.fleet
  return `${MARKS[kind]} ${sanitize(query, 64)}: ${sanitize(columns.join('  '), WIDEST_ROW)}  ${ink.dim(`(${number(having)} of ${number(observed)})`)}`
}

/** Hosts that are silent or partial, those with the same reason together. */
function unassessedLines(report: Report, names: Names, ink: Inks): string[] {
  const groups = new Map<string, string[]>()
  for (const host of report.hosts) {
    if (host.status === 'reported') continue
    const key = `${host.status}: ${sanitize(host.reason ?? 'no reason known', 300)}`
    const alike = groups.get(key)
    if (alike === undefined) groups.set(key, [host.id])
    else alike.push(host.id)
  }
  if (groups.size === 0) return []
  const all = [...groups].sort(([, a], [, b]) => b.length - a.length)
  const lines = all.slice(0, MAX_REASONS_SHOWN).map(([why, ids]) => {
    const shown = ids.slice(0, MAX_HOSTS_SHOWN).map(id => hostName(id, names))
    return `   ${listed(shown, ids.length - shown.length)}\n      ${why}`
  })
  const rest = all.slice(MAX_REASONS_SHOWN).reduce((sum, [, ids]) => sum + ids.length, 0)
  if (rest > 0) lines.push(`   And ${number(rest)} more, for other reasons.`)
  return ['', ink.bold('Not fully assessed'), ...lines]
}

function counts(view: PublicView, ink: Inks): string[] {
  return [
    ink.bold(headline(view)),
    `Coverage ${percent(view.summary.coverage)}: ${coverageSentence(view.summary)}`,
    'This repository is public, so only counts are shown here. The input publish-to-public changes that.',
    ...view.natures.map(
      ({ severity, kind, verdict, findings, hosts }) =>
        `${SIGNS[severity]} ${severity} ${verdict ?? KINDS[kind]}: ${count(findings, 'finding')} on ${count(hosts, 'host')}`
    )
  ]
}
