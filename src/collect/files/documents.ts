import { basename, dirname } from 'node:path'
import * as z from 'zod'
import { isStatus, type LineFault, type ResultLine, readResultLine } from './result-line.ts'
import type { Answer } from './result-store.ts'
import { isDumpOfHost, isObject, unwrap } from './unwrap.ts'

/** Where a document was read, which names what it does not: `hosts/web-01/crontab.json`. */
export interface DocumentPlace {
  readonly path: string
  /** When the file was last written, in seconds since 1970. */
  readonly modified: number
  /** What the shell said beside its rows: some may be missing. */
  readonly complaint: string | null
}

/** What a document or a line says. */
export type Content =
  | { readonly kind: 'line'; readonly line: ResultLine }
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'fault'; readonly fault: LineFault }
  /** What is wrong with an answer that is given nevertheless. */
  | { readonly kind: 'note'; readonly message: string }

const row = z.record(z.string(), z.unknown())

const fleetHost = z.object({
  host_id: z.number().optional(),
  host_name: z.string().optional(),
  last_fetched: z.string().nullish()
})

/** Fleet's API, "Get query report" and "Get host's query report". The latter names its host once. */
const fleetReport = fleetHost.extend({
  query_id: z.number(),
  query_name: z.string().optional(),
  report_clipped: z.boolean().nullish(),
  results: z.array(fleetHost.extend({ columns: row }))
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
  for (const content of unwrap(value)) yield* readOne(content, place)
}

function* readOne(value: unknown, place: DocumentPlace): Generator<Content> {
  if (Array.isArray(value)) yield* readList(value, place)
  else if (!isObject(value)) yield { kind: 'fault', fault: UNKNOWN }
  else if ('rows' in value && 'host' in value) yield fleetctlAnswer(value, place)
  else if ('results' in value && 'query_id' in value) yield* fleetAnswers(value, place)
  else if (isDumpOfHost(value)) {
    for (const [query, rows] of Object.entries(value))
      yield dumpAnswer(rows, nameOf(place.path), query, place)
  } else {
    const line = readResultLine(value)
    if (line === null) return
    yield 'fault' in line ? { kind: 'fault', fault: line } : { kind: 'line', line }
  }
}

/** The rows of `osqueryi --json`: the folder names the host, and the file the query. */
export function dumpAnswer(
  rows: readonly unknown[],
  host: string,
  query: string,
  { modified, complaint }: DocumentPlace,
  detail: string | null = complaint
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

/** The rows of one query, or Diffy's results of several hosts. */
function* readList(values: readonly unknown[], place: DocumentPlace): Generator<Content> {
  if (values.some(value => !isObject(value))) {
    yield { kind: 'fault', fault: UNKNOWN }
    return
  }
  // osqueryd's TLS logger writes lists of its messages too.
  if (values.length > 0 && values.every(value => isObject(value) && isStatus(value) && 'filename' in value))
    return
  if (!diffyEntry.safeParse(values[0]).success) {
    const { host, query } = dumpNames(place.path)
    yield dumpAnswer(values, host, query, place)
    return
  }
  const counts = new Map<string, number>()
  for (const value of values) {
    const entry = diffyEntry.safeParse(value)
    if (!entry.success) yield { kind: 'fault', fault: UNKNOWN }
    else {
      const { instance_id: host, status, collected_at: at, stdout } = entry.data
      const detail = status === 'success' ? null : `its status is ${status}`
      const time = secondsOf(at) ?? place.modified
      // Diffy does not name its queries: the second result of a host is that of the second query.
      const count = (counts.get(host) ?? 0) + 1
      counts.set(host, count)
      const query = count === 1 ? nameOf(place.path) : `${nameOf(place.path)}_${count}`
      yield dumpAnswer(stdout, host, query, { ...place, modified: time }, detail)
    }
  }
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
  const { query_id, query_name, report_clipped, results, ...about } = parsed.data
  const query = query_name ?? (nameOf(place.path) || `query_${query_id}`)
  if (report_clipped) yield { kind: 'note', message: 'Fleet clipped its report' }
  if (results.length === 0)
    yield { kind: 'note', message: 'the report of Fleet has no rows, and so no hosts' }
  const byName = Map.groupBy(results, ({ host_name = about.host_name ?? '' }) => host_name)
  const hosts = new Map<string, { time: number; rows: unknown[] }>()
  for (const [name, ofName] of byName) {
    const isAmbiguous = name === '' || new Set(ofName.map(({ host_id }) => host_id)).size > 1
    for (const { host_id = about.host_id, last_fetched = about.last_fetched, columns } of ofName) {
      const host = isAmbiguous ? `${name || 'host'} (${host_id ?? 'unknown'})` : name
      const known = hosts.get(host) ?? { time: 0, rows: [] }
      hosts.set(host, known)
      known.time = Math.max(known.time, secondsOf(last_fetched) ?? place.modified)
      known.rows.push(columns)
    }
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
