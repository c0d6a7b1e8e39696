import { generalize, hasLiteralText, isPattern, MIN_VARIANTS, patternOf } from '../baseline/patterns.ts'
import { columnKind } from '../normalize/rules.ts'
import type { Query } from '../osquery/pack.ts'
import type { ObservedRow } from './observations.ts'

const RARE_SHARE = 0.15
/** … that together stand on so large a part of the hosts, and on so many, are one row with a random part. */
const PATTERN_SHARE = 0.5
const MIN_HOSTS_WITH_VARIANTS = 3

/**
 * Replaces per-host variants of one row by their pattern. Digests, cohorts and what is declared changeable are never
 * generalized.
 */
export function generalizeVariants(
  query: Query,
  rows: readonly ObservedRow[],
  observers: number
): ObservedRow[] {
  const fixed = (column: string) =>
    columnKind(column) === 'digest' || query.cohort.includes(column) || query.changes.includes(column)
  const isRare = ({ hosts }: ObservedRow) =>
    hosts.length < observers && hosts.length <= Math.max(1, RARE_SHARE * observers)
  const variants = Map.groupBy(rows.filter(isRare), ({ columns, row }) =>
    JSON.stringify(row.map((value, at) => (fixed(columns[at] ?? '') ? value : generalize(value))))
  )
  let rest = [...rows]
  const patterns: ObservedRow[] = []
  for (const members of variants.values()) {
    const [first] = members
    const row =
      first?.row.map((value, at) => (fixed(first.columns[at] ?? '') ? value : generalize(value))) ?? []
    if (first === undefined || members.length < MIN_VARIANTS || !row.some(isPattern) || !hasLiteralText(row))
      continue
    const tests = row.map(patternOf)
    const matching = new Set(
      rest.filter(
        sighting => isRare(sighting) && tests.every((test, at) => test.test(sighting.row[at] ?? ''))
      )
    )
    const hosts = [...new Set([...matching].flatMap(sighting => sighting.hosts))]
    if (hosts.length < MIN_HOSTS_WITH_VARIANTS || hosts.length < PATTERN_SHARE * observers) continue
    rest = rest.filter(sighting => !matching.has(sighting))
    patterns.push({ ...first, row, hosts, suspicion: null, accused: null, excused: 0 })
  }
  return [...rest, ...patterns]
}
