import { basename, dirname } from 'node:path'
import { z } from 'zod'
import { type LineFault, type ResultLine, readResultLine } from './result-line.ts'
import type { Answer } from './result-store.ts'

/** Where a document was read, which names what it does not: `hosts/web-01/crontab.json`. */
export interface DocumentPlace {
  readonly path: string
  /** When the file was last written, in seconds since 1970. */
  readonly modified: number
}

/** What a document or a line says. */
export type Content =
  | { readonly kind: 'line'; readonly line: ResultLine }
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'fault'; readonly fault: LineFault }
  /** What is wrong with an answer that is given nevertheless. */
  | { readonly kind: 'note'; readonly message: string }

const row = z.record(z.string(), z.unknown())

/** Fleet's API, "Get query report". */
const fleetReport = z.object({
  query_id: z.number(),
  query_name: z.string().optional(),
  report_clipped: z.boolean().nullish(),
  results: z.array(
    z.object({
      host_id: z.number(),
      host_name: z.string().default(''),
      last_fetched: z.string().nullish(),
      columns: row
    })
  )
})

/** A line of `fleetctl query`. */
const fleetctlLine = z.object({
  host: z.string().min(1).max(256),
  rows: z.array(row).nullable(),
  error: z.string().nullish()
})

/** An entry of Diffy's list of results. */
const diffyEntry = z.object({
  instance_id: z.string().min(1).max(256),
  status: z.string().default('success'),
  collected_at: z.string().nullish(),
  stdout: z.array(row)
})

const UNKNOWN: LineFault = {
  fault: 'it is neither a snapshot, nor a result log of osqueryd, nor results of osqueryi or Fleet',
  host: null,
  query: null
}

/** Reads any JSON value that the collector understands: a line of a log, or a whole document. */
export function* readContent(value: unknown, place: DocumentPlace): Generator<Content> {
  if (Array.isArray(value)) {
    yield* readList(value, place)
    return
  }
  if (typeof value !== 'object' || value === null) {
    yield { kind: 'fault', fault: UNKNOWN }
    return
  }
  const fields = unwrap(value as Record<string, unknown>)
  if ('rows' in fields && 'host' in fields) yield fleetctlAnswer(fields, place)
  else if ('results' in fields && 'query_id' in fields) yield* fleetAnswers(fields, place)
  else if (isDumpOfHost(fields)) {
    for (const [query, rows] of Object.entries(fields))
      yield dumpAnswer(rows as unknown[], nameOf(place.path), query, place)
  } else {
    const line = readResultLine(fields)
    if (line === null) return
    yield 'fault' in line ? { kind: 'fault', fault: line } : { kind: 'line', line }
  }
}

/** The rows of `osqueryi --json`: the folder names the host, and the file the query. */
export function dumpAnswer(
  rows: readonly unknown[],
  host: string,
  query: string,
  { modified }: DocumentPlace,
  detail: string | null = null
): Content {
  const status = detail === null ? 'ok' : rows.length === 0 ? 'failed' : 'truncated'
  return {
    kind: 'answer',
    answer: { source: 'osqueryi', host, query, time: modified, status, detail, rows }
  }
}

/** The host and query of a dump, by its path. */
export function dumpNames(path: string): { readonly host: string; readonly query: string } {
  return { host: basename(dirname(path)), query: nameOf(path) }
}

/** The name of a file without its folder and what it ends in: `crontab` of `web-01/crontab.json.gz`. */
function nameOf(path: string): string {
  return basename(path).replace(/(?:\.(?:json|ndjson|jsonl|log|txt|gz|zst))+$/i, '')
}

function* readList(values: readonly unknown[], place: DocumentPlace): Generator<Content> {
  const [first] = values
  const diffy = diffyEntry.safeParse(first)
  const isRows = !diffy.success && !isResult(first)
  if (isRows) {
    const { host, query } = dumpNames(place.path)
    yield dumpAnswer(values, host, query, place)
    return
  }
  for (const value of values) {
    if (!diffy.success) {
      yield* readContent(value, place)
      continue
    }
    const entry = diffyEntry.safeParse(value)
    if (!entry.success) yield { kind: 'fault', fault: UNKNOWN }
    else {
      const { instance_id: host, status, collected_at: at, stdout } = entry.data
      const detail = status === 'success' ? null : `its status is ${status}`
      const time = secondsOf(at) ?? place.modified
      yield dumpAnswer(stdout, host, nameOf(place.path), { ...place, modified: time }, detail)
    }
  }
}

