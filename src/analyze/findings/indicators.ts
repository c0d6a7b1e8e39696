import { type IndicatorSearch, searchCoverage } from '../../indicators/coverage.ts'
import { type Indicator, patternKey } from '../../indicators/indicator.ts'
import { compileIndicators, MAX_SEARCHED } from '../../indicators/matcher.ts'
import { itemKey } from '../../normalize/items.ts'
import { rowReader } from '../../normalize/values.ts'
import type { Query } from '../../osquery/pack.ts'
import type { HostRecord, Row } from '../../snapshot/snapshot.ts'
import { count } from '../../text/phrases.ts'
import type { Finding, FindingRow } from '../finding.ts'
import { fingerprint } from './draft.ts'

/** Rows of one indicator that are kept as evidence; hosts are always counted in full. */
const MAX_ROWS_PER_INDICATOR = 200
/** Of an indicator in a sentence (characters). */
const MAX_QUOTED = 200

/** A row that matches an indicator. */
interface Hit {
  readonly row: Row
  readonly query: Query
  readonly hosts: Set<string>
}

/** What is known of an indicator that was found. */
interface Found {
  readonly hosts: Set<string>
  /** By the row's item. */
  readonly rows: Map<string, Hit>
}

/** Looks at raw rows, host by host, and makes one finding for each indicator that is found. */
export function indicatorSearch(indicators: readonly Indicator[], queries: readonly Query[]) {
  const matches = compileIndicators(indicators)
  const coverage = searchCoverage(indicators, queries)
  const found = new Map<Indicator, Found>()
  const observed = new Map<string, number>()
  const seen = new Set<string>()
  let answered = 0
  return {
    add(record: HostRecord): void {
      if (seen.has(record.host)) return
      seen.add(record.host)
      if (record.status !== 'silent') answered++
      const reading = rowReader(record)
      const budget = { left: MAX_SEARCHED }
      const cut = new Set<string>()
      for (const [index, query] of queries.entries()) {
        const result = record.queries[query.name]
        if (result?.status === 'ok') observed.set(query.name, (observed.get(query.name) ?? 0) + 1)
        for (const row of result?.rows ?? []) {
          for (const indicator of matches(query, row, budget)) {
            const { hosts, rows } = found.get(indicator) ?? {
              hosts: new Set<string>(),
              rows: new Map<string, Hit>()
            }
            found.set(indicator, { hosts, rows })
            hosts.add(record.host)
            const { columns, values } = reading(query, row)
            const key = itemKey(index, columns, values)
            const known = rows.get(key)
            if (known !== undefined) known.hosts.add(record.host)
            else if (rows.size < MAX_ROWS_PER_INDICATOR)
              rows.set(key, { row, query, hosts: new Set([record.host]) })
          }
          if (budget.left < 0) cut.add(query.name)
        }
      }
      coverage.add(record, cut)
    },
    findings(): Finding[] {
      return indicators.flatMap(indicator => {
        const hits = found.get(indicator)
        return hits === undefined ? [] : [finding(indicator, hits, answered, observed)]
      })
    },
    coverage: (): IndicatorSearch => coverage.finish()
  }
}

function finding(
  { text, pattern }: Indicator,
  { hosts, rows }: Found,
  answered: number,
  observed: ReadonlyMap<string, number>
): Finding {
  const hits = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, hit]) => hit)
  const integrity = hits.some(({ query }) => query.weight === 'integrity')
  return {
    id: fingerprint('indicator', [patternKey(pattern)]),
    kind: 'indicator',
    verdict: null,
    severity: integrity ? 'critical' : 'high',
    surprise: Math.max(0, Math.log2((answered + 1) / (hosts.size + 0.5))),
    hosts: [...hosts].sort(),
    cluster: null,
    rows: hits.map(hit => findingRow(hit, observed)),
    explanation: `The indicator ${JSON.stringify(text.slice(0, MAX_QUOTED))} was found on ${hosts.size} of ${count(answered, 'host')}.`,
    attack: [...new Set(hits.flatMap(({ query }) => query.attack))].sort(),
    acceptedBy: null
  }
}

function findingRow({ row, query, hosts }: Hit, observed: ReadonlyMap<string, number>): FindingRow {
  const prevalence = [hosts.size, observed.get(query.name) ?? hosts.size] as const
  return {
    kind: 'unexpected',
    query: query.name,
    row,
    expected: null,
    baseline: 'none',
    prevalence: { cluster: prevalence, fleet: prevalence }
  }
}
