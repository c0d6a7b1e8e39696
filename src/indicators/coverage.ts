import type { Query } from '../osquery/pack.ts'
import type { HostRecord } from '../snapshot/snapshot.ts'
import type { Indicator, Pattern } from './indicator.ts'
import { mayReturn, namesOf } from './query-columns.ts'

/** Why indicators could not be checked: osquery cannot show them, no query returns their column, or no answer came. */
export type UncheckedCode = 'not-observable' | 'no-query' | 'no-answer' | 'partial-answer'

/** Indicators of one sort that could not be checked, everywhere or on some hosts. */
export interface Unchecked {
  readonly code: UncheckedCode
  /** What they are: `md5`, `address`, the column of `table.column=value`, `any row` for those searched in every row. */
  readonly what: string
  /** How many indicators. */
  readonly indicators: number
  /** Some of them, as they were written. */
  readonly examples: readonly string[]
  /** Sorted host ids; `null`: on every host. */
  readonly hosts: readonly string[] | null
}

/** What was looked for, and where. */
export interface IndicatorSearch {
  /** How many indicators of each kind. */
  readonly kinds: Readonly<Record<string, number>>
  readonly total: number
  /** Hosts on which rows were searched. */
  readonly hosts: number
  /** Queries whose rows were searched on some host, sorted. */
  readonly queries: readonly string[]
  readonly unchecked: readonly Unchecked[]
}

const MAX_EXAMPLES = 5
/** A host may send rows with any number of different columns. */
const MAX_COLUMNS = 500
const ADDRESS_COLUMN = /\b(?:\w*address\w*|\w*_ip|ip|host|peer)\b/i

/** Notes which queries each host answered, and says in the end which indicators that was enough for. */
export function searchCoverage(indicators: readonly Indicator[], queries: readonly Query[]) {
  const columns = queries.map(() => new Set<string>())
  /** By the answers of a host, one character for each query: the hosts that answered so. */
  const hostsBy = new Map<string, string[]>()
  return {
    /** @param cut names of queries of which not all rows were searched */
    add(record: HostRecord, cut: ReadonlySet<string> = new Set()): void {
      let answers = ''
      for (const [at, { name }] of queries.entries()) {
        const result = record.queries[name]
        answers +=
          result === undefined || result.status === 'unsupported'
            ? '-'
            : result.status === 'ok' && !cut.has(name)
              ? '1'
              : 'x'
        const seen = columns[at]
        for (const column in result?.rows[0])
          if (seen !== undefined && seen.size < MAX_COLUMNS) seen.add(column)
      }
      const alike = hostsBy.get(answers)
      if (alike === undefined) hostsBy.set(answers, [record.host])
      else alike.push(record.host)
    },
    finish(): IndicatorSearch {
      const answeredBy = (at: number) => [...hostsBy.keys()].some(answers => answers[at] === '1')
      const groups = Map.groupBy(indicators, ({ pattern }) => needOf(pattern))
      return {
        kinds: kindsOf(indicators),
        total: indicators.length,
        hosts: [...hostsBy].reduce(
          (sum, [answers, { length }]) => sum + (answers.includes('1') ? length : 0),
          0
        ),
        queries: queries.flatMap(({ name }, at) => (answeredBy(at) ? [name] : [])).sort(),
        unchecked: [...groups].flatMap(([what, group]) => uncheckedOf(what, group, queries, columns, hostsBy))
      }
    }
  }
}

function kindsOf(indicators: readonly Indicator[]): Record<string, number> {
  const kinds: Record<string, number> = {}
  for (const { pattern } of indicators) kinds[pattern.kind] = (kinds[pattern.kind] ?? 0) + 1
  return kinds
}

/** What a host must have answered for an indicator to be checked; the same text for the same needs. */
function needOf(pattern: Pattern): string {
  switch (pattern.kind) {
    case 'column':
      return `${pattern.table}.${pattern.column}`
    case 'sigma':
      return `Sigma: ${pattern.rule.columns.join(', ')}`
    case 'other':
      return pattern.type
    case 'network':
      return 'address'
    case 'text':
    case 'url':
    case 'domain':
    case 'regex':
      return 'any row'
    default:
      return pattern.kind
  }
}

function uncheckedOf(
  what: string,
  group: readonly Indicator[],
  queries: readonly Query[],
  columns: readonly ReadonlySet<string>[],
  hostsBy: ReadonlyMap<string, readonly string[]>
): Unchecked[] {
  const [first] = group
  if (first === undefined) return []
  const examples = group.slice(0, MAX_EXAMPLES).map(({ text }) => text)
  const all = { what, indicators: group.length, examples, hosts: null }
  if (first.pattern.kind === 'other') return [{ ...all, code: 'not-observable' }]
  const able = queries.flatMap((query, at) =>
    canShow(first.pattern, query, columns[at] ?? new Set()) ? [at] : []
  )
  if (able.length === 0) return [{ ...all, code: 'no-query' }]
  const silent: string[] = []
  const partial: string[] = []
  for (const [answers, hosts] of hostsBy) {
    if (!able.some(at => answers[at] === '1')) silent.push(...hosts)
    else if (able.some(at => answers[at] === 'x')) partial.push(...hosts)
  }
  return [
    ...(silent.length > 0 ? [{ ...all, code: 'no-answer', hosts: silent.sort() } as const] : []),
    ...(partial.length > 0 ? [{ ...all, code: 'partial-answer', hosts: partial.sort() } as const] : [])
  ]
}

/** Whether the rows of a query can show an indicator. */
function canShow(pattern: Pattern, query: Query, seen: ReadonlySet<string>): boolean {
  switch (pattern.kind) {
    case 'sha256':
    case 'sha1':
    case 'md5':
      return mayReturn(query, pattern.kind, seen)
    case 'address':
    case 'network':
      return (
        ADDRESS_COLUMN.test(query.sql) ||
        [...seen, ...(query.identity ?? [])].some(column => ADDRESS_COLUMN.test(column))
      )
    case 'column':
      return namesOf(query).has(pattern.table.toLowerCase()) && mayReturn(query, pattern.column, seen)
    case 'sigma':
      return pattern.rule.columns.every(column => mayReturn(query, column, seen))
    default:
      return true
  }
}
