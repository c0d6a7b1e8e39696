import { errorMessage } from '../lib/error-message.ts'
import { EncodingError } from '../text/decode.ts'
import { number } from '../text/phrases.ts'
import { sanitize } from '../text/sanitize.ts'
import { parseNetwork } from './addresses.ts'
import type { DocumentEntry } from './formats/entry.ts'
import { readFeed } from './formats/feed.ts'
import { readMisp } from './formats/misp.ts'
import { readStix } from './formats/stix.ts'
import { type Indicator, type Origin, patternKey, type ReadEntry } from './indicator.ts'
import { parseList } from './list.ts'
import { isSigma, readSigma } from './sigma/read.ts'

const MAX_INDICATORS = 100_000
const MAX_EXPRESSIONS = 1_000
/** Of the lines that are refused. */
const MAX_PROBLEMS = 20

/** Names that are meant as a file. */
const LIST_FILE = /\.(?:txt|csv|tsv|ioc|iocs|list|indicators|stix|json|ya?ml|sha256|sha1|md5)$/i
const RELATIVE_PATH = /^(?!\/)(?!\w+:\/\/)[\w.@+-]*\/[\w.@+/-]+$/

/**
 * Reads the `indicators` input: files of the workspace and indicators in place, in any mix. A line is a file if it is
 * named like a list, or if it is a relative path that can be read; a single word may be a file too. An absolute path is a
 * file only if it is named like a list: `/usr/sbin/sshd` is searched for on the hosts, not read here.
 *
 * @param readFile reads a text file by its path in the workspace
 * @throws Error with every line that is not understood
 */
export async function readIndicators(
  text: string,
  readFile: (path: string) => Promise<string>
): Promise<Indicator[]> {
  const problems: string[] = []
  const entries: ReadEntry[] = []
  const lines = isSigma(text) ? [] : text.split(/\r\n|\r|\n/)
  const isAlone = lines.length === 1
  for (const [at, line] of lines.entries()) {
    const path = line.trim()
    if (!mayBeFile(path, isAlone)) continue
    const content = await readFile(path).catch((error: unknown) => {
      if (error instanceof EncodingError) throw new Error(`indicators: ${error.message}`)
      return null
    })
    if (content !== null) entries.push(...(await parseIndicators(content, path)))
    else if (LIST_FILE.test(path) || (isAlone && RELATIVE_PATH.test(path))) {
      problems.push(
        `the file ${sanitize(path)} cannot be read. Check the path, and that actions/checkout runs before ` +
          'this step; to search the hosts for this text itself, write it as a /regex/.'
      )
    } else continue
    // An empty line in its place: the others keep their numbers.
    lines[at] = ''
  }
  entries.push(...(await parseIndicators(lines.length > 0 ? lines.join('\n') : text, null)))
  return distinct(entries, problems)
}

