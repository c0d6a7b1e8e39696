import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { z } from 'zod'
import type { HostRecord, QueryResult, Row, SnapshotHeader } from './snapshot.ts'

/** A host may hold 32 MiB of rows (design §9); its line is longer by JSON's quotes and escapes. */
const MAX_LINE_BYTES = 128 * 1024 * 1024

const headerSchema = z.object({
  fleetDriftSnapshot: z.literal(1),
  name: z.string().default('fleet'),
  collector: z.string().default('unknown'),
  packs: z.array(z.object({ name: z.string(), sha256: z.string() })).default([]),
  targets: z.array(z.string()).default([]),
  region: z.string().nullable().default(null),
  startedAt: z.string().default('')
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
  root: z.boolean().default(false)
})

const hostSchema = z.object({
  host: z.string().min(1).max(256),
  status: z.enum(['reported', 'partial', 'silent']),
  reason: z.string().nullable().default(null),
  unanswered: z.boolean().default(false),
  collectedAt: z.string().nullable().default(null),
  facts: factsSchema.nullable().default(null),
  queries: z.record(z.string(), z.unknown()).default({})
})

const querySchema = z.object({
  status: z.enum(['ok', 'failed', 'timeout', 'truncated', 'unsupported']),
  detail: z.string().nullable().default(null),
  rows: z.array(z.unknown()).default([])
})

export interface SnapshotReader {
  readonly header: SnapshotHeader
  /** Every host, in the file's order. */
  readonly hosts: AsyncGenerator<HostRecord>
}

/**
 * Opens a snapshot; hosts are read one line at a time, so that memory holds one host.
 * @throws Error naming the file and line when it is not a snapshot, is cut short or holds a line that is no host.
 */
export async function readSnapshot(path: string): Promise<SnapshotReader> {
  const lines = readLines(path)
  const first = await lines.next()
  const header = first.done ? null : headerSchema.safeParse(parseJson(first.value, path, 1))
  if (!header?.success) {
    throw new Error(`${path} is not a Fleet Drift snapshot: its first line must be a snapshot header`)
  }
  return { header: header.data, hosts: readHosts(lines, path) }
}

async function* readHosts(lines: AsyncGenerator<string>, path: string): AsyncGenerator<HostRecord> {
  let number = 1
  for await (const line of lines) {
    number++
    if (line === '') continue
    const parsed = hostSchema.safeParse(parseJson(line, path, number))
    if (!parsed.success)
      throw new Error(`${path}, line ${number}: not a host (${z.prettifyError(parsed.error)})`)
    const queries: Record<string, QueryResult> = Object.create(null)
    for (const [name, result] of Object.entries(parsed.data.queries)) queries[name] = readQuery(result)
    yield { ...parsed.data, queries }
  }
}

function readQuery(value: unknown): QueryResult {
  const parsed = querySchema.safeParse(value)
  if (!parsed.success) return { status: 'failed', detail: 'the snapshot holds no readable result', rows: [] }
  const rows: Row[] = []
  for (const value of parsed.data.rows) {
    const row = readRow(value)
    if (row === null) return { status: 'failed', detail: 'the snapshot holds a row that is no row', rows: [] }
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

function parseJson(line: string, path: string, number: number): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw new Error(`${path}, line ${number}: not valid JSON`)
  }
}

async function* readLines(path: string): AsyncGenerator<string> {
  const plain = pipeline(createReadStream(path), createGunzip(), () => undefined)
  let pieces: Buffer[] = []
  let size = 0
  for await (const chunk of plain) {
    let rest: Buffer = chunk
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      pieces.push(rest.subarray(0, end))
      yield Buffer.concat(pieces).toString('utf8')
      pieces = []
      size = 0
      rest = rest.subarray(end + 1)
    }
    size += rest.length
    if (size > MAX_LINE_BYTES) throw new Error(`${path}: a line is longer than ${MAX_LINE_BYTES} bytes`)
    if (rest.length > 0) pieces.push(rest)
  }
  if (pieces.length > 0) yield Buffer.concat(pieces).toString('utf8')
}
