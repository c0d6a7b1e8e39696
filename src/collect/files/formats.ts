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

/** Lines that are not blank, and at least two of them if there are. */
async function firstLines(path: string): Promise<string[]> {
  const lines: string[] = []
  for await (const batch of readLineBatches(path)) {
    for (const line of batch.lines.slice(0, ENOUGH_LINES)) {
      const text = line.toString().trim()
      if (text !== '') lines.push(text)
    }
    if (lines.length > 1) break
  }
  return lines
}

function formatOf(lines: readonly string[]): Format {
  const [first] = lines
  if (first === undefined) return 'empty'
  if (first.includes('"fleetDriftSnapshot"')) return 'snapshot'
  const content = lines.filter(line => !STATUS_LINE.test(line))
  const [start, next] = content
  if (start === undefined) return 'skipped'
  if (start === '[' && (next === undefined || next === ']' || isValue(next.replace(/,$/, '')))) return 'rows'
  if (isValue(start) || start.includes('}{"') || (next !== undefined && isValue(next))) return 'lines'
  if (content.length < lines.length && !/^[[{]/.test(start)) return 'skipped'
  return /^[[{]/.test(start) ? (next === undefined ? 'lines' : 'document') : 'unknown'
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
