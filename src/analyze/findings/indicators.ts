import ipaddr from 'ipaddr.js'
import { RE2JS } from 're2js'
import { errorMessage } from '../../lib/error-message.ts'
import { itemKey } from '../../normalize/items.ts'
import { rowReader } from '../../normalize/values.ts'
import type { Query } from '../../osquery/pack.ts'
import type { HostRecord, Row } from '../../snapshot/snapshot.ts'
import type { Finding, FindingRow } from '../finding.ts'
import { fingerprint } from './draft.ts'

/** Something to look for in every row of every host. */
export interface Indicator {
  /** As the user wrote it. */
  readonly text: string
  matches(query: Query, row: Row): boolean
}

/** Rows of one indicator that are kept as evidence; hosts are always counted in full. */
const MAX_ROWS_PER_INDICATOR = 200
/** A literal this short would match everywhere. */
const SHORTEST_LITERAL = 3
const MAX_INDICATORS = 10_000

/**
 * Reads indicators, one a line: a literal, `/regex/` (RE2: linear time), `sha256:HEX`, `ip:CIDR`, `table.column=value`.
 * Literals and expressions are matched in any column, without regard to case.
 * @throws Error with every line that is none of these.
 */
export function parseIndicators(text: string): Indicator[] {
  const problems: string[] = []
  const indicators: Indicator[] = []
  const lines = text.split(/\r?\n/).map(line => line.trim())
  for (const line of new Set(lines)) {
    if (line === '' || line.startsWith('#')) continue
    try {
      indicators.push({ text: line, matches: matcherOf(line) })
    } catch (error) {
      problems.push(`"${line.slice(0, 100)}": ${errorMessage(error)}`)
    }
  }
  if (indicators.length > MAX_INDICATORS)
    problems.push(`${indicators.length} are given, at most ${MAX_INDICATORS} are allowed`)
  if (problems.length > 0) throw new Error(`indicators: ${problems.join('; ')}`)
  return indicators
}

