import type { Row } from '../../snapshot/snapshot.ts'

/** Whether a row meets a condition. */
export type Condition = (row: Row) => boolean

/** A detection rule over rows of processes. */
export interface SigmaRule {
  readonly title: string
  /** The rule's id, or its title. */
  readonly key: string
  /** Columns that a query must return for the rule to be checked on its rows. */
  readonly columns: readonly string[]
  readonly matches: Condition
}

export type Named = ReadonlyMap<string, Condition>

const TOKEN = /\s*(\(|\)|[\w*?.-]+)/y
/** Of a condition. */
const MAX_TOKENS = 500

/**
 * Reads the condition of a Sigma rule: names of selections with `and`, `or`, `not`, parentheses, `1 of x*`, `all of them`.
 * @throws Error that says what is not understood
 */
export function parseCondition(text: string, selections: Named): Condition {
  const tokens = tokensOf(text)
  let at = 0
  const peek = () => tokens[at]?.toLowerCase()

  function any(): Condition {
    const parts = [every()]
    while (peek() === 'or') {
      at++
      parts.push(every())
    }
    return row => parts.some(part => part(row))
  }
  function every(): Condition {
    const parts = [one()]
    while (peek() === 'and') {
      at++
      parts.push(one())
    }
    return row => parts.every(part => part(row))
  }
  function one(): Condition {
    const token = tokens[at++] ?? ''
    const word = token.toLowerCase()
    if (word === 'not') {
      const negated = one()
      return row => !negated(row)
    }
    if (token === '(') {
      const inner = any()
      if (tokens[at++] !== ')') throw new Error('the condition lacks a closing parenthesis')
      return inner
    }
    if ((word === '1' || word === 'any' || word === 'all') && peek() === 'of') {
      at++
      const parts = namedBy(tokens[at++] ?? '', selections)
      return word === 'all' ? row => parts.every(part => part(row)) : row => parts.some(part => part(row))
    }
    const selection = selections.get(token)
    if (selection === undefined)
      throw new Error(`the condition names ${token || 'nothing'}, which is not a selection`)
    return selection
  }

  const condition = any()
  if (at < tokens.length) throw new Error(`the condition has ${tokens[at]} where it should end`)
  return condition
}

function tokensOf(text: string): string[] {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  const trimmed = text.trimEnd()
  while (TOKEN.lastIndex < trimmed.length) {
    const start = TOKEN.lastIndex
    const token = TOKEN.exec(trimmed)?.[1]
    if (token === undefined)
      throw new Error(`"${trimmed.slice(start, start + 20).trim()}" in the condition is not understood`)
    tokens.push(token)
    if (tokens.length > MAX_TOKENS) throw new Error('the condition is too long')
  }
  return tokens
}

/** `them`: every selection whose name does not start with an underscore. */
function namedBy(pattern: string, selections: Named): Condition[] {
  const wanted = new RegExp(
    `^${pattern === 'them' ? '(?!_).*' : pattern.replace(/[.?-]/g, '\\$&').replaceAll('*', '.*')}$`
  )
  const found = [...selections].filter(([name]) => wanted.test(name)).map(([, condition]) => condition)
  if (found.length === 0) throw new Error(`the condition names ${pattern}, and no selection has this name`)
  return found
}
