/**
 * Makes a text that may come from a host safe to print as plain text: in the log, an error, a terminal. Control
 * characters, ANSI escapes, bidirectional and invisible characters become visible; so do line breaks, so that the result
 * is one line. The runner reads no workflow command in it. Cut to `limit` whole characters.
 */
export function sanitize(text: string, limit = 300): string {
  const cut = [...text.slice(0, limit * 2 + 2)]
  const kept =
    cut.length > limit
      ? `${cut.slice(0, limit - 1).join('')}…`
      : text.length > limit * 2 + 2
        ? `${cut.join('')}…`
        : cut.join('')
  return commandSafe(kept.replace(UNSEEN, visible).toWellFormed())
}

/** Breaks what the runner would read as a command in a line: `::x::` at its start, `##[x]` anywhere. */
export function commandSafe(line: string): string {
  return line.replace(/^(\s*):(?=:)/, '$1:\u200a').replaceAll('##[', '#\u200a#[')
}

/** Controls, format characters (bidi, zero-width, tags), line and paragraph separators, and what has no glyph. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

const NAMED: Readonly<Record<string, string>> = {
  '\n': '⏎',
  '\r': '␍',
  '\t': '␉',
  '\u001b': '␛',
  '\u0000': '␀'
}

function visible(character: string): string {
  return NAMED[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}