function matcherOf(line: string): Indicator['matches'] {
  if (line.length > 1 && line.startsWith('/') && line.endsWith('/')) {
    const expression = compile(line.slice(1, -1))
    return (_query, row) => Object.values(row).some(value => expression.matcher(value).find())
  }
  if (/^sha256:/i.test(line)) {
    const digest = line.slice('sha256:'.length).toLowerCase()
    if (!/^[0-9a-f]{64}$/.test(digest)) throw new Error('a SHA-256 has 64 hex digits')
    return (_query, row) =>
      Object.values(row).some(value => value.length === 64 && value.toLowerCase() === digest)
  }
  if (/^ip:/i.test(line)) return addressMatcher(line.slice('ip:'.length))
  const field = /^([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)=(.*)$/i.exec(line)
  if (field !== null) {
    const [, table = '', column = '', value = ''] = field
    return (query, row) => row[column] === value && asks(query, table)
  }
  if (line.length < SHORTEST_LITERAL)
    throw new Error(`a literal needs at least ${SHORTEST_LITERAL} characters`)
  const wanted = line.toLowerCase()
  return (_query, row) => Object.values(row).some(value => value.toLowerCase().includes(wanted))
}

function compile(source: string): RE2JS {
  try {
    return RE2JS.compile(source, RE2JS.CASE_INSENSITIVE)
  } catch {
    throw new Error('not a regular expression that RE2 understands (no look-around, no back-references)')
  }
}

function addressMatcher(text: string): Indicator['matches'] {
  const single = ipaddr.isValid(text)
  if (!single && !ipaddr.isValidCIDR(text))
    throw new Error('ip: wants an address or a network such as 203.0.113.0/24')
  const [network, bits] = single ? [ipaddr.process(text), null] : ipaddr.parseCIDR(text)
  const inside = (candidate: string) => {
    if (!ipaddr.isValid(candidate)) return false
    const address = ipaddr.process(candidate)
    if (address.kind() !== network.kind()) return false
    return bits === null ? address.toString() === network.toString() : address.match(network, bits)
  }
  return (_query, row) => Object.values(row).some(value => addressesIn(value).some(inside))
}

/** The texts in a value that may be addresses, also with a port behind them. Linear in the value's length. */
function addressesIn(value: string): string[] {
  if (!/[.:]/.test(value)) return []
  return value.split(/[^0-9A-Fa-f.:]+/).flatMap(word => {
    if (word.length < 2 || word.length > 64) return []
    const colon = word.lastIndexOf(':')
    return colon > 0 ? [word, word.slice(0, colon)] : [word]
  })
}

/** Whether a query bears the table's name or reads the table. */
function asks(query: Query, table: string): boolean {
  return query.name === table || new RegExp(`\\b(?:from|join|,)\\s*${table}\\b`, 'i').test(query.sql)
}

interface Hit {
  readonly row: Row
  readonly query: Query
  readonly hosts: Set<string>
}

/** Looks at raw rows, host by host, and tells one finding for each indicator that was met. */
export function indicatorSearch(indicators: readonly Indicator[], queries: readonly Query[]) {
  const hits = new Map<Indicator, Map<string, Hit>>()
  const hosts = new Map<Indicator, Set<string>>()
  const observed = new Map<string, number>()
  let answered = 0
  return {
    add(record: HostRecord): void {
      if (record.status !== 'silent') answered++
      const reading = rowReader(record)
      for (const [index, query] of queries.entries()) {
        const result = record.queries[query.name]
        if (result?.status === 'ok') observed.set(query.name, (observed.get(query.name) ?? 0) + 1)
        for (const row of result?.rows ?? []) {
          for (const indicator of indicators) {
            if (!indicator.matches(query, row)) continue
            hosts.set(indicator, (hosts.get(indicator) ?? new Set()).add(record.host))
            const { columns, values } = reading(query, row)
            const key = itemKey(index, columns, values)
            const rows = hits.get(indicator) ?? new Map<string, Hit>()
            hits.set(indicator, rows)
            const known = rows.get(key)
            if (known !== undefined) known.hosts.add(record.host)
            else if (rows.size < MAX_ROWS_PER_INDICATOR)
              rows.set(key, { row, query, hosts: new Set([record.host]) })
          }
        }
      }
    },
    findings(): Finding[] {
      return indicators.flatMap(indicator => {
        const met = hosts.get(indicator)
        if (met === undefined) return []
        const rows = [...(hits.get(indicator) ?? new Map<string, Hit>())]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([, hit]) => hit)
        return [finding(indicator, met, rows, answered, observed)]
      })
    }
  }
}

function finding(
  indicator: Indicator,
  met: ReadonlySet<string>,
  hits: readonly Hit[],
  answered: number,
  observed: ReadonlyMap<string, number>
): Finding {
  const rows = hits.map(({ row, query, hosts }): FindingRow => {
    const prevalence = [hosts.size, observed.get(query.name) ?? hosts.size] as const
    return {
      kind: 'unexpected',
      query: query.name,
      row,
      expected: null,
      baseline: 'none',
      prevalence: { cluster: prevalence, fleet: prevalence }
    }
  })
  const integrity = hits.some(({ query }) => query.weight === 'integrity')
  return {
    id: fingerprint('indicator', [indicator.text]),
    kind: 'indicator',
    verdict: null,
    severity: integrity ? 'critical' : 'high',
    surprise: Math.max(0, Math.log2((answered + 1) / (met.size + 0.5))),
    hosts: [...met].sort(),
    cluster: null,
    rows,
    explanation: `The indicator ${JSON.stringify(indicator.text)} was met on ${met.size} of ${answered} hosts.`,
    attack: [...new Set(hits.flatMap(({ query }) => query.attack))].sort(),
    acceptedBy: null
  }
}
