import { FETCH_FAILURES, type FetchFailure } from '../../snapshot/reasons.ts'
import { type HostFacts, hasRows, type QueryResult, type QueryStatus } from '../../snapshot/snapshot.ts'
import { sanitize } from '../../text/sanitize.ts'
import { readFacts } from './facts.ts'
import { openFrame, type Problem, unpack } from './frame.ts'
import { type AnnouncedRows, MAX_ROWS_PER_HOST, readRows } from './rows.ts'

/** What a host answered. A reply that does not match its frame is `broken` as a whole, never half-parsed. */
export type Reply =
  | {
      readonly kind: 'answer'
      readonly facts: HostFacts
      readonly queries: Readonly<Record<string, QueryResult>>
      /** Rows of a query are not what the collector promised, or not what osquery prints: the answer was tampered with. */
      readonly isForged: boolean
    }
  | {
      readonly kind: 'no-osquery'
      readonly facts: HostFacts
      /** Why the host could not fetch osquery; `null`: there was no source for it. */
      readonly failure: FetchFailure | null
    }
  | ({ readonly kind: 'broken' } & Problem)

/** What a reply must match. */
export interface ReplyRequest {
  readonly nonce: string
  /** The id of the host as SSM knows it. */
  readonly host: string
  /** Names of the queries that were sent. */
  readonly queries: readonly string[]
}

/** Lines of the head beside the queries: the collector's own queries, and what the shell reports of the host. */
const MAX_OTHER_HEAD_LINES = 32
const MAX_HEAD_LINE_BYTES = 4_096

/** Opens a reply that holds a whole answer. Total: any text gives a result, none throws. */
export function openReply(output: string, request: ReplyRequest): Reply {
  const chunk = openFrame(output, request.nonce)
  if ('problem' in chunk) return { kind: 'broken', ...chunk }
  if (chunk.index !== 0 || chunk.bytes.length !== chunk.total)
    return { kind: 'broken', problem: { code: 'single-chunk' } }
  return openPacked(chunk.bytes, chunk.bodySha256, request)
}

/** Opens a packed answer whose digest the host announced. Total. */
export function openPacked(packed: Buffer, bodySha256: string, request: ReplyRequest): Reply {
  const body = unpack(packed, bodySha256)
  return 'problem' in body ? { kind: 'broken', ...body } : openBody(body, request)
}

/** A query's line in the head of an answer. */
interface Line extends AnnouncedRows {
  readonly name: string
  readonly bytes: number
}

const STATUSES: readonly QueryStatus[] = ['ok', 'incomplete', 'failed', 'timeout', 'truncated', 'unsupported']

/** Opens an unpacked answer. Total; rows are returned only where their digest matches. */
export function openBody(body: Buffer, request: ReplyRequest): Reply {
  const parsed = readHead(body, request.queries.length + MAX_OTHER_HEAD_LINES)
  if ('problem' in parsed) return { kind: 'broken', ...parsed }
  const { head, lines, end } = parsed
  const claimed = head.get('host') ?? ''
  if (claimed !== '' && claimed !== request.host)
    return { kind: 'broken', problem: { code: 'other-host', claimed: sanitize(claimed, 40) } }
  if (end + lines.reduce((sum, line) => sum + line.bytes, 0) !== body.length)
    return { kind: 'broken', problem: { code: 'inconsistent-body' } }
  const results = readResults(body, end, lines)
  if (results === null)
    return { kind: 'broken', problem: { code: 'too-many-rows', limit: MAX_ROWS_PER_HOST } }
  const own = (name: string) => results.byName.get(name)?.rows ?? []
  const facts = readFacts(head, own('_facts'), own('_addresses'))
  if (head.get('osquery') === 'none')
    return { kind: 'no-osquery', facts, failure: fetchFailure(head.get('fetched')) }
  const queries: Record<string, QueryResult> = Object.create(null)
  for (const name of request.queries)
    queries[name] = results.byName.get(name) ?? {
      status: 'failed',
      detail: 'the host did not answer it',
      rows: []
    }
  return { kind: 'answer', facts, queries, isForged: results.isForged }
}

/** The head of an answer, up to and with its line `end`. */
function readHead(
  body: Buffer,
  maxLines: number
): { head: Map<string, string>; lines: Line[]; end: number } | Problem {
  const head = new Map<string, string>()
  const lines: Line[] = []
  let at = 0
  for (let count = 0; !head.has('end'); count++) {
    if (count > maxLines) return { problem: { code: 'long-head' } }
    const end = body.indexOf(10, at)
    if (end < 0 || end - at > MAX_HEAD_LINE_BYTES) return { problem: { code: 'broken-head' } }
    const [key = '', ...words] = body.toString('latin1', at, end).split(' ')
    at = end + 1
    if (key === 'query') {
      const line = readLine(words)
      if (line === null) return { problem: { code: 'broken-head' } }
      lines.push(line)
    } else {
      head.set(key, words.join(' '))
    }
  }
  const names = new Set(lines.map(line => line.name))
  if (Number(head.get('end')) !== lines.length || names.size !== lines.length)
    return { problem: { code: 'inconsistent-head' } }
  return { head, lines, end: at }
}

function fetchFailure(word: string | undefined): FetchFailure | null {
  return word !== undefined && isFetchFailure(word) ? word : null
}

function isFetchFailure(word: string): word is FetchFailure {
  return Object.hasOwn(FETCH_FAILURES, word)
}

function readLine(words: readonly string[]): Line | null {
  const [name = '', status = '', , rows = '', bytes = '', digest = '', detail = ''] = words
  const knownStatus = STATUSES.find(candidate => candidate === status)
  if (
    words.length !== 7 ||
    knownStatus === undefined ||
    !/^[\w.-]{1,64}$/.test(name) ||
    !/^\d{1,9}$/.test(bytes)
  )
    return null
  const text = detail === '-' ? '' : Buffer.from(detail, 'base64').toString('utf8').trim()
  return {
    name,
    status: knownStatus,
    rows: /^\d{1,9}$/.test(rows) ? Number(rows) : -1,
    bytes: Number(bytes),
    digest,
    detail: text === '' ? null : withoutLogHead(sanitize(text))
  }
}

/** osquery's words without the date, thread and source file that its log puts before them. */
function withoutLogHead(text: string): string {
  return text.replace(/[EWIF]\d{4} [\d:.]+ +\d+ [\w./-]+:\d+\] /g, '')
}

interface Results {
  readonly byName: ReadonlyMap<string, QueryResult>
  readonly isForged: boolean
}

function readResults(body: Buffer, from: number, lines: readonly Line[]): Results | null {
  const byName = new Map<string, QueryResult>()
  let isForged = false
  let at = from
  let total = 0
  for (const line of lines) {
    const part = body.subarray(at, at + line.bytes)
    at += line.bytes
    const result = hasRows(line)
      ? readRows(part, line, MAX_ROWS_PER_HOST - total)
      : { status: line.status, detail: line.detail, rows: [] }
    if (result === null) return null
    total += result.rows.length
    byName.set(line.name, result)
    isForged ||= hasRows(line) && !hasRows(result)
  }
  return { byName, isForged }
}
