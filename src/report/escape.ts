import { sanitize } from '../text/sanitize.ts'

/**
 * The one place where a host's words become Markdown. They are put in code spans, the only inline construct whose content
 * neither Markdown nor GitHub interprets: no markup, HTML, entity, link, mention, issue reference, commit or emoji.
 * (Entities in `<code>` are not enough: GitHub's autolink extension still links addresses there.) Control, bidirectional
 * and invisible characters are shown as escapes.
 *
 * @param limit in characters before escaping; a longer text is cut and ends in `…`
 */
export function escapeText(text: string, limit = 200): string {
  return codeSpan(shown(text, limit))
}

/**
 * {@link escapeText} for a table cell, where `|` must not end the cell. A backslash before `|` is shown as an escape,
 * because renderers disagree about which of the two characters `\\|` escapes.
 */
export function escapeCell(text: string, limit = 120): string {
  return codeSpan(shown(text, limit).replaceAll('\\|', '\\u{5c}|').replaceAll('|', '\\|'))
}

/**
 * A host's words inside a line of raw HTML, such as `<summary>`, where Markdown is not read: backticks would be shown,
 * and would protect nothing. GitHub makes no mentions, references or links in `<code>`.
 */
export function escapeHtml(text: string, limit = 200): string {
  return `<code>${shown(text, limit).replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)}</code>`
}

/**
 * A sentence of ours that may quote a host: plain words and numbers stay as they are, and everything else is put in code
 * spans. A word that could be a reference, a link, an address or a commit is never plain.
 *
 * @param span {@link escapeCell} in a table cell
 * @param names words that are names here, such as those of queries, and are never plain
 */
export function escapeSentence(
  text: string,
  limit = 1_000,
  span: typeof escapeText = escapeText,
  names: ReadonlySet<string> = new Set()
): string {
  const parts: string[] = []
  let quoted: string[] = []
  const close = () => {
    if (quoted.length > 0) parts.push(quoteWords(quoted, span, limit))
    quoted = []
  }
  for (const word of shown(text, limit)
    .split(' ')
    .filter(word => word !== '')) {
    const isName = names.size > 0 && names.has(word.replace(/[.,;:!?]$/, ''))
    if (!isName && isPlain(word, parts.length + quoted.length === 0)) {
      close()
      parts.push(word)
    } else {
      if (OPENING.has(word[0] ?? '') || CLOSING.has(quoted.at(-1)?.at(-1) ?? '')) close()
      quoted.push(word)
    }
  }
  close()
  return parts.join(' ')
}

/** A host's words for a {@link fenced} block: every character is visible, and otherwise unchanged. */
export function escapeLine(text: string, limit = 60): string {
  return shown(text, limit)
}

/** A fenced block of lines made by {@link escapeLine}. Its fence is longer than any run of backticks in them. */
export function fenced(lines: readonly string[], language: 'text' | 'diff' = 'text'): string {
  const body = lines.join('\n')
  const fence = '`'.repeat(Math.max(3, longestRun(body) + 1))
  return `${fence}${language}\n${body}\n${fence}`
}

/**
 * A host's words where plain text is expected but a viewer may render Markdown: SARIF messages, annotations, titles. A
 * hair space breaks anything that could be a link, a mention, a reference, HTML or a placeholder. The result has at most
 * twice `limit` characters, however many of them were escaped.
 */
export function escapePlain(text: string, limit = 300): string {
  const plain = shown(text, limit).replace(LIVE, '$&\u200a')
  return plain.length > limit * 2 ? `${plain.slice(0, limit * 2 - 1).toWellFormed()}…` : plain
}

const LIVE =
  /@(?=\w)|#(?=\d)|\](?=[([:])|:(?=\/\/)|www(?=\.)|<(?=[a-z/!?])|GH(?=-\d)|\{(?=\d)|(?:mailto|xmpp)(?=:)/gi

/** Characters that {@link sanitize} keeps and a web page would hide: blanks of all kinds, stacked accents. */
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Cn}\u2800]|(?<=\p{M})\p{M}|(?![ \u200a])\p{Zs}/gu

function shown(text: string, limit: number): string {
  return sanitize(text, limit).replace(
    UNSEEN,
    character => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
  )
}

/** A one-line code span. Its fence is longer than any run of backticks in it, and blanks at its ends are kept. */
function codeSpan(line: string): string {
  if (line === '') return '*empty*'
  const fence = '`'.repeat(longestRun(line) + 1)
  const padded = /^[` ]|[` ]$/.test(line) && line.trim() !== '' ? ` ${line} ` : line
  return `${fence}${padded}${fence}`
}

function longestRun(text: string): number {
  let longest = 0
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length)
  return longest
}

const WORD = /^[("']?[A-Za-z]+(?:['\u2019-][a-z]+)*[)"']?[.,;:!?]?$/
const NUMBER = /^\(?\d{1,6}(?:,\d{3})*(?:\.\d{1,3})?%?\)?[.,;:!?]?$/
/** Seven hexadecimal digits may be a commit, and GitHub links anything that begins with `www.`. */
const LINKED = /[0-9a-f]{7}|www/i
const SIGN = /^[\u2013\u2014\u00b7\u00d7\u2192%=]$/

/** Whether the word is nothing but a word to Markdown and GitHub. At the start, `1.` would begin a list. */
function isPlain(word: string, first: boolean): boolean {
  if (word.length > 40 || LINKED.test(word)) return false
  return (
    WORD.test(word) || (NUMBER.test(word) && !(first && /[.)]/.test(word))) || (SIGN.test(word) && !first)
  )
}

const OPENING = new Set(['(', '"', "'"])
const CLOSING = new Set([')', '"', "'", '.', ',', ';', ':', '!', '?'])

/** Words in one span; punctuation of the surrounding sentence stays outside. */
function quoteWords(words: readonly string[], span: typeof escapeText, limit: number): string {
  const text = words.join(' ')
  let start = 0
  let end = text.length
  while (start < end && OPENING.has(text[start] ?? '')) start++
  while (end > start && CLOSING.has(text[end - 1] ?? '')) end--
  if (start === end) return span(text, limit * 12)
  return `${text.slice(0, start)}${span(text.slice(start, end), limit * 12)}${text.slice(end)}`
}
