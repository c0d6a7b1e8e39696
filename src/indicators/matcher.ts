import { domainToASCII } from 'node:url'
import { RE2JS, RE2Set } from 're2js'
import type { Query } from '../osquery/pack.ts'
import type { Row } from '../snapshot/snapshot.ts'
import { addressesIn, networkKey } from './addresses.ts'
import type { Indicator, Pattern } from './indicator.ts'
import { wordFinder } from './literals.ts'
import { namesOf } from './query-columns.ts'

/**
 * How much text of one host is still searched for expressions, in characters. Words, digests, addresses and domains are
 * always searched for: they cost little whatever a host sends.
 */
export interface SearchBudget {
  left: number
}

/** For one host; 2,000 rows of 150 characters are a seventh of it. */
export const MAX_SEARCHED = 2 * 1024 * 1024

const UNLIMITED: SearchBudget = { left: Number.POSITIVE_INFINITY }

/** Returns the indicators that a row matches, each once. */
export type Matcher = (query: Query, row: Row, budget?: SearchBudget) => readonly Indicator[]

/** Values whose result is remembered: fleets repeat most of them. Longer ones are searched each time. */
const MAX_REMEMBERED = 500_000
const MAX_REMEMBERED_LENGTH = 512
/** Of all expressions together (bytes); RE2 starts over when it is full. */
const EXPRESSION_MEMORY = 64 * 1024 * 1024

const NONE: readonly Indicator[] = []

/**
 * Compiles indicators. Time per row is linear in its length whatever their number: exact values are looked up in maps,
 * texts are found in one pass, and so are expressions. Each distinct value is searched once.
 */
export function compileIndicators(indicators: readonly Indicator[]): Matcher {
  const inValue = valueMatcher(indicators)
  const inColumns = columnMatcher(indicators)
  const rules = indicators.flatMap(indicator =>
    indicator.pattern.kind === 'sigma' ? [{ indicator, rule: indicator.pattern.rule }] : []
  )
  const inRow = remembered(MAX_REMEMBERED / 10, (text: string, budget: SearchBudget, row: Row) => {
    if (!spend(budget, text.length * Math.ceil(rules.length / RULES_PER_EXPRESSION))) return null
    const found = rules.filter(({ rule }) => rule.columns.every(column => column in row) && rule.matches(row))
    return found.length === 0 ? NONE : found.map(({ indicator }) => indicator)
  })
  const ruleColumns = [...new Set(rules.flatMap(({ rule }) => rule.columns))]
  return (query, row, budget = UNLIMITED) => {
    let found: Set<Indicator> | null = null
    const add = (more: readonly Indicator[]) => {
      for (const indicator of more) found = (found ?? new Set()).add(indicator)
    }
    for (const column in row) {
      const value = row[column] ?? ''
      if (value.length < 2) {
        if (inColumns.has(column)) add(inColumns.get(query, column, value))
        continue
      }
      add(inValue(value, budget))
      if (inColumns.has(column)) add(inColumns.get(query, column, value))
    }
    if (rules.length > 0 && 'cmdline' in row) {
      add(inRow(ruleColumns.map(column => row[column] ?? '\0').join('\u0001'), budget, row))
    }
    return found === null ? NONE : [...(found as Set<Indicator>)]
  }
}

/** Sigma rules that cost as much as the search for all expressions. */
const RULES_PER_EXPRESSION = 64

/** Takes a cost from a budget; false: it is used up. */
function spend(budget: SearchBudget, cost: number): boolean {
  budget.left -= cost
  return budget.left >= 0
}

/** Remembers results by a text, up to a number of texts. `null`: the budget was used up; this is not remembered. */
function remembered<More extends unknown[]>(
  limit: number,
  compute: (text: string, budget: SearchBudget, ...more: More) => readonly Indicator[] | null
) {
  let known = new Map<string, readonly Indicator[]>()
  return (text: string, budget: SearchBudget, ...more: More): readonly Indicator[] => {
    const before = text.length > MAX_REMEMBERED_LENGTH ? undefined : known.get(text)
    if (before !== undefined) return before
    const found = compute(text, budget, ...more)
    if (found === null || text.length > MAX_REMEMBERED_LENGTH) return found ?? NONE
    if (known.size >= limit) known = new Map()
    known.set(text, found)
    return found
  }
}

