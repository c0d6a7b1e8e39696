import type { HostFacts, QueryResult, QueryStatus, Row } from '../../snapshot/snapshot.ts'
import { sanitize } from '../../text/sanitize.ts'
import { readFacts } from './facts.ts'
import { openFrame, sha256, unpack } from './frame.ts'

/** What a host answered. A reply that does not match its frame is `broken` as a whole, never half-parsed. */
export type Reply =
  | {
      readonly kind: 'answer'
      readonly facts: HostFacts
      readonly queries: Readonly<Record<string, QueryResult>>
    }
  | {
      readonly kind: 'no-osquery'
      readonly facts: HostFacts
      /** Why none could be fetched; `null`: none was offered. */
      readonly fetched: string | null
    }
  | { readonly kind: 'broken'; readonly reason: string }

export interface ReplyRequest {
  readonly nonce: string
  /** The id of the host as SSM knows it. */
  readonly host: string
  /** Names of the pack's queries. */
  readonly queries: readonly string[]
}

/** Bounds of what one host may send (design §9). */
const MAX_ROWS_PER_HOST = 200_000
/** A list of flat rows is no deeper; osquery's widest tables have some 60 columns. */
const ROW_DEPTH = 2
const MAX_COLUMNS = 512
/** Lines of the head beside the pack's queries: the collector's own questions and what the shell tells. */
const MAX_OTHER_LINES = 32

/** Opens a reply that holds a whole answer. Total: any bytes give a result, none throws. */
export function openReply(output: string, asked: ReplyRequest): Reply {
  const piece = openFrame(output, asked.nonce)
  if ('reason' in piece) return { kind: 'broken', reason: piece.reason }
  if (piece.index !== 0 || piece.bytes.length !== piece.total)
    return { kind: 'broken', reason: 'the reply is one piece of several' }
  return openPacked(piece.bytes, piece.whole, asked)
}

/** Opens a packed answer of which the host promised the digest. */
export function openPacked(packed: Buffer, whole: string, asked: ReplyRequest): Reply {
  const body = unpack(packed, whole)
  return 'reason' in body ? { kind: 'broken', reason: body.reason } : openBody(body, asked)
}

/** The script's words for why it got no osquery. */
const FETCHED: Readonly<Record<string, string>> = {
  'no-source': 'the osquery input has no line for its architecture',
  'no-program': 'it has neither curl nor wget to fetch it',
  'no-download': 'it could not fetch it',
  'wrong-digest': 'what it fetched has another digest, and was not run',
  'wrong-archive': 'what it fetched holds no opt/osquery/bin/osqueryd, or could not be unpacked'
}

interface Line {
  readonly name: string
  readonly status: QueryStatus
  readonly rows: number
  readonly bytes: number
  readonly digest: string
  readonly detail: string | null
}

const STATUSES: readonly QueryStatus[] = ['ok', 'failed', 'timeout', 'truncated', 'unsupported']

/** Opens an unpacked answer. Rows are returned only where their digest holds. */
export function openBody(body: Buffer, asked: ReplyRequest): Reply {
  const head = new Map<string, string>()
  const lines: Line[] = []
  const mostLines = asked.queries.length + MAX_OTHER_LINES
  let at = 0
  for (let ended = false, count = 0; !ended; count++) {
    if (count > mostLines) return { kind: 'broken', reason: 'the head of the reply is too long' }
    const end = body.indexOf(10, at)
    if (end < 0 || end - at > 4096) return { kind: 'broken', reason: 'the head of the reply is broken' }
    const [key = '', ...words] = body.toString('latin1', at, end).split(' ')
    at = end + 1
    if (key === 'query') {
      const line = readLine(words)
      if (line === null) return { kind: 'broken', reason: 'the head of the reply is broken' }
      lines.push(line)
    } else {
      head.set(key, words.join(' '))
    }
    ended = key === 'end'
  }
  if (
    Number(head.get('end')) !== lines.length ||
    new Set(lines.map(line => line.name)).size !== lines.length
  ) {
    return { kind: 'broken', reason: 'the head of the reply does not add up' }
  }
  const claimed = head.get('host') ?? ''
  if (claimed !== '' && claimed !== asked.host) {
    return { kind: 'broken', reason: `the host answered as another one (${sanitize(claimed, 40)})` }
  }
  if (at + lines.reduce((sum, line) => sum + line.bytes, 0) !== body.length) {
    return { kind: 'broken', reason: 'the parts of the reply do not add up' }
  }
  const results = readResults(body, at, lines)
  if (results === null) return { kind: 'broken', reason: `the reply has more than ${MAX_ROWS_PER_HOST} rows` }
  const facts = readFacts(head, results.get('_facts')?.rows ?? [], results.get('_addresses')?.rows ?? [])
  if (head.get('osquery') === 'none')
    return { kind: 'no-osquery', facts, fetched: FETCHED[head.get('fetched') ?? ''] ?? null }
  const queries: Record<string, QueryResult> = Object.create(null)
  for (const name of asked.queries) {
    queries[name] = results.get(name) ?? { status: 'failed', detail: 'the host did not answer it', rows: [] }
  }
  return { kind: 'answer', facts, queries }
}

