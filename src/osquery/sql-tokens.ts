/** A piece of SQL. */
export interface Token {
  readonly kind: 'space' | 'comment' | 'text' | 'name' | 'word' | 'parameter' | 'other'
  readonly text: string
}

/** SQLite's tokens, as far as they matter here (SQLite documentation, "SQL Comment Syntax" and "Keywords"). */
const TOKEN =
  /(?<space>\s+)|(?<comment>--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(?<text>'(?:[^']|'')*'?)|(?<name>"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[^\]]*\]?)|(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|(?<parameter>\?\d*|[:@$][A-Za-z_]\w*)|(?<other>\d[\w.]*|[\s\S])/g

const KINDS = ['space', 'comment', 'text', 'name', 'word', 'parameter', 'other'] as const

export function tokensOf(sql: string): Token[] {
  return [...sql.matchAll(TOKEN)].map(({ 0: text, groups = {} }) => {
    const kind = KINDS.find(kind => groups[kind] !== undefined) ?? 'other'
    return { kind, text }
  })
}

export const isBlank = ({ kind }: Token) => kind === 'space' || kind === 'comment'

export const isWord = (token: Token | undefined, ...words: readonly string[]) =>
  token?.kind === 'word' && words.includes(token.text.toUpperCase())

/** The name that a token is, without its quotes; `null`: it is none. SQLite takes a text for a name where it needs one. */
export function nameOf(token: Token | undefined): string | null {
  if (token === undefined || (token.kind !== 'word' && token.kind !== 'name' && token.kind !== 'text'))
    return null
  return token.kind === 'word' ? token.text : token.text.slice(1, -1)
}