function valueMatcher(
  indicators: readonly Indicator[]
): (value: string, budget: SearchBudget) => readonly Indicator[] {
  const by = <Kind extends Pattern['kind'], Key>(
    kinds: readonly Kind[],
    keyOf: (pattern: Extract<Pattern, { kind: Kind }>) => Key
  ): Map<Key, Indicator[]> => {
    const map = new Map<Key, Indicator[]>()
    for (const indicator of indicators) {
      const { pattern } = indicator
      if (!isOf(pattern, kinds)) continue
      const key = keyOf(pattern)
      const list = map.get(key)
      if (list === undefined) map.set(key, [indicator])
      else list.push(indicator)
    }
    return map
  }
  const digests = by(['sha256', 'sha1', 'md5'], ({ digest }) => digest)
  const domains = by(['domain'], ({ domain }) => domain)
  const networks = by(['address', 'network'], ({ bytes, bits }) => networkKey(bytes, bits))
  const lengths = [...new Set([...networks.keys()].map(key => key.slice(0, key.lastIndexOf('/'))))].map(key =>
    key.split('/').map(Number)
  )
  const texts = by(['text', 'url'], ({ text }) => text)
  const inText = [...texts.values()]
  const findWords = wordFinder([...texts.keys()])
  const expressions = by(['regex'], ({ source }) => source)
  const ofExpression = [...expressions.values()]
  const findExpressions = expressionFinder([...expressions.keys()])

  const literally = (value: string): readonly Indicator[] => {
    const found: Indicator[] = []
    const lower = value.toLowerCase()
    if (digests.size > 0 && value.length >= 32) {
      for (const word of lower.match(/(?<![0-9a-f])[0-9a-f]{32,64}(?![0-9a-f])/g) ?? [])
        found.push(...(digests.get(word) ?? NONE))
    }
    if (lengths.length > 0) {
      for (const bytes of addressesIn(value))
        for (const [size, bits = 0] of lengths)
          if (size === bytes.length) found.push(...(networks.get(networkKey(bytes, bits)) ?? NONE))
    }
    if (domains.size > 0) for (const name of domainsIn(lower)) found.push(...(domains.get(name) ?? NONE))
    for (const index of findWords(lower)) found.push(...(inText[index] ?? NONE))
    return found.length === 0 ? NONE : found
  }
  const inLiterals = remembered(MAX_REMEMBERED, literally)
  if (expressions.size === 0) return inLiterals
  const inExpressions = remembered(MAX_REMEMBERED, (value, budget) => {
    if (!spend(budget, value.length)) return null
    const found = findExpressions(value).flatMap(index => ofExpression[index] ?? NONE)
    return found.length === 0 ? NONE : found
  })
  return (value, budget) => {
    const literal = inLiterals(value, budget)
    const matched = inExpressions(value, budget)
    return matched.length === 0 ? literal : [...literal, ...matched]
  }
}

function isOf<Kind extends Pattern['kind']>(
  pattern: Pattern,
  kinds: readonly Kind[]
): pattern is Extract<Pattern, { kind: Kind }> {
  return kinds.some(kind => kind === pattern.kind)
}

function expressionFinder(sources: readonly string[]): (value: string) => readonly number[] {
  if (sources.length === 0) return () => []
  const set = new RE2Set(RE2Set.UNANCHORED, RE2JS.CASE_INSENSITIVE, EXPRESSION_MEMORY)
  for (const source of sources) set.add(source)
  set.compile()
  return value => set.match(value)
}

/** A domain name has at most this many characters (RFC 1035). */
const LONGEST_DOMAIN = 253

/** The names in a value, and the names above them: `a.b.example` gives also `b.example`. */
function domainsIn(lower: string): string[] {
  if (!lower.includes('.')) return []
  const found: string[] = []
  for (const word of lower.split(/[^\p{L}\p{N}._-]+/u)) {
    let name = asciiOf(word.slice(-LONGEST_DOMAIN).replace(/\.+$/, ''))
    while (name.includes('.')) {
      found.push(name)
      name = name.slice(name.indexOf('.') + 1)
    }
  }
  return found
}

/** Domains are searched for in ASCII. */
const asciiOf = (name: string) => (/[^ -~]/.test(name) ? domainToASCII(name) || name : name)

interface ColumnMatcher {
  has(column: string): boolean
  get(query: Query, column: string, value: string): readonly Indicator[]
}

function columnMatcher(indicators: readonly Indicator[]): ColumnMatcher {
  const columns = new Map<string, Map<string, { table: string; indicator: Indicator }[]>>()
  for (const indicator of indicators) {
    if (indicator.pattern.kind !== 'column') continue
    const { table, column, value } = indicator.pattern
    const values = columns.get(column) ?? new Map<string, { table: string; indicator: Indicator }[]>()
    columns.set(column, values)
    values.set(value, [...(values.get(value) ?? []), { table, indicator }])
  }
  return {
    has: column => columns.has(column),
    get(query, column, value) {
      const candidates = columns.get(column)?.get(value)
      if (candidates === undefined) return NONE
      const names = namesOf(query)
      return candidates.flatMap(({ table, indicator }) => (names.has(table.toLowerCase()) ? [indicator] : []))
    }
  }
}
