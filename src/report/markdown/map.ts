import { count, number } from '../../text/phrases.ts'
import { escapeLine, fenced } from '../escape.ts'
import { briefName, type HostNames } from '../host-names.ts'
import type { Finding, Severity } from '../report.ts'
import { atLeast } from '../summarize.ts'
import type { Tier } from './tier.ts'

const SHADES: Readonly<Record<Severity, string>> = {
  critical: '█',
  high: '▓',
  medium: '▒',
  low: '░',
  info: '░'
}
const NO_FINDING = '·'
const MAX_TABLES = 12
const MAX_LINES = 15
const MAX_NAME_LENGTH = 40

/**
 * Hosts by table in block characters: the darker, the worse. Hosts with the same findings share a line. It is text, so
 * terminals and screen readers can read it.
 *
 * @param findings numbered as in the report
 */
export function hostMap(findings: readonly Finding[], names: HostNames, tier: Tier): string {
  const lines = linesOf(findings)
  if (lines.length === 0 || tier.lines < 5) return ''
  const shown = lines.slice(0, Math.min(MAX_LINES, tier.lines))
  const tables = [...new Set(lines.flatMap(line => [...line.worst.keys()]))]
  const drawn = drawnTables(shown)
  const columns = tables.filter(query => drawn.has(query))
  const labels = shown.map(({ hosts }) => lineLabel(hosts, names))
  const width = Math.max(...labels.map(text => [...text].length))
  const pad = (text: string) => text + ' '.repeat(Math.max(0, width - [...text].length))
  const head = columns.map((query, index) => `${pad('')}  ${'│ '.repeat(index)}┌ ${escapeLine(query, 64)}`)
  const body = shown.map(({ worst, numbers }, index) => {
    const cells = columns.map(query => {
      const severity = worst.get(query)
      return severity === undefined ? NO_FINDING : SHADES[severity]
    })
    return `${pad(labels[index] ?? '')}  ${cells.join(' ')}  ${numbers.join(', ')}`
  })
  const notes = [
    '█ critical  ▓ high  ▒ medium  ░ lower. Each line ends with the numbers of its findings.',
    tables.length > columns.length
      ? `Not shown: ${count(tables.length - columns.length, 'more table')}.`
      : '',
    lines.length > shown.length ? `Not shown: ${count(lines.length - shown.length, 'more line')}.` : ''
  ]
  return `### Hosts by table\n\n${fenced([...head, ...body])}\n\n<sub>${notes.filter(note => note !== '').join(' ')}</sub>`
}

/** The first table of each line, then the second of each, and so on while there is room, so that no line is empty. */
function drawnTables(lines: readonly Line[]): Set<string> {
  const drawn = new Set<string>()
  const deepest = Math.max(...lines.map(line => line.worst.size))
  for (let depth = 0; depth < deepest; depth++) {
    for (const line of lines) {
      const query = [...line.worst.keys()][depth]
      if (query !== undefined && drawn.size < MAX_TABLES) drawn.add(query)
    }
  }
  return drawn
}

interface Line {
  readonly hosts: string[]
  /** Numbers of the findings, from 1. */
  readonly numbers: readonly number[]
  /** The worst severity in each table. */
  readonly worst: ReadonlyMap<string, Severity>
}

/** One line for all hosts with the same findings, in the order of the findings. */
function linesOf(findings: readonly Finding[]): Line[] {
  const numbersOf = new Map<string, number[]>()
  for (const [index, finding] of findings.entries()) {
    if (finding.rows.length === 0) continue
    for (const host of finding.hosts) {
      const numbers = numbersOf.get(host)
      if (numbers === undefined) numbersOf.set(host, [index + 1])
      else numbers.push(index + 1)
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
    lines.set(key, { hosts: [host], numbers, worst: worstByTable(numbers.map(each => findings[each - 1])) })
  }
  return [...lines.values()]
}

function worstByTable(findings: readonly (Finding | undefined)[]): Map<string, Severity> {
  const worst = new Map<string, Severity>()
  for (const finding of findings) {
    for (const { query } of finding?.rows ?? []) {
      const severity = finding?.severity ?? 'info'
      const known = worst.get(query)
      if (known === undefined || !atLeast(known, severity)) worst.set(query, severity)
    }
  }
  return worst
}

function lineLabel(hosts: readonly string[], names: HostNames): string {
  const [first = ''] = hosts
  const name = escapeLine(briefName(first, names), MAX_NAME_LENGTH)
  return hosts.length > 1 ? `${name} and ${number(hosts.length - 1)} more` : name
}
