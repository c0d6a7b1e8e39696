import { EVENT_TABLES, REQUIRED_COLUMNS } from './tables.ts'

interface Token {
  readonly kind: 'space' | 'comment' | 'text' | 'name' | 'word' | 'parameter' | 'other'
  readonly text: string
}

/** SQLite's tokens, as far as they matter here (SQLite documentation, "SQL Comment Syntax" and "Keywords"). */
const TOKEN =
  /(?<space>\s+)|(?<comment>--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(?<text>'(?:[^']|'')*'?)|(?<name>"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[^\]]*\]?)|(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|(?<parameter>\?\d*|[:@$][A-Za-z_]\w*)|(?<other>\d[\w.]*|[\s\S])/g

function tokensOf(sql: string): Token[] {
  return [...sql.matchAll(TOKEN)].map(({ 0: text, groups = {} }) => {
    const kind = KINDS.find(kind => groups[kind] !== undefined) ?? 'other'
    return { kind, text }
  })
}

const KINDS = ['space', 'comment', 'text', 'name', 'word', 'parameter', 'other'] as const

/** The SQL without comments, line breaks, runs of blanks and its last semicolon. What is in quotes stays as it is. */
export function compactSql(sql: string): string {
  const blank = tokensOf(sql).map(token => (isBlank(token) ? ' ' : token.text))
  return blank
    .filter((text, index) => text !== ' ' || blank[index - 1] !== ' ')
    .join('')
    .trim()
    .replace(/[\s;]+$/, '')
}

const isBlank = ({ kind }: Token) => kind === 'space' || kind === 'comment'

/** Why a host cannot answer the SQL, or would answer it with nothing, as the end of a sentence; `null`: it can. */
export function sqlProblem(sql: string): string | null {
  const tokens = tokensOf(sql).filter(token => !isBlank(token))
  const [first] = tokens
  if (first === undefined || tokens.every(({ text }) => text === ';')) return 'its SQL is empty'
  if (tokens.some(isUnclosed)) return 'its SQL has a quote that is not closed'
  const end = tokens.findIndex(({ text }) => text === ';')
  if (end >= 0 && tokens.slice(end).some(({ text }) => text !== ';'))
    return 'it has several statements: write one query for each'
  if (tokens.some(({ kind }) => kind === 'parameter')) return 'its SQL has a parameter, which nothing fills'
  if (!isSelect(tokens)) return 'its SQL is not one SELECT'
  return eventProblem(tokens) ?? constraintProblem(tokens)
}

function isUnclosed({ kind, text }: Token): boolean {
  if (kind !== 'text' && kind !== 'name') return false
  const quote = text[0] === '[' ? ']' : (text[0] ?? '')
  return (
    text.length < 2 || !text.endsWith(quote) || (quote !== ']' && (text.split(quote).length - 1) % 2 === 1)
  )
}

const isWord = (token: Token | undefined, ...words: readonly string[]) =>
  token?.kind === 'word' && words.includes(token.text.toUpperCase())

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

function eventProblem(tokens: readonly Token[]): string | null {
  const table = tokens.find(({ kind, text }) => kind === 'word' && EVENT_TABLES.has(text.toLowerCase()))
  return table === undefined
    ? null
    : `it asks ${table.text}, a table of events: only osqueryd records them, and osqueryi answers with no rows`
}

const OPERATORS = new Set(['=', 'LIKE', 'IN', 'IS', 'MATCH', 'REGEXP'])

function constraintProblem(tokens: readonly Token[]): string | null {
  if (tokens.some(token => isWord(token, 'NATURAL'))) return null
  for (const [index, token] of tokens.entries()) {
    const columns = REQUIRED_COLUMNS.get(token.text.toLowerCase())
    if (columns === undefined || !isWord(tokens[index - 1], 'FROM', 'JOIN')) continue
    if (tokens[index + 1]?.text === '(' || columns.some(column => isConstrained(tokens, column))) continue
    return `it asks ${token.text} without a condition such as ${columns[0]} = …, which osquery requires`
  }
  return null
}

function isConstrained(tokens: readonly Token[], column: string): boolean {
  return tokens.some(({ kind, text }, index) => {
    const name = kind === 'name' ? text.slice(1, -1) : text
    if ((kind !== 'word' && kind !== 'name') || name.toLowerCase() !== column) return false
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
  const tokens = tokensOf(sql).filter(token => !isBlank(token))
  const names = selectList(tokens).flatMap(item => nameOf(item) ?? [])
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))]
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

function nameOf(item: readonly Token[]): string | null {
  const last = item.at(-1)
  if (last === undefined || (last.kind !== 'word' && last.kind !== 'name') || isWord(last, 'END')) return null
  const isNamed =
    item.length === 1 || item.at(-2)?.text === '.' || isWord(item.at(-2), 'AS', 'DISTINCT', 'ALL')
  const isAlias = item.length > 1 && /^(?:\)|['"`\w].*)$/s.test(item.at(-2)?.text ?? '')
  if (!isNamed && !isAlias) return null
  return last.kind === 'name' ? last.text.slice(1, -1) : last.text
}
