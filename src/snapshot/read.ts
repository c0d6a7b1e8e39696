import * as z from 'zod'
import { readLines } from './lines.ts'
import { isReasonCode, type ReasonCode } from './reasons.ts'
import type { HostRecord, QueryResult, Row, SnapshotHeader } from './snapshot.ts'

const headerSchema = z.object({
  fleetDriftSnapshot: z.literal(1),
  name: z.string().default('fleet'),
  collector: z.string().default('unknown'),
  packs: z.array(z.object({ name: z.string(), sha256: z.string() })).default([]),
  targets: z.array(z.string()).default([]),
  region: z.string().nullable().default(null),
  startedAt: z.string().default(''),
  counts: z.object({ targeted: z.int().nonnegative(), recorded: z.int().nonnegative() }).exactOptional()
})

const factsSchema = z.object({
  hostname: z.string().nullable().default(null),
  fqdn: z.string().nullable().default(null),
  addresses: z.array(z.string()).default([]),
  macs: z.array(z.string()).default([]),
  machineId: z.string().nullable().default(null),
  bootId: z.string().nullable().default(null),
  os: z.string().nullable().default(null),
  osVersion: z.string().nullable().default(null),
  arch: z.string().nullable().default(null),
  osqueryVersion: z.string().nullable().default(null),
  // Every snapshot of ours says it. Others that do not were made by osqueryd, which runs as root.
  root: z.boolean().default(true)
})

const hostSchema = z.object({
  host: z.string().min(1).max(256),
  status: z.enum(['reported', 'partial', 'silent']),
  // Absent in older snapshots; a newer release may write codes that this one does not know.
  code: z.custom<ReasonCode>(isReasonCode).nullable().default(null).catch(null),
  reason: z.string().nullable().default(null),
  unanswered: z.boolean().default(false),
  collectedAt: z.string().nullable().default(null),
  facts: factsSchema.nullable().default(null),
  queries: z.record(z.string(), z.unknown()).default({})
})

const querySchema = z.object({
  status: z.enum(['ok', 'incomplete', 'failed', 'timeout', 'truncated', 'unsupported']),
  detail: z.string().nullable().default(null),
  rows: z.array(z.unknown()).default([])
})

export interface SnapshotReader {
  readonly header: SnapshotHeader
  /** Every host, in the file's order. Its rows are parsed when `queries` is first read, and never otherwise. */
  readonly hosts: AsyncGenerator<HostRecord>
}

/** The bytes of a host's line, and where in them its queries begin. */
export interface HostLine {
  readonly bytes: Buffer
  /** Offset of what follows `"queries":{`. */
  readonly queriesAt: number
}

const lines = new WeakMap<HostRecord, HostLine>()

/** The line that a record was read from; `null` for any other record, a changed copy included. */
export const lineOf = (record: HostRecord): HostLine | null => lines.get(record) ?? null

/**
 * Opens a snapshot; hosts are read one line at a time, so that memory holds one host.
 * @throws Error naming the file and line when it is not a snapshot, is cut short or has a line that is not a host record;
 * a fault within a host's rows is thrown when its `queries` are read.
 */
export async function readSnapshot(path: string): Promise<SnapshotReader> {
  const lines = readLines(path)
  const first = await lines.next()
  const header = first.done ? null : readHeader(parseJson(first.value.toString(), `${path}, line 1`))
  if (header === null) {
    throw new Error(`${path} is not a Fleet Drift snapshot: its first line must be a snapshot header`)
  }
  return { header, hosts: readHosts(lines, path) }
}

/** The header of a snapshot, from the JSON of its first line; `null` where it is another value. */
export function readHeader(value: unknown): SnapshotHeader | null {
  return headerSchema.safeParse(value).data ?? null
}

/**
 * The host of a line of a snapshot.
 * @param place names the line in errors
 * @throws Error when it is not a host record; a fault within its rows is thrown when its `queries` are read
 */
export function readHost(line: Buffer, place: string): HostRecord {
  return readHead(line, place) ?? readWhole(line, place)
}

const HEADER = Buffer.from('{"fleetDriftSnapshot"')

