import { errorMessage } from '../lib/error-message.ts'
import { columnPattern, isRegex, parseEntry, typedPattern } from './entry.ts'
import type { Pattern, ReadEntry } from './indicator.ts'

/** Column names of published lists whose cells are indicators. */
const VALUE_HEADER =
  /^(?:ioc|iocs|indicator|indicators|ioc_value|indicator_value|value|artifact|observable|hash|hashes|md5|sha1|sha256|md5_hash|sha1_hash|sha256_hash|file_?hash|ip|ips|ip_?address|src_ip|dst_ip|dest_ip|domain|domains|domain_?name|fqdn|hostname|host|url|urls|uri|file_?name|file_?path|filepath|path)$/i
/** A note behind an entry: `word # note`, `192.0.2.0/24 ; SBL1`. */
const NOTE = /\s+(?:#|;|\/\/)\s.*$/
const COMMENT = /^(?:#|;|\/\/|--\s)/

/** Which cells of a line are indicators. */
interface Columns {
  readonly separator: Separator
  readonly values: readonly number[]
}

type Separator = ',' | '\t' | ';' | '|'
const SEPARATORS: readonly Separator[] = ['\t', ',', ';', '|']

/**
 * Reads a list, one entry per line, as people publish them: plain, defanged, CSV with or without a header, with
 * comments and notes, `sha256sum` output, hosts files.
 * @param file `null`: the list is the input itself
 * @param from number of the first line
 */
export function parseList(text: string, file: string | null, from = 1): ReadEntry[] {
  const entries: ReadEntry[] = []
  let columns: Columns | null = null
  const isCsv = file !== null && /\.[ct]sv$/i.test(file)
  let first = true
  for (const [at, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .entries()) {
    const line = raw.trim()
    if (line === '') continue
    const origin = { file, line: from + at }
    if (COMMENT.test(line)) {
      columns = headerOf(line.replace(/^[#;/\s-]+/, ''), true) ?? columns
      continue
    }
    const header = first ? headerOf(line, false) : null
    if (header !== null) {
      columns = header
      first = false
      continue
    }
    try {
      const patterns = patternsOf(line, columns, isCsv)
      for (const pattern of patterns) entries.push({ origin, indicator: { text: line, pattern } })
    } catch (error) {
      // The first line of a CSV file may be a header of names that are not known here.
      if (!(first && isCsv && cellsOf(line).length > 1))
        entries.push({ origin, text: line, problem: errorMessage(error) })
    }
    first = false
  }
  return entries
}

/** @throws Error if the line has no indicator */
function patternsOf(line: string, columns: Columns | null, isCsv: boolean): readonly Pattern[] {
  if (isRegex(line) || columnPattern(line) !== null) return [parseEntry(line)]
  const entry = line.replace(NOTE, '')
  if (columns !== null) {
    const cells = split(line, columns.separator)
    const values = columns.values.map(at => cells[at] ?? '').filter(cell => cell !== '')
    if (cells.length > 1 && values.length > 0) return values.map(parseEntry)
  }
  const whole = typedPattern(entry)
  if (whole !== null) return [whole]
  const cells = cellsOf(line)
  const typed = cells.map(typedPattern)
  const first = typed.find(pattern => pattern !== null)
  if (cells.length > 1 && first != null) {
    const digests = typed.filter(pattern => pattern !== null && 'digest' in pattern)
    return [...new Set([first, ...digests])].filter(pattern => pattern !== null)
  }
  if (cells.length > 1 && isCsv) throw new Error('none of its cells is an indicator')
  return [wordsPattern(entry) ?? parseEntry(entry)]
}

/** A digest or an address with words behind it, and the name in a line of a hosts file. */
function wordsPattern(entry: string): Pattern | null {
  const [word = '', next = '', ...more] = entry.split(/\s+/)
  if (next === '') return null
  const pattern = typedPattern(word.replace(/,$/, ''))
  if (pattern === null || pattern.kind === 'domain') return null
  const isSink = /^(?:0\.0\.0\.0|127\.0\.0\.1|::1?)$/.test(word)
  return isSink && more.length === 0 ? (typedPattern(next) ?? pattern) : pattern
}

/** The columns of a header line; `null` if the line is not one. A header in a comment has no spaces in its names. */
function headerOf(line: string, isComment: boolean): Columns | null {
  const separator = separatorOf(line)
  const cells = separator === null ? [line] : split(line, separator)
  const isName = isComment ? /^\w{1,40}$/ : /^[a-z][\w /()-]{0,40}$|^$/i
  if ((isComment && cells.length < 2) || !cells.every(cell => isName.test(cell))) return null
  const values = cells.flatMap((cell, at) => (VALUE_HEADER.test(cell.replace(/\s+/g, '_')) ? [at] : []))
  return values.length > 0 ? { separator: separator ?? ',', values } : null
}

function cellsOf(line: string): string[] {
  const separator = separatorOf(line)
  return separator === null ? [line] : split(line, separator)
}

function separatorOf(line: string): Separator | null {
  return SEPARATORS.find(separator => line.includes(separator)) ?? null
}

/** The cells of a line of CSV (RFC 4180), without the spaces around them. */
function split(line: string, separator: Separator): string[] {
  const cells: string[] = []
  let cell = ''
  let quoted = false
  for (let at = 0; at < line.length; at++) {
    const character = line[at] ?? ''
    if (quoted) {
      if (character !== '"') cell += character
      else if (line[at + 1] === '"') {
        cell += '"'
        at++
      } else quoted = false
    } else if (character === '"' && cell.trim() === '') {
      cell = ''
      quoted = true
    } else if (character === separator) {
      cells.push(cell.trim())
      cell = ''
    } else cell += character
  }
  return [...cells, cell.trim()]
}
