import { parseEntry, regexPattern, textPattern } from '../entry.ts'
import type { Pattern } from '../indicator.ts'
import { type DocumentEntry, entryOf, unobservable } from './entry.ts'
import { valueEntry } from './stix-value.ts'

/** `type:path operator value` (STIX 2.1, section 9). */
interface Comparison {
  readonly type: string
  readonly path: string
  readonly operator: string
  /** Whether it says what is not there. */
  readonly isNegated: boolean
  readonly values: readonly string[]
}

const TOKEN =
  /\s+|[tbh]?'((?:[^'\\]|\\.)*)'|([a-z0-9-]+:(?:[\w-]+|'[^']*'|"[^"]*"|\[(?:\d+|\*)\]|\.)+)|([[\](),]|!=|<>|<=|>=|[=<>])|(-?\d[\d.]*)|([A-Za-z]+)/y

interface Token {
  readonly kind: 'text' | 'path' | 'sign' | 'number' | 'word'
  readonly text: string
}

const MAX_TOKENS = 10_000
/** Of one observation, after `(a OR b) AND (c OR d)` is written as four. */
const MAX_ALTERNATIVES = 1_000

/**
 * What to search for to find a STIX pattern: its observations, whatever joins them (`AND`, `OR`, `FOLLOWEDBY`), and of
 * each the alternatives. Of comparisons that must hold together for one kind of object, the most exact counts.
 */
export function patternEntries(pattern: string): DocumentEntry[] {
  try {
    return observations(tokensOf(pattern)).flat().flatMap(entriesOf)
  } catch (error) {
    return [{ text: pattern.trim(), problem: error instanceof Error ? error.message : 'not a STIX pattern' }]
  }
}

function tokensOf(pattern: string): Token[] {
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < pattern.length) {
    const start = TOKEN.lastIndex
    const found = TOKEN.exec(pattern)
    if (found === null || tokens.length > MAX_TOKENS)
      throw new Error(`not a STIX pattern: "${pattern.slice(start, start + 20)}" is not understood`)
    const [, text, path, sign, number, word] = found
    if (text !== undefined) tokens.push({ kind: 'text', text: text.replace(/\\(.)/gs, '$1') })
    else if (path !== undefined) tokens.push({ kind: 'path', text: path })
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign })
    else if (number !== undefined) tokens.push({ kind: 'number', text: number })
    else if (word !== undefined) tokens.push({ kind: 'word', text: word.toUpperCase() })
  }
  return tokens
}

/** What may be between observations. */
const BETWEEN = new Set([
  ...['AND', 'OR', 'FOLLOWEDBY', 'WITHIN', 'SECONDS', 'REPEATS', 'TIMES', 'START', 'STOP'],
  ...['(', ')']
])

/** For each observation its alternatives, each of which is comparisons that must hold together. */
function observations(tokens: readonly Token[]): Comparison[][][] {
  let at = 0
  const is = (...texts: readonly string[]) => {
    const token = tokens[at]
    return token !== undefined && token.kind !== 'text' && texts.includes(token.text)
  }
  const expect = (text: string) => {
    if (!is(text)) throw new Error(`not a STIX pattern: ${text} is missing`)
    at++
  }
  function any(): Comparison[][] {
    const found = every()
    while (is('OR')) {
      at++
      found.push(...every())
    }
    return found
  }
  function every(): Comparison[][] {
    let found = one()
    while (is('AND')) {
      at++
      const others = one()
      found = found.flatMap(left => others.map(right => [...left, ...right]))
      if (found.length > MAX_ALTERNATIVES) throw new Error('the STIX pattern has too many alternatives')
    }
    return found
  }
  function one(): Comparison[][] {
    if (is('(')) {
      at++
      const found = any()
      expect(')')
      return found
    }
    const isNegated = is('NOT')
    if (isNegated) at++
    return [[comparison(isNegated)]]
  }
  function comparison(isNegated: boolean): Comparison {
    if (is('EXISTS')) at++
    const path = tokens[at++]
    if (path?.kind !== 'path') throw new Error('not a STIX pattern of comparisons such as file:name = …')
    const colon = path.text.indexOf(':')
    const about = { type: path.text.slice(0, colon), path: path.text.slice(colon + 1) }
    if (tokens[at - 2]?.text === 'EXISTS') return { ...about, operator: 'EXISTS', isNegated, values: [] }
    const isNot = is('NOT')
    if (isNot) at++
    const operator = tokens[at++]?.text ?? ''
    const negates = isNegated !== (isNot || operator === '!=' || operator === '<>')
    return { ...about, operator, isNegated: negates, values: values() }
  }
  function values(): string[] {
    if (!is('(')) return [value()]
    at++
    const found = [value()]
    while (is(',')) {
      at++
      found.push(value())
    }
    expect(')')
    return found
  }
  function value(): string {
    const token = tokens[at++]
    if (token === undefined || token.kind === 'sign' || token.kind === 'path')
      throw new Error('not a STIX pattern: a value is missing')
    return token.text
  }

  const found: Comparison[][][] = []
  while (at < tokens.length) {
    if (is('[')) {
      at++
      found.push(any())
      expect(']')
    } else if (
      BETWEEN.has(tokens[at]?.text ?? '') ||
      tokens[at]?.kind === 'number' ||
      tokens[at]?.kind === 'text'
    )
      at++
    else throw new Error(`not a STIX pattern: "${tokens[at]?.text}" is not understood`)
  }
  if (found.length === 0) throw new Error('not a STIX pattern: it has no [observation]')
  return found
}

