import { isWord, nameOf, type Token } from './sql-tokens.ts'

/** A table that a statement reads. Names are in lower case. */
export interface AskedTable {
  readonly name: string
  /** What the statement calls it. */
  readonly alias: string
  /** How many parentheses it is in. */
  readonly depth: number
  /** Whether arguments follow, which give values to its columns. */
  readonly isCall: boolean
}

/** Words that end a list of tables. */
const END = [
  'SELECT',
  'WHERE',
  'GROUP',
  'HAVING',
  'WINDOW',
  'ORDER',
  'LIMIT',
  'UNION',
  'EXCEPT',
  'INTERSECT',
  'VALUES'
]
/** Words that follow a table and do not rename it. */
const NO_ALIAS = [
  ...END,
  'JOIN',
  'LEFT',
  'RIGHT',
  'FULL',
  'INNER',
  'OUTER',
  'CROSS',
  'NATURAL',
  'ON',
  'USING',
  'INDEXED',
  'NOT'
]

/** The tables that a statement reads, without what it defines itself (`WITH`). Tokens have no blanks. */
export function tablesOf(tokens: readonly Token[]): AskedTable[] {
  const defined = definedNames(tokens)
  const tables: AskedTable[] = []
  /** For each open parenthesis: whether a list of tables is being read, and whether a table comes next. */
  const levels = [{ inList: false, comesNext: false }]
  for (const [index, token] of tokens.entries()) {
    const level = levels.at(-1) ?? { inList: false, comesNext: false }
    if (token.text === '(') {
      const isList = level.comesNext && !isWord(tokens[index + 1], 'SELECT', 'WITH', 'VALUES')
      level.comesNext = false
      levels.push({ inList: isList, comesNext: isList })
    } else if (token.text === ')') {
      if (levels.length > 1) levels.pop()
    } else if (isWord(token, 'JOIN') || (isWord(token, 'FROM') && !isWord(tokens[index - 1], 'DISTINCT'))) {
      level.inList = true
      level.comesNext = true
    } else if (token.text === ',') level.comesNext = level.inList
    else if (isWord(token, ...END)) {
      level.inList = false
      level.comesNext = false
    } else if (level.comesNext && tokens[index + 1]?.text !== '.' && token.text !== '.') {
      level.comesNext = false
      const table = tableAt(tokens, index, levels.length - 1)
      if (table !== null && !defined.has(table.name)) tables.push(table)
    }
  }
  return tables
}

function tableAt(tokens: readonly Token[], index: number, depth: number): AskedTable | null {
  const name = nameOf(tokens[index])?.toLowerCase()
  if (name === undefined) return null
  const next = tokens[index + 1]
  const renamed = isWord(next, 'AS') ? tokens[index + 2] : isWord(next, ...NO_ALIAS) ? undefined : next
  return { name, alias: nameOf(renamed)?.toLowerCase() ?? name, depth, isCall: next?.text === '(' }
}

/** The names before `AS (`, of which a statement's `WITH` has some. */
function definedNames(tokens: readonly Token[]): ReadonlySet<string> {
  const names = new Set<string>()
  if (!tokens.some(token => isWord(token, 'WITH'))) return names
  for (const [index, token] of tokens.entries()) {
    const name = nameOf(token)
    if (name !== null && isDefinition(tokens, index + 1)) names.add(name.toLowerCase())
  }
  return names
}

function isDefinition(tokens: readonly Token[], index: number): boolean {
  let at = index
  if (tokens[at]?.text === '(') {
    while (at < tokens.length && tokens[at]?.text !== ')') at++
    at++
  }
  if (!isWord(tokens[at], 'AS')) return false
  while (isWord(tokens[at + 1], 'NOT', 'MATERIALIZED')) at++
  return tokens[at + 1]?.text === '('
}
