import type { Query } from '../osquery/pack.ts'
import { lineOf } from '../snapshot/read.ts'
import { type HostRecord, hasRows, type Row } from '../snapshot/snapshot.ts'
import type { itemTable } from './items.ts'
import { substitutionsOf } from './placeholders.ts'
import { foreignIdentity } from './rules.ts'
import { lineScanner, type RowSink } from './scan.ts'
import { NOTHING_SHARED, type SharedTexts } from './shared-texts.ts'
import { readValues } from './values.ts'

/** What a host has, in the item numbers of the table. */
export interface HostItems {
  /** Each once, in no order. */
  readonly items: Int32Array
  /** By query: 1 if its rows are complete. */
  readonly observed: Uint8Array
}

/**
 * Makes the items of one host after another. Hosts read from a snapshot are scanned, others read row by row; both give
 * the same items.
 * @param note is called with each text of a host that was replaced, the query and its column
 */
export function hostReader(
  queries: readonly Query[],
  table: ReturnType<typeof itemTable>,
  note: (query: number, column: string, text: string) => void
) {
  /** By item: the last host that had it, so that each counts once per host. */
  let lastHost = new Int32Array(1024)
  let scratch = new Int32Array(1024)
  let count = 0
  let host = 0
  let observed = new Uint8Array(queries.length)
  let block = new Int32Array(BLOCK)
  let used = 0
  let substitutions: ReturnType<typeof substitutionsOf> = []
  let shared = NOTHING_SHARED
  /** The query of the row that is read. */
  let reading = 0
  const noteReplaced = (column: string, text: string) => note(reading, column, text)

  function begin(): void {
    host++
    count = 0
    observed = new Uint8Array(queries.length)
  }
  function has(id: number): void {
    if (id >= lastHost.length) lastHost = grown(lastHost, id)
    if (lastHost[id] === host) return
    lastHost[id] = host
    if (count === scratch.length) scratch = grown(scratch, count)
    scratch[count++] = id
  }
  function item(query: number, columns: readonly string[], raw: readonly string[]) {
    reading = query
    const { values, hasFacts } = readValues(
      queries[query]?.name ?? '',
      columns,
      raw,
      substitutions,
      shared,
      noteReplaced
    )
    return { id: table.idOf({ query, columns, values }, queries[query]?.identity === null), hasFacts }
  }
  const byColumns = new Map<string, readonly string[]>()
  function identity(query: number, columns: readonly string[]): readonly string[] {
    const declared = queries[query]?.identity
    if (declared != null) return declared
    const volatile = queries[query]?.volatile ?? []
    const key = JSON.stringify([columns, volatile])
    const known = byColumns.get(key)
    if (known !== undefined) return known
    const found = foreignIdentity(columns, volatile)
    if (byColumns.size < MAX_CACHED_IDENTITIES) byColumns.set(key, found)
    return found
  }
  function row(query: number, row: Row): void {
    const columns = identity(query, queries[query]?.identity === null ? Object.keys(row) : [])
    const raw = columns.map(column => row[column] ?? '')
    has(item(query, columns, raw).id)
  }
  const sink: RowSink = {
    identity,
    item,
    has,
    row,
    observed(query) {
      observed[query] = 1
    }
  }
  let scan: ReturnType<typeof lineScanner> | null = null
  /** @param texts that are not the host's own */
  return (record: HostRecord, texts: SharedTexts = NOTHING_SHARED): HostItems => {
    shared = texts
    substitutions = substitutionsOf(record.host, record.facts)
    const line = lineOf(record)
    begin()
    if (line !== null) scan ??= lineScanner(queries, sink)
    if (line === null || scan === null || !scan(line, substitutions)) {
      begin()
      for (const [index, query] of queries.entries()) {
        const result = record.queries[query.name]
        if (result === undefined || !hasRows(result)) continue
        observed[index] = 1
        for (const one of result.rows) row(index, one)
      }
    }
    if (used + count > block.length) {
      block = new Int32Array(Math.max(BLOCK, count))
      used = 0
    }
    const items = block.subarray(used, used + count)
    items.set(scratch.subarray(0, count))
    used += count
    return { items, observed }
  }
}

/** A hostile host may send rows with any number of different columns. */
const MAX_CACHED_IDENTITIES = 1024

/** Hosts share blocks of this many numbers: an array buffer for each host would cost more than its numbers. */
const BLOCK = 1 << 18

function grown(array: Int32Array, index: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(array.length * 2, index + 1))
  larger.set(array)
  return larger
}