/** What finds comparisons that must hold together: for each kind of object the most exact ones. */
function entriesOf(alternative: readonly Comparison[]): DocumentEntry[] {
  const positive = alternative.filter(({ isNegated }) => !isNegated)
  if (positive.length === 0)
    return [{ text: alternative.map(describe).join(' AND '), problem: 'it only says what is not there' }]
  return [...Map.groupBy(positive, ({ type }) => type).values()].flatMap(group => {
    const entries = wholePaths(group).flatMap(comparisonEntries)
    const best = Math.max(...entries.map(exactness))
    return entries.filter(entry => exactness(entry) === best)
  })
}

/** A name and its folder are one path. */
function wholePaths(group: readonly Comparison[]): readonly Comparison[] {
  const comparisonOf = (wanted: string) =>
    group.find(({ path, operator, values }) => path === wanted && operator === '=' && values.length === 1)
  const [folder, name] = [comparisonOf('parent_directory_ref.path'), comparisonOf('name')]
  if (folder === undefined || name === undefined) return group
  const [directory = '', file = ''] = [folder.values[0], name.values[0]]
  const separator = directory.includes('\\') ? '\\' : '/'
  const whole = { ...name, path: 'path', values: [`${directory.replace(/[\\/]+$/, '')}${separator}${file}`] }
  return [whole, ...group.filter(comparison => comparison !== folder && comparison !== name)]
}

const EXACTNESS: Readonly<Record<Pattern['kind'], number>> = {
  other: 0,
  text: 1,
  regex: 1,
  domain: 2,
  column: 2,
  network: 3,
  address: 3,
  url: 4,
  md5: 5,
  sha1: 5,
  sha256: 5,
  sigma: 5
}

const exactness = (entry: DocumentEntry) => ('pattern' in entry ? EXACTNESS[entry.pattern.kind] : -1)

function comparisonEntries(comparison: Comparison): DocumentEntry[] {
  const { type, path, operator, values } = comparison
  const text = describe(comparison)
  switch (operator) {
    case '=':
    case 'IN':
      return values.map(value => valueEntry(type, path, value))
    case 'ISSUBSET':
      return values.map(value => entryOf(text, () => parseEntry(`ip:${value}`)))
    case 'LIKE':
      return values.map(value => likeEntry(type, path, value, text))
    case 'MATCHES':
      return values.map(value => entryOf(text, () => regexPattern(unanchored(value))))
    case 'EXISTS':
    case '<':
    case '>':
    case '<=':
    case '>=':
      return [entryOf(text, () => unobservable(`${type} ${path}`, text))]
    default:
      return [{ text, problem: `${operator} is not understood in a STIX pattern` }]
  }
}

const describe = ({ type, path, operator, values }: Comparison): string =>
  `${type}:${path} ${operator} ${values.map(value => `'${value}'`).join(', ')}`.trim()

/** `%` stands for any text, and `_` for one character. */
function likeEntry(type: string, path: string, value: string, text: string): DocumentEntry {
  const core = value.replace(/^%+|%+$/g, '')
  if (/[%_]/.test(core)) {
    const source = core
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replaceAll('%', '.*')
      .replaceAll('_', '.')
    return entryOf(text, () => regexPattern(source))
  }
  if (type === 'domain-name' && core.startsWith('.')) return valueEntry(type, path, core.slice(1))
  return entryOf(text, () => textPattern(core))
}

/** The value of an object may be a part of what osquery returns: `^` and `$` are edges of a word there. */
function unanchored(source: string): string {
  return source
    .replace(/^(\(\?[a-z]+\))?\^/, '$1(?:^|[^\\w.-])')
    .replace(/(?<!\\)((?:\\\\)*)\$$/, '$1(?:$|[^\\w.-])')
}
