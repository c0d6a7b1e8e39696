import { errorMessage } from '../lib/error-message.ts'
import { columnPattern, parseEntry, refang, regexSource, typedPattern } from './entry.ts'
import type { Pattern, ReadEntry } from './indicator.ts'
import { isTypeName, isValueName, typedValue } from './values.ts'

/** A note behind an entry: `word # note`, `192.0.2.0/24 ; SBL1`. */
const NOTE = /\s+(?:#|;|\/\/)\s.*$/
const COMMENT = /^(?:#|;|\/\/(?!\S+\.\S)|--\s)/
/** What has no letter and no digit, such as the line below the head of a table. */
const DECORATION = /^[^\p{L}\p{N}/]+$/u
/** What stands before the entries of a list for people. */
const BULLET = /^(?:[-*\u2022\u2013\u2014\u25aa\u00b7]|\d{1,3}[.)])\s+/
const QUOTED = /^(?:(["'`])(.+)\1|<([^<>]+)>)$/
/** `C2: evil.example`, `MD5 (file) = …`, `Domain - evil.example`. */
const LABEL = /^[A-Za-z][\w /()-]{0,40}?(?:\s*[:=]|\s[-\u2013\u2014])\s+(\S+)$/
/** `evil.example (C2 server)`, `evil.example - C2 server`. */
const DESCRIBED = /^(\S+)\s+(?:\(.*\)|[-\u2013\u2014|:]\s.*)$/
/** A line of a hosts file that leads names nowhere. */
const HOSTS_LINE = /^(?:0\.0\.0\.0|127\.0\.0\.1|::1?|fe80::\S+|ff0\S+|255\.255\.255\.255)\s+(.+)$/
const NETWORK_RULE = /^(?:alert|drop|pass|reject|block)\s+\w+\s.*\(.*\bsid\s*:/i

/** Which cells of a line are indicators, and which of them says what the others are. */
interface Columns {
  readonly separator: Separator
  readonly values: readonly number[]
  readonly type: number | null
  /** In exports of MISP, whether an attribute is for detection. */
  readonly toIds: number | null
}

type Separator = ',' | '\t' | ';' | '|'
const SEPARATORS: readonly Separator[] = ['\t', ',', ';', '|']

/**
 * Reads a list, one entry per line, as people publish them: plain, defanged, CSV with or without a header, with
 * comments and notes, `sha256sum` output, hosts files. Of a sentence, what is defanged counts, and digests.
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
    const origin = { file, line: from + at }
    if (COMMENT.test(line)) {
      columns = headerOf(line.replace(/^[#;/\s-]+/, ''), true) ?? columns
      continue
    }
    if (DECORATION.test(line) || line === '') continue
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
  if (regexSource(line) !== null || columnPattern(line) !== null) return [parseEntry(line)]
  if (NETWORK_RULE.test(line)) return [{ kind: 'other', type: 'network rule', value: line.slice(0, 200) }]
  const ofColumns = columns === null ? null : columnPatterns(line, columns)
  if (ofColumns !== null) return ofColumns
  const entry = unquoted(line.replace(BULLET, '').replace(NOTE, ''))
  const whole = typedPattern(entry)
  if (whole !== null) return [whole]
  const ofHosts = HOSTS_LINE.exec(entry)?.[1]
  if (ofHosts !== undefined)
    return ofHosts
      .split(/\s+/)
      .map(typedPattern)
      .filter(pattern => pattern !== null)
  const cells = cellsOf(line)
  const ofCells = cells.length > 1 ? cellPatterns(cells) : []
  if (ofCells.length > 0) return ofCells
  if (cells.length > 1 && isCsv) throw new Error('none of its cells is an indicator')
  const labeled = typedPattern(LABEL.exec(entry)?.[1] ?? DESCRIBED.exec(entry)?.[1] ?? '')
  if (labeled !== null) return [labeled]
  const words = wordPatterns(entry)
  return words.length > 0 ? words : [leadingPattern(entry) ?? parseEntry(entry)]
}

/** The cells that a header calls indicators; `null`: the line has none of them. */
function columnPatterns(
  line: string,
  { separator, values, type, toIds }: Columns
): readonly Pattern[] | null {
  const cells = split(line, separator)
  const found = values.map(at => cells[at] ?? '').filter(cell => cell !== '')
  if (cells.length < 2 || found.length === 0) return null
  if (toIds !== null && /^(?:0|false)$/i.test(cells[toIds] ?? '')) return []
  const typeName = type === null ? '' : (cells[type] ?? '')
  return found.flatMap(cell => (typeName === '' ? [parseEntry(cell)] : typedValue(typeName, cell)))
}

/** Cells whose form says what they are. A second URL, unless it is defanged, is where a list has it from. */
function cellPatterns(cells: readonly string[]): readonly Pattern[] {
  let isFirst = true
  return cells.flatMap(cell => {
    const pattern = typedPattern(unquoted(cell))
    if (pattern === null) return wordPatterns(cell)
    const counts = isFirst || isDefanged(cell) || (pattern.kind !== 'url' && pattern.kind !== 'other')
    isFirst = false
    return counts ? [pattern] : []
  })
}

const isDefanged = (text: string) => refang(text) !== text

/** Of words in a sentence, those that were made harmless, and digests. */
function wordPatterns(text: string): readonly Pattern[] {
  const words = text.split(/\s+/)
  if (words.length < 2) return []
  return words.flatMap(raw => {
    const word = raw.replace(/^["'`(<]+/, '').replace(/["'`)>,.;:!?]+$/, '')
    const pattern = typedPattern(word)
    return pattern !== null && ('digest' in pattern || isDefanged(word)) ? [pattern] : []
  })
}

/** A digest or an address with words behind it. */
function leadingPattern(entry: string): Pattern | null {
  const [word = '', next = ''] = entry.split(/\s+/)
  if (next === '') return null
  const pattern = typedPattern(word.replace(/,$/, ''))
  return pattern?.kind === 'domain' ? null : pattern
}

function unquoted(text: string): string {
  const [, , inQuotes, inBrackets] = QUOTED.exec(text) ?? []
  return inQuotes ?? inBrackets ?? text
}

/** The columns of a header line; `null` if the line is not one. A header in a comment has no spaces in its names. */
function headerOf(line: string, isComment: boolean): Columns | null {
  const separator = separatorOf(line)
  const cells = separator === null ? [line] : split(line, separator)
  const isName = isComment ? /^\w{1,40}$/ : /^[a-z][\w /()-]{0,40}$|^$/i
  if ((isComment && cells.length < 2) || !cells.every(cell => isName.test(cell))) return null
  const values = cells.flatMap((cell, at) => (isValueName(cell) ? [at] : []))
  const indexOf = (isWanted: (name: string) => boolean) => {
    const at = cells.findIndex(isWanted)
    return at < 0 ? null : at
  }
  return values.length === 0
    ? null
    : {
        separator: separator ?? ',',
        values,
        type: indexOf(isTypeName),
        toIds: indexOf(name => name === 'to_ids')
      }
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