/** Whether a value of a list is a result or a line of its own, and not a row. */
function isResult(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const fields = unwrap(value as Record<string, unknown>)
  return (
    ('name' in fields && ['columns', 'snapshot', 'diffResults'].some(key => isObject(fields[key]))) ||
    ('host' in fields && Array.isArray(fields.rows))
  )
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null

/** Log shippers put a result, or its text, into a field of theirs. */
const WRAPPERS = ['data', 'message', 'log', 'event', '_raw', 'line'] as const

function unwrap(fields: Record<string, unknown>): Record<string, unknown> {
  if ('columns' in fields || 'snapshot' in fields || 'diffResults' in fields || 'rows' in fields)
    return fields
  for (const wrapper of WRAPPERS) {
    const inner = fields[wrapper]
    const value = typeof inner === 'string' && inner.startsWith('{') ? parsed(inner) : inner
    if (isObject(value) && !Array.isArray(value)) return value as Record<string, unknown>
  }
  return fields
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function isDumpOfHost(fields: Record<string, unknown>): boolean {
  const values = Object.values(fields)
  return (
    values.length > 0 &&
    !('snapshot' in fields) &&
    values.every(value => Array.isArray(value) && value.every(isObject))
  )
}

/** Columns that `fleetctl query` adds to each row. */
const FLEETCTL_COLUMNS = ['host_hostname', 'host_display_name']

function fleetctlAnswer(fields: unknown, place: DocumentPlace): Content {
  const parsed = fleetctlLine.safeParse(fields)
  if (!parsed.success) return { kind: 'fault', fault: UNKNOWN }
  const { host, rows, error } = parsed.data
  const common = { source: 'fleet', host, query: nameOf(place.path), time: place.modified } as const
  if (rows === null || error)
    return {
      kind: 'answer',
      answer: { ...common, status: 'failed', detail: error || 'Fleet has no rows of it', rows: [] }
    }
  const own = rows.map(row =>
    Object.fromEntries(Object.entries(row).filter(([column]) => !FLEETCTL_COLUMNS.includes(column)))
  )
  return { kind: 'answer', answer: { ...common, status: 'ok', detail: null, rows: own } }
}

/** The answers of a report, by host. A host without rows is not in it. Fleet clips a report that is too long. */
function* fleetAnswers(fields: unknown, place: DocumentPlace): Generator<Content> {
  const parsed = fleetReport.safeParse(fields)
  if (!parsed.success) {
    yield { kind: 'fault', fault: { ...UNKNOWN, fault: 'it is not a report of Fleet' } }
    return
  }
  const { query_id, query_name, report_clipped, results } = parsed.data
  const query = query_name ?? (nameOf(place.path) || `query_${query_id}`)
  const ids = new Map<string, Set<number>>()
  for (const { host_name, host_id } of results)
    ids.set(host_name, (ids.get(host_name) ?? new Set<number>()).add(host_id))
  const hosts = new Map<string, { time: number; rows: unknown[] }>()
  for (const { host_name, host_id, last_fetched, columns } of results) {
    const isAmbiguous = host_name === '' || (ids.get(host_name)?.size ?? 0) > 1
    const host = isAmbiguous ? `${host_name || 'host'} (${host_id})` : host_name
    const known = hosts.get(host) ?? { time: 0, rows: [] }
    hosts.set(host, known)
    known.time = Math.max(known.time, secondsOf(last_fetched) ?? place.modified)
    known.rows.push(columns)
  }
  for (const [host, { time, rows }] of hosts)
    yield {
      kind: 'answer',
      answer: {
        source: 'fleet',
        host,
        query,
        time,
        status: report_clipped ? 'truncated' : 'ok',
        detail: report_clipped ? 'Fleet clipped its report' : null,
        rows
      }
    }
}

function secondsOf(time: string | null | undefined): number | null {
  const milliseconds = time ? Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(time) ? time : `${time}Z`) : Number.NaN
  return Number.isNaN(milliseconds) ? null : milliseconds / 1_000
}