/** The indicators of one text: a list, a STIX bundle, a MISP event or Sigma rules; JSON may be among the lines of a list. */
async function parseIndicators(text: string, file: string | null): Promise<ReadEntry[]> {
  if (isSigma(text)) return fromDocument(await readSigma(text), { file, line: 1 })
  const foreign = foreignLanguage(text)
  if (foreign !== null)
    return [{ origin: { file, line: 1 }, text: text.trim().slice(0, 60), problem: foreign }]
  const entries: ReadEntry[] = []
  let list = ''
  let start = 1
  let line = 1
  const flush = () => {
    entries.push(...parseList(list, file, start))
    list = ''
  }
  for (let at = 0; at < text.length; ) {
    const end = lineEnd(text, at)
    const document = /^\s*[[{]\s*["{\r\n]/.test(text.slice(at, end + 2)) ? jsonEnd(text, at) : -1
    const stop = document < 0 ? end : document
    const part = text.slice(at, stop)
    if (document < 0) {
      if (list === '') start = line
      list += part
    } else {
      flush()
      const blank = part.slice(0, part.search(/\S/)).split('\n').length - 1
      entries.push(...(await fromDocument(readDocument(part), { file, line: line + blank })))
    }
    line += part.split('\n').length - 1
    at = stop
  }
  flush()
  return entries
}

/** What a text is that is neither a list nor JSON nor Sigma, as the reason to refuse it; `null`: it may be one. */
function foreignLanguage(text: string): string | null {
  if (/^\s*<(?:\?xml|ioc|OpenIOC|stix)\b/i.test(text))
    return 'XML, such as OpenIOC or STIX 1, is not read; export it as STIX 2.1, MISP JSON or CSV'
  return YARA_HEAD.test(text) && YARA_CONDITION.test(text)
    ? 'YARA rules are not read: osquery shows no contents of files'
    : null
}

const YARA_HEAD = /^[ \t]*(?:(?:private|global)[ \t]+)*rule[ \t]+\w+[^{\n]*\{?[ \t]*$/m
const YARA_CONDITION = /^[ \t]*condition[ \t]*:/m

function mayBeFile(path: string, isAlone: boolean): boolean {
  if (path === '' || /^#|[=*\s[\]{}"]|^\/.*\/$/.test(path) || path.length > 500) return false
  if (parseNetwork(path) !== null) return false
  return LIST_FILE.test(path) || (!path.startsWith('/') && (isAlone || RELATIVE_PATH.test(path)))
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end + 1
}

/** Where the JSON value that starts in a line ends; −1 if it never does. */
function jsonEnd(text: string, from: number): number {
  let depth = 0
  let quoted = false
  for (let at = from; at < text.length; at++) {
    const character = text[at]
    if (quoted) {
      if (character === '\\') at++
      else if (character === '"') quoted = false
    } else if (character === '"') quoted = true
    else if (character === '{' || character === '[') depth++
    else if ((character === '}' || character === ']') && --depth === 0) return at + 1
  }
  return -1
}

function readDocument(json: string): DocumentEntry[] {
  try {
    const value: unknown = JSON.parse(json)
    const values = Array.isArray(value) ? value : [value]
    return values.flatMap(one => {
      const entries = typeof one === 'string' ? [] : (readMisp(one) ?? readStix(one))
      const found = entries.length > 0 ? entries : readFeed(one)
      return found.length > 0
        ? found
        : [
            {
              text: json.trim().slice(0, 60),
              problem: 'JSON without an indicator: neither a STIX bundle, nor a MISP event, nor a list'
            }
          ]
    })
  } catch (error) {
    return [{ text: json.slice(0, 60), problem: `not valid JSON: ${errorMessage(error)}` }]
  }
}

async function fromDocument(entries: readonly DocumentEntry[], origin: Origin): Promise<ReadEntry[]> {
  const read: ReadEntry[] = []
  for (const entry of entries) {
    if ('pattern' in entry) read.push({ origin, indicator: entry })
    else if ('problem' in entry) read.push({ origin, text: entry.text, problem: entry.problem })
    else read.push(...(await fromDocument(await readSigma(entry.sigma), origin)))
  }
  return read
}

/** Each indicator once. @throws Error with every line that is not understood */
function distinct(entries: readonly ReadEntry[], others: readonly string[] = []): Indicator[] {
  const problems = [...others]
  const indicators = new Map<string, Indicator>()
  let expressions = 0
  for (const entry of entries) {
    if ('problem' in entry) {
      problems.push(`${place(entry.origin)}: "${sanitize(entry.text, 100)}": ${sanitize(entry.problem)}`)
      continue
    }
    const key = patternKey(entry.indicator.pattern)
    if (indicators.has(key)) continue
    indicators.set(key, entry.indicator)
    if (entry.indicator.pattern.kind === 'regex') expressions++
  }
  for (const [size, limit, noun] of [
    [indicators.size, MAX_INDICATORS, 'indicators'],
    [expressions, MAX_EXPRESSIONS, 'regular expressions']
  ] as const) {
    if (size > limit) problems.push(`${number(size)} ${noun} are given, at most ${number(limit)} are allowed`)
  }
  if (problems.length > 0) {
    const more = problems.length - MAX_PROBLEMS
    const shown = problems.slice(0, MAX_PROBLEMS)
    throw new Error(
      `indicators: ${[...shown, ...(more > 0 ? [`${number(more)} more lines are not understood`] : [])].join('; ')}`
    )
  }
  return [...indicators.values()]
}

function place({ file, line }: Origin): string {
  return file === null ? `line ${line}` : `${sanitize(file)}, line ${line}`
}