/** Whether a line is a header; files that were joined have several. */
export function isHeader(line: Buffer): boolean {
  return line.subarray(0, HEADER.length).equals(HEADER)
}

async function* readHosts(lines: AsyncGenerator<Buffer>, path: string): AsyncGenerator<HostRecord> {
  let number = 1
  for await (const line of lines) {
    number++
    if (line.length === 0) continue
    if (isHeader(line)) {
      if (readHeader(parseJson(line.toString(), `${path}, line ${number}`)) === null)
        throw new Error(`${path}, line ${number}: not a snapshot header that this version knows`)
      continue
    }
    yield readHost(line, `${path}, line ${number}`)
  }
}

const QUERIES = ',"queries":{'
const HEAD_KEYS = ['host', 'status', 'reason', 'unanswered', 'collectedAt', 'facts'] as const
const BRACE = 0x7d

/**
 * Reads what precedes a host's rows and leaves the rows for later. `null` for a line that is not laid out as the writer
 * does it: all of the head first, the queries last.
 */
function readHead(bytes: Buffer, place: string): HostRecord | null {
  const at = bytes.indexOf(QUERIES)
  if (at < 0 || bytes[bytes.length - 1] !== BRACE || bytes[bytes.length - 2] !== BRACE) return null
  let head: unknown
  try {
    head = JSON.parse(`${bytes.toString('utf8', 0, at)}}`)
  } catch {
    return null
  }
  if (typeof head !== 'object' || head === null || !HEAD_KEYS.every(key => key in head)) return null
  const parsed = hostSchema.safeParse(head)
  if (!parsed.success) return null
  const { host, status, code, reason, unanswered, collectedAt, facts } = parsed.data
  let queries: HostRecord['queries'] | null = null
  const record: HostRecord = {
    host,
    status,
    code,
    reason,
    unanswered,
    collectedAt,
    facts,
    get queries() {
      if (queries === null) {
        const whole = readWhole(bytes, place)
        if (whole.host !== host) throw new Error(`${place}: not a host record (it has two ids)`)
        queries = whole.queries
      }
      return queries
    }
  }
  lines.set(record, { bytes, queriesAt: at + QUERIES.length })
  return record
}

function readWhole(bytes: Buffer, place: string): HostRecord {
  const parsed = hostSchema.safeParse(parseJson(bytes.toString(), place))
  if (!parsed.success) throw new Error(`${place}: not a host record (${z.prettifyError(parsed.error)})`)
  const queries: Record<string, QueryResult> = Object.create(null)
  for (const [name, result] of Object.entries(parsed.data.queries)) queries[name] = readQuery(result)
  return { ...parsed.data, queries }
}

/** A query's result from its JSON; `null` where it is not valid JSON. */
export function parseResult(json: string): QueryResult | null {
  try {
    return readQuery(JSON.parse(json))
  } catch {
    return null
  }
}

/** A row, from its JSON; `null` where that is none. */
export function parseRow(json: string): Row | null {
  try {
    return readRow(JSON.parse(json))
  } catch {
    return null
  }
}

/** A query's result from a snapshot; one that cannot be read has failed. */
function readQuery(value: unknown): QueryResult {
  const parsed = querySchema.safeParse(value)
  if (!parsed.success) return { status: 'failed', detail: 'the snapshot has no readable result', rows: [] }
  const rows: Row[] = []
  for (const value of parsed.data.rows) {
    const row = readRow(value)
    if (row === null)
      return { status: 'failed', detail: 'the snapshot has a row that is not an object of values', rows: [] }
    rows.push(row)
  }
  return { ...parsed.data, rows }
}

/** A row with a null prototype; `null` where the value is not a flat object. Numbers and booleans become text. */
function readRow(value: unknown): Row | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const row: Record<string, string> = Object.create(null)
  for (const [column, cell] of Object.entries(value)) {
    if (typeof cell === 'object' && cell !== null) return null
    row[column] = typeof cell === 'string' ? cell : cell === null || cell === undefined ? '' : String(cell)
  }
  return row
}

function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`${place}: not valid JSON`)
  }
}
