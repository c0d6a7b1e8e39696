import {
  generalize,
  hasLiteralText,
  isPattern,
  MIN_PATTERN_HOSTS,
  MIN_PATTERN_SHARE,
  MIN_VARIANTS,
  patternOf
} from '../baseline/patterns.ts'
import { columnKind } from '../normalize/rules.ts'
import type { Query } from '../osquery/pack.ts'
import type { ObservedRow } from './observations.ts'

/** A variant is on at most this share of the hosts. */
const MAX_VARIANT_SHARE = 0.15

/**
 * Replaces the rows that differ from host to host only in a random part by their pattern. Digests, `cohort` and
 * `changes` columns are never generalized.
 * @param observers how many hosts answered the query
 */
export function generalizeVariants(
  query: Query,
  rows: readonly ObservedRow[],
  observers: number
): ObservedRow[] {
  const isFixed = (column: string) =>
    columnKind(column) === 'digest' || query.cohort.includes(column) || query.changes.includes(column)
  const isRare = ({ hosts }: ObservedRow) =>
    hosts.length < observers && hosts.length <= Math.max(1, MAX_VARIANT_SHARE * observers)
  const generalized = ({ columns, row }: ObservedRow) =>
    row.map((value, at) => (isFixed(columns[at] ?? '') ? value : generalize(value)))
  const byPattern = Map.groupBy(rows.filter(isRare), row => JSON.stringify(generalized(row)))
  let remaining = [...rows]
  const patterns: ObservedRow[] = []
  for (const variants of byPattern.values()) {
    const [first] = variants
    if (first === undefined || variants.length < MIN_VARIANTS) continue
    const pattern = generalized(first)
    if (!pattern.some(isPattern) || !hasLiteralText(pattern)) continue
    const tests = pattern.map(patternOf)
    const matching = new Set(
      remaining.filter(
        observed => isRare(observed) && tests.every((test, at) => test.test(observed.row[at] ?? ''))
      )
    )
    const hosts = [...new Set([...matching].flatMap(observed => observed.hosts))]
    if (hosts.length < MIN_PATTERN_HOSTS || hosts.length < MIN_PATTERN_SHARE * observers) continue
    remaining = remaining.filter(observed => !matching.has(observed))
    patterns.push({ ...first, row: pattern, hosts, suspicion: null, onlyOnSuspects: null, exempt: 0 })
  }
  return [...remaining, ...patterns]
}