function readLine(words: readonly string[]): Line | null {
  const [name = '', status = '', , rows = '', bytes = '', digest = '', detail = ''] = words
  const known = STATUSES.find(candidate => candidate === status)
  if (words.length !== 7 || known === undefined || !/^[\w.-]{1,64}$/.test(name) || !/^\d{1,9}$/.test(bytes))
    return null
  const text = detail === '-' ? '' : Buffer.from(detail, 'base64').toString('utf8').trim()
  return {
    name,
    status: known,
    rows: /^\d{1,9}$/.test(rows) ? Number(rows) : -1,
    bytes: Number(bytes),
    digest,
    detail: text === '' ? null : sanitize(text)
  }
}

function readResults(body: Buffer, from: number, lines: readonly Line[]): Map<string, QueryResult> | null {
  const results = new Map<string, QueryResult>()
  let at = from
  let total = 0
  for (const line of lines) {
    const part = body.subarray(at, at + line.bytes)
    at += line.bytes
    const result =
      line.status === 'ok'
        ? readRows(part, line, MAX_ROWS_PER_HOST - total)
        : { status: line.status, detail: line.detail, rows: [] }
    if (result === null) return null
    total += result.rows.length
    results.set(line.name, result)
  }
  return results
}

/** Rows of one query as osqueryi prints them; invalid UTF-8 becomes U+FFFD. `null`: more rows than `most`. */
function readRows(part: Buffer, line: Line, most: number): QueryResult | null {
  const failed = (detail: string): QueryResult => ({ status: 'failed', detail, rows: [] })
  if (sha256(part) !== line.digest)
    return { status: 'truncated', detail: 'its rows do not match their digest', rows: [] }
  const text = part.toString('utf8')
  const shape = measureRows(text)
  if (shape.rows > most) return null
  if (shape.depth > ROW_DEPTH) return failed('its rows are nested')
  if (shape.columns > MAX_COLUMNS) return failed(`its rows have more than ${MAX_COLUMNS} columns`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return failed('its rows are not valid JSON')
  }
  if (!Array.isArray(value)) return failed('its result is no list of rows')
  const begun = countRowLines(text)
  if (line.rows >= 0 && line.rows !== begun) {
    return { status: 'truncated', detail: `${begun} of ${line.rows} rows arrived`, rows: [] }
  }
  const rows: Row[] = []
  for (const entry of value) {
    const row = readRow(entry)
    if (row === null) return failed('its result is no list of rows')
    rows.push(row)
  }
  return { status: 'ok', detail: null, rows }
}

/** Lines that begin a row, as the host counts them: osquery prints one a line, others may lay them out otherwise. */
function countRowLines(text: string): number {
  return [...text.matchAll(/(?:^|\n)[\t ]*\{/g)].length
}

function readRow(value: unknown): Row | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const row: Record<string, string> = Object.create(null)
  for (const [column, cell] of Object.entries(value)) {
    if (typeof cell === 'object' && cell !== null) return null
    row[column] = typeof cell === 'string' ? cell : cell === null ? '' : String(cell)
  }
  return row
}

/**
 * Measures a list of rows before it is parsed: parsing 32 MiB of `{},{},…` takes gigabytes, and so do millions of names
 * of columns. Linear; stops early at a bound that is passed, so the figures are then lower bounds.
 */
function measureRows(text: string): { rows: number; columns: number; depth: number } {
  let rows = 1
  let columns = 1
  let widest = 1
  let depth = 0
  let opened = -1
  let closed = -1
  const names = new Set<string>()
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (opened > closed) {
      if (code === BACKSLASH) at++
      else if (code === QUOTE) closed = at
    } else if (code === QUOTE) opened = at
    else if (code === COLON) names.add(text.slice(opened, closed))
    else if (code === COMMA) {
      if (depth > 1) widest = Math.max(widest, ++columns)
      else {
        rows++
        columns = 1
      }
    } else if (code === BRACKET || code === BRACE) depth++
    else if (code === BRACKET_END || code === BRACE_END) depth--
    if (depth > ROW_DEPTH || rows > MAX_ROWS_PER_HOST || widest > MAX_COLUMNS || names.size > MAX_COLUMNS)
      break
  }
  return { rows, columns: Math.max(widest, names.size), depth }
}

const [QUOTE, COMMA, COLON, BRACKET, BACKSLASH, BRACKET_END, BRACE, BRACE_END] = [
  34, 44, 58, 91, 92, 93, 123, 125
]
