/** A cell as SQLite returns it: text, or bytes where they may not be UTF-8. */
export type Cell = string | Uint8Array | null

/**
 * Rows as `osqueryi --json` prints them: one per line, keys in byte order, NULL as "", text up to its first zero byte,
 * bytes as they are, even where they are not UTF-8.
 * @param columns their names; of two columns with one name the last counts
 */
export function printRows(columns: readonly string[], rows: readonly (readonly Cell[])[]): Buffer {
  const order = [...new Map(columns.map((name, at) => [name, at]))].sort(([a], [b]) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b))
  )
  const lines = rows.map(
    row => `  {${order.map(([name, at]) => `${quote(name)}:${quote(row[at] ?? '')}`).join(',')}}`
  )
  return Buffer.from(`[\n${lines.join(',\n')}\n]\n`, 'latin1')
}

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t'
}

/** As RapidJSON writes it; one character of the result is one byte. */
function quote(cell: string | Uint8Array): string {
  const bytes = typeof cell === 'string' ? Buffer.from(cell) : Buffer.from(cell)
  const end = bytes.indexOf(0)
  const text = bytes.toString('latin1', 0, end < 0 ? bytes.length : end)
  const escaped = text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what JSON escapes.
    /["\\\u0000-\u001f]/g,
    character =>
      SHORT[character] ?? `\\u00${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  )
  return `"${escaped}"`
}
