import { hashText } from '../../lib/fnv1a.ts'
import { readLineBatches } from './lines.ts'
import { parseExact } from './rows.ts'

/** How a file is read. */
export type Format =
  /** One of ours: a header, then one host a line. */
  | 'snapshot'
  /** One JSON value a line. */
  | 'lines'
  /** `osqueryi --json`: a bracket, then one row a line. */
  | 'rows'
  /** One JSON value on several lines. */
  | 'document'
  /** osqueryd's own messages. */
  | 'skipped'
  | 'empty'
  | 'unknown'

export interface FileFormat {
  readonly format: Format
  /** Seconds since 1970 of its first result; 0: not known. */
  readonly firstTime: number
  /** The beginning of the file: logs of equal size and beginning are the same log. */
  readonly beginning: string
}

/** A line of osqueryd's status log, or of a shell's standard error (glog). */
export const STATUS_LINE =
  /^(?:[IWEF]\d{4,8} \d\d:|Log file created at:|Running on machine:|Running duration|Log line format:)/

/** A line of a shell's standard error that says why an answer may lack rows. */
export const COMPLAINT = /^(?:[WEF]\d{4,8} .*?\] |Error: )/

/** Recognizes a file by its first lines. @throws FileFault */
export async function recognize(path: string): Promise<FileFormat> {
  const lines = await firstLines(path)
  const format = formatOf(lines)
  return {
    format,
    firstTime: format === 'lines' ? timeOf(lines) : 0,
    beginning: hashText(lines.join('\n')).toString(16)
  }
}

const ENOUGH_LINES = 20
/** A shell may print this many messages before its rows. */
const MAX_MESSAGES = 2_000

/** Lines that are not blank, and some of them that are not messages if there are. */
async function firstLines(path: string): Promise<string[]> {
  const lines: string[] = []
  let contents = 0
  for await (const batch of readLineBatches(path)) {
    for (const line of batch.lines) {
      if (contents === ENOUGH_LINES || lines.length === MAX_MESSAGES) break
      const text = line.toString().trim()
      if (text !== '') lines.push(text)
      if (text !== '' && !isMessage(text)) contents++
    }
    if (contents > 1 || lines.length === MAX_MESSAGES) break
  }
  return lines
}

const isMessage = (line: string) => STATUS_LINE.test(line) || COMPLAINT.test(line)

function formatOf(lines: readonly string[]): Format {
  const [first] = lines
  if (first === undefined) return 'empty'
  if (first.includes('"fleetDriftSnapshot"')) return 'snapshot'
  const content = lines.filter(line => !isMessage(line))
  const [start, next] = content
  if (start === undefined) return lines.some(line => line.startsWith('Error: ')) ? 'rows' : 'skipped'
  if (start === '[' && (next === undefined || next === ']' || isValue(next.replace(/,$/, '')))) return 'rows'
  const hasMessages = content.length < lines.length
  if (hasMessages && start.startsWith('[')) return 'document'
  if (isValue(start) || start.includes('}{"') || (next !== undefined && isValue(next))) return 'lines'
  if (hasMessages && !/^[[{]/.test(start)) return 'skipped'
  if (/^[[{]/.test(start)) return next === undefined ? 'lines' : 'document'
  return content.some(line => isValue(withoutPrefix(line))) ? 'lines' : 'unknown'
}

const MAX_PREFIX = 400

/** A line without what syslog or a container engine writes before it: a time, a host, a program. */
export function withoutPrefix(line: string): string {
  const start = line.indexOf('{"')
  return start > 0 && start <= MAX_PREFIX ? line.slice(start) : line
}

/** Whether a line is a whole object or list. */
function isValue(text: string): boolean {
  if (!/^[[{]/.test(text)) return false
  try {
    parseExact(text)
    return true
  } catch {
    return false
  }
}

function timeOf(lines: readonly string[]): number {
  for (const line of lines) {
    const time = /unixTime\\?"\s*:\s*\\?"?(\d{1,12})/.exec(line)?.[1]
    if (time !== undefined) return Number(time)
  }
  return 0
}
