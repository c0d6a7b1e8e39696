import { type AskedTable, tablesOf } from './sql-tables.ts'
import { isBlank, isWord, nameOf, type Token, tokensOf } from './sql-tokens.ts'
import { EVENT_TABLES, REQUIRED_COLUMNS } from './tables.ts'

/** The SQL without comments, line breaks, runs of blanks and its last semicolon. What is in quotes stays as it is. */
export function compactSql(sql: string): string {
  const blank = tokensOf(sql).map(token => (isBlank(token) ? ' ' : token.text))
  return blank
    .filter((text, index) => text !== ' ' || blank[index - 1] !== ' ')
    .join('')
    .trim()
    .replace(/[\s;]+$/, '')
}

/** Why a host cannot answer the SQL, or would answer it with nothing, as the end of a sentence; `null`: it can. */
export function sqlProblem(sql: string): string | null {
  const tokens = tokensOf(sql).filter(token => !isBlank(token))
  const [first] = tokens
  if (first === undefined || tokens.every(({ text }) => text === ';')) return 'its SQL is empty'
  if (sql.includes('\0')) return 'its SQL has a NUL character, at which osquery ends it'
  if (tokens.some(isUnclosed)) return 'its SQL has a quote that is not closed'
  const end = tokens.findIndex(({ text }) => text === ';')
  if (end >= 0 && tokens.slice(end).some(({ text }) => text !== ';'))
    return 'it has several statements: write one query for each'
  if (tokens.some(({ kind }) => kind === 'parameter')) return 'its SQL has a parameter, which nothing fills'
  if (!isSelect(tokens)) return 'its SQL is not one SELECT'
  const tables = tablesOf(tokens)
  return eventProblem(tables) ?? constraintProblem(tokens, tables)
}

function isUnclosed({ kind, text }: Token): boolean {
  if (kind !== 'text' && kind !== 'name') return false
  const quote = text[0] === '[' ? ']' : (text[0] ?? '')
  return (
    text.length < 2 || !text.endsWith(quote) || (quote !== ']' && (text.split(quote).length - 1) % 2 === 1)
  )
}

function isSelect(tokens: readonly Token[]): boolean {
  const [first] = tokens
  if (!isWord(first, 'WITH')) return isWord(first, 'SELECT', 'VALUES')
  const verb = outer(tokens).find(token =>
    isWord(token, 'SELECT', 'VALUES', 'INSERT', 'UPDATE', 'DELETE', 'REPLACE')
  )
  return isWord(verb, 'SELECT', 'VALUES')
}

/** The tokens outside of parentheses. */
function outer(tokens: readonly Token[]): Token[] {
  let depth = 0
  return tokens.filter(({ text }) => {
    if (text === '(') depth++
    if (text === ')') depth--
    return depth === 0 && text !== ')'
  })
}

function eventProblem(tables: readonly AskedTable[]): string | null {
  const table = tables.find(({ name }) => EVENT_TABLES.has(name))
  return table === undefined
    ? null
    : `it asks ${table.name}, a table of events, which only osqueryd records; osqueryi answers with no rows`
}

/** What gives a column values. With any other comparison, osquery answers with no rows and no word. */
const OPERATORS = new Set(['=', 'LIKE', 'IN'])

function constraintProblem(tokens: readonly Token[], tables: readonly AskedTable[]): string | null {
  if (tokens.some(token => isWord(token, 'NATURAL'))) return null
  for (const table of tables) {
    const columns = REQUIRED_COLUMNS.get(table.name)
    if (columns === undefined || table.isCall) continue
    const others = new Set(tables.map(({ alias }) => alias).filter(alias => alias !== table.alias))
    if (columns.some(column => isConstrained(tokens, column, others))) continue
    return `it asks ${table.name} without a condition such as ${columns[0]} = …, which osquery requires`
  }
  return null
}

/** @param others what the statement calls its other tables, whose columns do not count */
function isConstrained(tokens: readonly Token[], column: string, others: ReadonlySet<string>): boolean {
  return tokens.some((token, index) => {
    if (token.kind === 'text' || nameOf(token)?.toLowerCase() !== column) return false
    const isQualified = tokens[index - 1]?.text === '.'
    if (isQualified && others.has(nameOf(tokens[index - 2])?.toLowerCase() ?? '')) return false
    const next = tokens[index + 1]?.text.toUpperCase() ?? ''
    let before = index - 1
    while (tokens[before]?.text === '.') before -= 2
    const isInList = isWord(
      tokens[tokens.findLastIndex((token, at) => at < index && token.text === '(') - 1],
      'USING'
    )
    return OPERATORS.has(next) || tokens[before]?.text === '=' || isInList
  })
}

/** The names that several columns of the result have; osquery keeps the value of the last. */
export function repeatedColumns(sql: string): string[] {
  const tokens = firstSelect(tokensOf(sql).filter(token => !isBlank(token)))
  const items = selectList(tokens)
  const names = items.flatMap(item => columnOf(item) ?? [])
  const wholes = wholeTables(items, tablesOf(tokens)).map(table => `all columns of ${table}`)
  return [...repeated(names), ...repeated(wholes)]
}

/** A statement up to its first UNION, EXCEPT or INTERSECT. The columns of the result are those of its first SELECT. */
function firstSelect(tokens: readonly Token[]): readonly Token[] {
  let depth = 0
  const end = tokens.findIndex(token => {
    if (token.text === '(') depth++
    if (token.text === ')') depth--
    return depth === 0 && isWord(token, 'UNION', 'EXCEPT', 'INTERSECT')
  })
  return end < 0 ? tokens : tokens.slice(0, end)
}

const repeated = (names: readonly string[]) => [
  ...new Set(names.filter((name, index) => names.indexOf(name) !== index))
]

/** The tables of which `*` and `table.*` name every column. */
function wholeTables(items: readonly (readonly Token[])[], tables: readonly AskedTable[]): string[] {
  const top = tables.filter(({ depth }) => depth === 0)
  return items.flatMap(item => {
    if (item.at(-1)?.text !== '*' || item.length === 2 || item.length > 3) return []
    const qualifier = nameOf(item[0])?.toLowerCase()
    return top.filter(({ alias }) => qualifier === undefined || alias === qualifier).map(({ name }) => name)
  })
}

const LIST_END = ['FROM', 'WHERE', 'UNION', 'EXCEPT', 'INTERSECT', 'GROUP', 'ORDER', 'LIMIT']

/** The columns of the first SELECT that is not in parentheses, each as its tokens. */
function selectList(tokens: readonly Token[]): Token[][] {
  let depth = 0
  let items: Token[][] | null = null
  for (const token of tokens) {
    if (token.text === '(') depth++
    if (token.text === ')') depth--
    if (items === null) {
      if (depth === 0 && isWord(token, 'SELECT')) items = [[]]
    } else if (depth === 0 && isWord(token, ...LIST_END)) break
    else if (depth === 0 && token.text === ',') items.push([])
    else items.at(-1)?.push(token)
  }
  return items ?? []
}

/** The name of a column of the result; `null`: it has none of its own. */
function columnOf(item: readonly Token[]): string | null {
  const last = item.at(-1)
  if (last === undefined || isWord(last, 'END') || (last.kind === 'text' && item.length === 1)) return null
  const before = item.at(-2)
  const isNamed = item.length === 1 || before?.text === '.' || isWord(before, 'AS', 'DISTINCT', 'ALL')
  const isAlias = item.length > 1 && /^(?:\)|['"`\w].*)$/s.test(before?.text ?? '')
  return isNamed || isAlias ? nameOf(last) : null
}
