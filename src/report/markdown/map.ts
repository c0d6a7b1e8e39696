import { escapeLine, fenced } from '../escape.ts'
import { number } from '../phrases.ts'
import type { Finding, Severity } from '../report.ts'
import { SEVERITIES } from '../report.ts'
import { briefName, type Names } from './hosts.ts'
import type { Tier } from './tier.ts'

const SHADES: Readonly<Record<Severity, string>> = {
  critical: '█',
  high: '▓',
  medium: '▒',
  low: '░',
  info: '░'
}
const NOTHING = '·'
const MAX_MAP_COLUMNS = 12
const MAX_MAP_LINES = 15
const WIDEST_NAME = 40

/**
 * Hosts by table in block characters: the darker, the worse. Hosts with the same findings share a line. It is text
 * everywhere, in a terminal and for a screen reader.
 *
 * @param findings numbered as in the report
 */
export function hostMap(findings: readonly Finding[], names: Names, tier: Tier): string {
  const lines = linesOf(findings)
  if (lines.length === 0 || tier.lines < 5) return ''
  const shown = lines.slice(0, Math.min(MAX_MAP_LINES, tier.lines))
  const columns = [...new Set(lines.flatMap(line => [...line.worst.keys()]))]
  const drawn = drawnColumns(shown)
  const shownColumns = columns.filter(query => drawn.has(query))
  const labels = shown.map(({ hosts }) => label(hosts, names))
  const width = Math.max(...labels.map(text => [...text].length))
  const pad = (text: string) => text + ' '.repeat(Math.max(0, width - [...text].length))
  const head = shownColumns.map((query, at) => `${pad('')}  ${'│ '.repeat(at)}┌ ${escapeLine(query, 64)}`)
  const body = shown.map(({ worst, numbers }, at) => {
    const cells = shownColumns.map(query => {
      const severity = worst.get(query)
      return severity === undefined ? NOTHING : SHADES[severity]
    })
    return `${pad(labels[at] ?? '')}  ${cells.join(' ')}  ${numbers.join(', ')}`
  })
  const notes = [
    '█ critical  ▓ high  ▒ medium  ░ lower; at the end of a line the numbers of its findings.',
    columns.length > shownColumns.length
      ? `${columns.length - shownColumns.length} more tables are not drawn.`
      : '',
    lines.length > shown.length ? `${number(lines.length - shown.length)} more lines are not drawn.` : ''
  ]
  return `### Hosts by table\n\n${fenced([...head, ...body])}\n\n<sub>${notes.filter(note => note !== '').join(' ')}</sub>`
}

/** Each line's first table, then each line's second, and so on, until there is no more room: no line is left empty. */
function drawnColumns(lines: readonly Line[]): Set<string> {
  const drawn = new Set<string>()
  const deepest = Math.max(...lines.map(line => line.worst.size))
  for (let depth = 0; depth < deepest; depth++) {
    for (const line of lines) {
      const query = [...line.worst.keys()][depth]
      if (query !== undefined && drawn.size < MAX_MAP_COLUMNS) drawn.add(query)
    }
  }
  return drawn
}

interface Line {
  readonly hosts: string[]
  /** Numbers of the findings the hosts are in. */
  readonly numbers: readonly number[]
  /** The worst severity in each table. */
  readonly worst: ReadonlyMap<string, Severity>
}

/** One line for all hosts that are in the same findings, in the order of the findings. */
function linesOf(findings: readonly Finding[]): Line[] {
  const numbersOf = new Map<string, number[]>()
  for (const [at, finding] of findings.entries()) {
    if (finding.rows.length === 0) continue
    for (const host of finding.hosts) {
      const numbers = numbersOf.get(host)
      if (numbers === undefined) numbersOf.set(host, [at])
      else numbers.push(at)
    }
  }
  const lines = new Map<string, Line>()
  for (const [host, numbers] of numbersOf) {
    const key = numbers.join(' ')
    const line = lines.get(key)
    if (line !== undefined) {
      line.hosts.push(host)
      continue
    }
    const worst = new Map<string, Severity>()
    for (const at of numbers) {
      const finding = findings[at]
      for (const { query } of finding?.rows ?? []) {
        const severity = finding?.severity ?? 'info'
        const known = worst.get(query)
        if (known === undefined || SEVERITIES.indexOf(severity) < SEVERITIES.indexOf(known))
          worst.set(query, severity)
      }
    }
    lines.set(key, { hosts: [host], numbers: numbers.map(at => at + 1), worst })
  }
  return [...lines.values()]
}

function label(hosts: readonly string[], names: Names): string {
  const [first = ''] = hosts
  const name = escapeLine(briefName(first, names), WIDEST_NAME)
  return hosts.length > 1 ? `${name} and ${number(hosts.length - 1)} more` : name
}
