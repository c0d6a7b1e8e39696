import { hashText } from '../lib/fnv1a.ts'
import type { Query } from '../osquery/pack.ts'
import { lineOf } from '../snapshot/read.ts'
import { describeReason, type ReasonCode } from '../snapshot/reasons.ts'
import type { HostRecord, HostStatus } from '../snapshot/snapshot.ts'
import { inferIdentity, projected } from './foreign.ts'
import { type Item, itemTable, sortItems } from './items.ts'
import { substitutionsOf } from './placeholders.ts'
import { foreignIdentity } from './rules.ts'
import { lineScanner, type RowSink } from './scan.ts'
import { readValues } from './values.ts'

export { type Item, itemKey } from './items.ts'
export { rowReader } from './values.ts'

export interface FleetHost {
  readonly id: string
  readonly name: string | null
  readonly status: HostStatus
  readonly code: ReasonCode | null
  readonly reason: string | null
  readonly unanswered: boolean
  /** Ids of its items, ascending. */
  readonly items: Int32Array
  /** By query: 1 where its rows are complete. A query that failed or was cut is unobserved, never missing. */
  readonly observed: Uint8Array
}

/** A fleet made comparable: hosts sorted by id, items numbered in the order of their query and values. */
export interface Fleet {
  /** A foreign query's `identity` is what was inferred from this fleet; `null` where no host had a row of it. */
  readonly queries: readonly Query[]
  /** Each is on some host. */
  readonly items: readonly Item[]
  readonly hosts: readonly FleetHost[]
  /** Ids of hosts that were given twice; the first record counts. */
  readonly repeated: readonly string[]
}

/** A host while others are still to come: as little as can be, for there may be 100,000. */
interface PendingHost extends Omit<FleetHost, 'items' | 'observed'> {
  /** Whether osquery ran as root; `null` where the host told nothing of itself. */
  readonly root: boolean | null
  /** Each once, in no order. */
  readonly items: Int32Array
  readonly observed: Uint8Array
}

/**
 * Takes hosts one by one, keeps only their items: time O(rows), memory O(distinct items + hosts × items a host).
 * The result does not depend on the order of the hosts. Hosts read from a snapshot are scanned, others read row by
 * row; both give the same items.
 */
