import { byteAt, QUOTE, stringEnd, viewOf } from './json-bytes.ts'

export const MAX_COLUMNS = 256
const COMMA = 0x2c
const COLON = 0x3a
const OPEN = 0x7b
const CLOSE = 0x7d

/** The columns of a query's rows in the order of their text. */
export interface Layout {
  /** The text before each column's value, `{"path":"` or `","user":"`, and the `"}` after the last. */
  readonly literals: readonly Buffer[]
  /** For each column its position in the row's identity; −1: a hole. */
  readonly places: readonly number[]
  readonly identity: readonly string[]
}

/**
 * The layout of a row's text; `null`: the text is not an object of strings as JSON.stringify writes it, or names a column
 * twice.
 * @param identityOf the identifying columns of a row that has these columns
 */
export function layoutOf(
  bytes: Buffer,
  at: number,
  identityOf: (columns: readonly string[]) => readonly string[]
): Layout | null {
  const text = viewOf(bytes)
  const literals: Buffer[] = []
  const columns: string[] = []
  if (byteAt(text, at) !== OPEN) return null
  let from = at
  at++
  for (;;) {
    if (byteAt(text, at) !== QUOTE) return null
    const end = stringEnd(text, at + 1)
    if (end < 0 || columns.length === MAX_COLUMNS) return null
    const name: unknown = JSON.parse(bytes.toString('utf8', at, end + 1))
    if (typeof name !== 'string' || columns.includes(name)) return null
    columns.push(name)
    if (byteAt(text, end + 1) !== COLON || byteAt(text, end + 2) !== QUOTE) return null
    literals.push(Buffer.from(bytes.subarray(from, end + 3)))
    from = stringEnd(text, end + 3)
    if (from < 0) return null
    const next = byteAt(text, from + 1)
    at = from + 2
    if (next === CLOSE) break
    if (next !== COMMA) return null
  }
  literals.push(Buffer.from(bytes.subarray(from, at)))
  const identity = identityOf(columns)
  return { literals, identity, places: columns.map(column => identity.indexOf(column)) }
}
