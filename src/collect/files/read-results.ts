import { stat } from 'node:fs/promises'
import { type Content, type DocumentPlace, dumpAnswer, dumpNames, readContent } from './documents.ts'
import { readEventLine } from './event-line.ts'
import type { FaultList } from './faults.ts'
import { COMPLAINT, type Format, STATUS_LINE, withoutPrefix } from './formats.ts'
import { FileFault, MAX_LINE_BYTES, readLineBatches } from './lines.ts'
import { describeBrokenLine, readResultLine } from './result-line.ts'
import type { resultStore } from './result-store.ts'
import { parseExact, rowText } from './rows.ts'
import { isResult } from './unwrap.ts'

type Store = ReturnType<typeof resultStore>

/** Reads the results in a file into the store. What cannot be read loses only itself. */
export async function readResults(
  path: string,
  format: Format,
  store: Store,
  faults: FaultList
): Promise<void> {
  const modified = (await stat(path)).mtimeMs / 1_000
  const place: DocumentPlace = { path, modified, complaint: null }
  const use = (content: Content, line: number | null) => useContent(content, line, path, store, faults)
  try {
    if (format === 'lines') await readLines(place, store, use)
    else if (format === 'rows') await readRows(place, use)
    else await readDocument(place, use)
  } catch (error) {
    faults.addFile(path, error)
  }
}

type Use = (content: Content, line: number | null) => void

function useContent(
  content: Content,
  line: number | null,
  path: string,
  store: Store,
  faults: FaultList
): void {
  switch (content.kind) {
    case 'line':
      store.addLine(content.line)
      break
    case 'answer':
      store.addAnswer(content.answer)
      break
    case 'note':
      faults.addLine(path, line, content.message)
      break
    case 'fault':
      if (store.addFault(content.fault)) faults.addLine(path, line, content.fault.fault)
      else faults.addFile(path, new FileFault(content.fault.fault, line))
  }
}

async function readLines(place: DocumentPlace, store: Store, use: Use): Promise<void> {
  for await (const { first, lines } of readLineBatches(place.path)) {
    let index = -1
    for (const bytes of lines) {
      index++
      const event = readEventLine(bytes.toString('latin1'))
      if (event !== null) {
        store.addLine(event)
        continue
      }
      const text = bytes.toString()
      for (const value of valuesOf(text)) {
        if (value === undefined) {
          if (text.trim() !== '' && !STATUS_LINE.test(text))
            use({ kind: 'fault', fault: describeBrokenLine(text) }, first + index)
        } else if (isResultOfOsqueryd(value)) {
          const line = readResultLine(value)
          if (line === null) continue
          if ('fault' in line) use({ kind: 'fault', fault: line }, first + index)
          else store.addLine(line)
        } else for (const content of readContent(value, place)) use(content, first + index)
      }
    }
  }
}

/** The value of a line, or several that a shipper joined without line ends; `[undefined]`: it is no JSON. */
function valuesOf(line: string): readonly unknown[] {
  const text = /^\s*[[{]/.test(line) ? line : withoutPrefix(line)
  const value = parsed(text)
  if (value !== undefined || !text.includes('}{')) return [value]
  const values: unknown[] = []
  let pending = ''
  for (const piece of text.split(/(?<=\})(?=\{)/)) {
    pending += piece
    const one = parsed(pending)
    if (one === undefined) continue
    values.push(one)
    pending = ''
  }
  return pending.trim() === '' ? values : [...values, undefined]
}

/** Almost every line of a log, so it takes the short way. */
function isResultOfOsqueryd(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && 'hostIdentifier' in value && 'name' in value
}

function parsed(text: string): unknown {
  try {
    return parseExact(text)
  } catch {
    return undefined
  }
}

/** Reads `[`, one row a line, `]`. Messages of the shell may be among them. */
async function readRows(place: DocumentPlace, use: Use): Promise<void> {
  const rows: unknown[] = []
  let complaint: string | null = null
  let isClosed = false
  /** It is a list of results, not of rows. */
  let hasResults = false
  try {
    for await (const { first, lines } of readLineBatches(place.path)) {
      for (const [index, bytes] of lines.entries()) {
        const text = bytes.toString().trim()
        if (text === '' || text === '[' || text.startsWith('I')) continue
        if (text === ']') {
          isClosed = true
          continue
        }
        const row = parsed(text.replace(/,$/, ''))
        if (isResult(row)) {
          hasResults = true
          for (const content of readContent(row, place)) use(content, first + index)
        } else if (rowText(row) !== null) rows.push(row)
        else if (COMPLAINT.test(text)) complaint ??= messageOf(text)
        else complaint ??= `line ${first + index} is not a row`
      }
    }
  } catch (error) {
    complaint ??= error instanceof FileFault ? error.message : 'it cannot be read'
  }
  if (!isClosed) complaint ??= 'it ends in the middle'
  if (hasResults) {
    if (rows.length > 0) complaint ??= 'it has rows and results in one list'
    if (complaint !== null) throw new FileFault(complaint)
    return
  }
  const { host, query } = dumpNames(place.path)
  use(dumpAnswer(rows, host, query, place, complaint), null)
  if (complaint !== null) use({ kind: 'note', message: complaint }, null)
}

const messageOf = (line: string) => line.replace(COMPLAINT, '')

/** Reads one JSON value, or several one after another. Messages of the shell may be before and behind them. */
async function readDocument(place: DocumentPlace, use: Use): Promise<void> {
  const parts: Buffer[] = []
  let size = 0
  let complaint: string | null = null
  for await (const { lines } of readLineBatches(place.path)) {
    for (const line of lines) {
      const start = line.toString('utf8', 0, MAX_MESSAGE_LENGTH)
      if (COMPLAINT.test(start)) complaint ??= messageOf(start)
      else if (!STATUS_LINE.test(start)) parts.push(line, LINE_END)
      size += line.length + 1
    }
    if (size > MAX_LINE_BYTES) throw new FileFault(`it is one document of more than ${MAX_LINE_BYTES} bytes`)
  }
  for (const text of Buffer.concat(parts).toString().split(BETWEEN_VALUES)) {
    const value = parsed(text)
    if (value === undefined) throw new FileFault('it is not valid JSON')
    for (const content of readContent(value, { ...place, complaint })) use(content, null)
  }
  if (complaint !== null) use({ kind: 'note', message: complaint }, null)
}

/** The end of a value on several lines, and the beginning of the next. */
const BETWEEN_VALUES = /(?<=\n[}\]])\s*\n(?=[{[])/
const LINE_END = Buffer.from('\n')
const MAX_MESSAGE_LENGTH = 1_000