export function fleetBuilder(queries: readonly Query[]) {
  const table = itemTable()
  const reader = hostReader(queries, table)
  const hosts = new Map<string, PendingHost>()
  const repeated = new Set<string>()
  return {
    add(record: HostRecord): void {
      if (hosts.has(record.host)) {
        repeated.add(record.host)
        return
      }
      const { host: id, status, code, reason, unanswered, facts } = record
      const name = facts?.hostname ?? null
      const root = facts === null ? null : facts.root
      hosts.set(id, { id, name, status, code, reason, unanswered, root, ...reader(record) })
    },
    finish(): Fleet {
      const sorted = [...hosts.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
      const hidden = hideUnlikePrivilege(queries, sorted)
      const seen = sorted.map(({ items, observed }) => {
        const query = (id: number) => table.items[id]?.query ?? 0
        return hidden.size > 0 ? items.filter(id => observed[query(id)] === 1) : items
      })
      const raw = numbered(table.items, seen)
      const resolved = queries.map((query, index) =>
        query.identity === null ? resolve(query, index, raw, sorted) : query
      )
      const { items, hosts: own } = resolved.some((query, index) => query !== queries[index])
        ? merged(raw, resolved, queries)
        : raw
      return {
        queries: resolved,
        items,
        repeated: [...repeated].sort(),
        hosts: sorted.map(({ id, name, status, code, reason, unanswered, observed }, at) => {
          const items = own[at] ?? new Int32Array()
          const why = hidden.get(id)
          if (why === undefined) return { id, name, status, code, reason, unanswered, items, observed }
          return {
            id,
            name,
            status: 'partial',
            code: code ?? 'privilege-differs',
            reason: why,
            unanswered,
            items,
            observed
          }
        })
      }
    }
  }
}

/** Makes the items of one host. */
function hostReader(queries: readonly Query[], table: ReturnType<typeof itemTable>) {
  /** By item: the last reading in which it was met, so that each counts once a host. */
  let metIn = new Int32Array(1024)
  let scratch = new Int32Array(1024)
  let count = 0
  let reading = 0
  let observed = new Uint8Array(queries.length)
  let block = new Int32Array(BLOCK)
  let used = 0
  let substitutions: ReturnType<typeof substitutionsOf> = []

  function begin(): void {
    reading++
    count = 0
    observed = new Uint8Array(queries.length)
  }
  function has(id: number): void {
    if (id >= metIn.length) metIn = grown(metIn, id)
    if (metIn[id] === reading) return
    metIn[id] = reading
    if (count === scratch.length) scratch = grown(scratch, count)
    scratch[count++] = id
  }
  function item(query: number, columns: readonly string[], raw: readonly string[]) {
    const { values, own } = readValues(columns, raw, substitutions)
    return { id: table.idOf({ query, columns, values }, queries[query]?.identity === null), own }
  }
  const byColumns = new Map<string, readonly string[]>()
  function identity(query: number, columns: readonly string[]): readonly string[] {
    const own = queries[query]?.identity
    if (own != null) return own
    const key = JSON.stringify(columns)
    const known = byColumns.get(key)
    if (known !== undefined) return known
    const found = foreignIdentity(columns)
    if (byColumns.size < MAX_SHAPES) byColumns.set(key, found)
    return found
  }
  function row(query: number, row: HostRecord['queries'][string]['rows'][number]): void {
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
  return (record: HostRecord): Pick<PendingHost, 'items' | 'observed'> => {
    substitutions = substitutionsOf(record.host, record.facts)
    const line = lineOf(record)
    begin()
    if (line !== null) scan ??= lineScanner(queries, sink)
    if (line === null || scan === null || !scan(line, substitutions)) {
      begin()
      for (const [index, query] of queries.entries()) {
        const result = record.queries[query.name]
        if (result?.status !== 'ok') continue
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

/** The columns of foreign rows are worked out once for so many kinds of row; a hostile host may send any number. */
const MAX_SHAPES = 1024

/** Hosts share blocks of so many numbers: an array buffer of its own for each would cost more than the numbers. */
const BLOCK = 1 << 18

function grown(array: Int32Array, needed: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(array.length * 2, needed + 1))
  larger.set(array)
  return larger
}

interface Numbered {
  readonly items: readonly Item[]
  /** By host: its items, ascending. */
  readonly hosts: readonly Int32Array[]
}

/** Numbers the items that hosts have in their order; takes the hosts' arrays over. */
function numbered(items: readonly Item[], hosts: readonly Int32Array[]): Numbered {
  const present = new Uint8Array(items.length)
  for (const own of hosts) for (const id of own) present[id] = 1
  const sorted = sortItems(items, present)
  for (const own of hosts) {
    for (let at = 0; at < own.length; at++) own[at] = sorted.rank[own[at] ?? 0] ?? 0
    own.sort()
  }
  return { items: sorted.items, hosts }
}

/** A foreign query with the columns that identify its rows in this fleet. */
function resolve(
  query: Query,
  index: number,
  { items, hosts }: Numbered,
  pending: readonly PendingHost[]
): Query {
  const first = items.findIndex(item => item.query === index)
  if (first < 0) return query
  const next = items.findIndex(item => item.query > index)
  const end = next < 0 ? items.length : next
  const sample = [...hosts.keys()]
    .sort((a, b) => hashText(pending[a]?.id ?? '') - hashText(pending[b]?.id ?? '') || a - b)
    .flatMap(host => {
      const own = (hosts[host] ?? new Int32Array()).filter(id => id >= first && id < end)
      return own.length === 0 ? [] : [Array.from(own, id => items[id]).filter(item => item !== undefined)]
    })
  return { ...query, identity: inferIdentity(sample) }
}

/** Rows of foreign queries in their inferred columns; those that are now alike are one item. */
function merged({ items, hosts }: Numbered, resolved: readonly Query[], queries: readonly Query[]): Numbered {
  const table = itemTable()
  const ids = Int32Array.from(items, item => {
    const identity = resolved[item.query]?.identity
    const foreign = identity !== queries[item.query]?.identity && identity != null
    return table.idOf(foreign ? projected(item, identity) : item, false)
  })
  return numbered(
    table.items,
    hosts.map(own => Int32Array.from(new Set(own.map(id => ids[id] ?? 0))))
  )
}

/**
 * Root and other runs are never compared: where a fleet has both, the queries that need root count for the larger
 * part only. Returns the hosts left out of them, with the reason.
 */
function hideUnlikePrivilege(queries: readonly Query[], hosts: readonly PendingHost[]): Map<string, string> {
  const hidden = new Map<string, string>()
  const answered = hosts.filter(host => host.root !== null)
  const roots = answered.filter(host => host.root).length
  if (roots === 0 || roots === answered.length) return hidden
  const wanted = roots * 2 >= answered.length
  const reason = describeReason({ code: 'privilege-differs', root: !wanted })
  for (const { id, reason: known, root, observed } of answered) {
    if (root === wanted) continue
    for (const [index, query] of queries.entries()) if (query.root) observed[index] = 0
    hidden.set(id, known === null ? reason : `${known}; ${reason}`)
  }
  return hidden
}
