import type { Query } from '../osquery/pack.ts'
import type { HostRecord, HostStatus, Row } from '../snapshot/snapshot.ts'
import { bounded, type Substitution, substitute, substitutionsOf } from './placeholders.ts'
import { type ColumnKind, columnKind, foreignIdentity, maskFixed } from './rules.ts'

/** A normalised row: equal on two hosts exactly when nothing that identifies the row differs. */
export interface Item {
  /** Index into {@link Fleet.queries}. */
  readonly query: number
  readonly columns: readonly string[]
  readonly values: readonly string[]
}

export interface FleetHost {
  readonly id: string
  readonly name: string | null
  readonly status: HostStatus
  readonly reason: string | null
  readonly unanswered: boolean
  /** Ids of its items, ascending. */
  readonly items: Int32Array
  /** By query: 1 where its rows are complete. A query that failed or was cut is unobserved, never missing. */
  readonly observed: Uint8Array
}

/** A fleet made comparable: hosts sorted by id, items numbered in the order of their query and values. */
export interface Fleet {
  readonly queries: readonly Query[]
  readonly items: readonly Item[]
  readonly hosts: readonly FleetHost[]
  /** Ids of hosts that were given twice; the first record counts. */
  readonly repeated: readonly string[]
}

interface PendingHost {
  readonly record: Omit<HostRecord, 'queries'>
  readonly items: Set<number>
  readonly observed: Uint8Array
}

/**
 * Takes hosts one by one, keeps only their items: time O(rows), memory O(distinct items + hosts × items a host).
 * The result does not depend on the order of the hosts.
 */
export function fleetBuilder(queries: readonly Query[]) {
  const intern = interner()
  const hosts = new Map<string, PendingHost>()
  const repeated = new Set<string>()
  return {
    add(record: HostRecord): void {
      if (hosts.has(record.host)) {
        repeated.add(record.host)
        return
      }
      const reading = rowReader(record, intern.maskCache)
      const items = new Set<number>()
      const observed = new Uint8Array(queries.length)
      for (const [index, query] of queries.entries()) {
        const result = record.queries[query.name]
        if (result?.status !== 'ok') continue
        observed[index] = 1
        for (const row of result.rows) items.add(intern.idOf(index, query, reading(query, row)))
      }
      const { queries: _rows, ...rest } = record
      hosts.set(record.host, { record: rest, items, observed })
    },
    finish(): Fleet {
      const sorted = [...hosts.values()].sort((a, b) => (a.record.host < b.record.host ? -1 : 1))
      const hidden = hideUnlikePrivilege(queries, sorted)
      const { items, rank } = intern.sorted()
      return {
        queries,
        items,
        repeated: [...repeated].sort(),
        hosts: sorted.map(({ record, items: ids, observed }) => ({
          id: record.host,
          name: record.facts?.hostname ?? null,
          ...(hidden.has(record.host)
            ? { status: 'partial' as const, reason: hidden.get(record.host) ?? null }
            : { status: record.status, reason: record.reason }),
          unanswered: record.unanswered,
          items: Int32Array.from(
            [...ids].filter(id => observed[intern.queryOf(id)] === 1),
            id => rank[id] ?? 0
          ).sort(),
          observed
        }))
      }
    }
  }
}

/** How a row of one host becomes the identifying columns and values of an item. */
export function rowReader(record: HostRecord, maskCache = new Map<string, string>()) {
  const substitutions = substitutionsOf(record.host, record.facts)
  return (query: Query, row: Row): { columns: readonly string[]; values: string[] } => {
    const columns = query.identity ?? foreignIdentity(Object.keys(row))
    return {
      columns,
      values: columns.map(column =>
        normaliseValue(row[column] ?? '', columnKind(column), substitutions, maskCache)
      )
    }
  }
}

/** One text for an item: unambiguous whatever the values hold. */
export function itemKey(query: number, columns: readonly string[] | null, values: readonly string[]): string {
  let key = `${query}`
  if (columns !== null) for (const column of columns) key += `;${column.length}:${column}`
  for (const value of values) key += `,${value.length}:${value}`
  return key
}

const MASK_CACHE_SIZE = 200_000

function normaliseValue(
  raw: string,
  kind: ColumnKind,
  substitutions: readonly Substitution[],
  maskCache: Map<string, string>
): string {
  if (raw === '') return raw
  const own = kind === 'digest' ? bounded(raw) : substitute(bounded(raw), substitutions, kind === 'program')
  if (kind === 'digest') return own
  const cached = maskCache.get(own)
  if (cached !== undefined) return cached
  const masked = maskFixed(own, kind)
  if (maskCache.size >= MASK_CACHE_SIZE) maskCache.clear()
  maskCache.set(own, masked)
  return masked
}

function interner() {
  const ids = new Map<string, number>()
  const items: Item[] = []
  const maskCache = new Map<string, string>()
  return {
    maskCache,
    queryOf: (id: number): number => items[id]?.query ?? 0,
    idOf(
      index: number,
      query: Query,
      { columns, values }: { columns: readonly string[]; values: string[] }
    ): number {
      const key = itemKey(index, query.identity === null ? columns : null, values)
      const known = ids.get(key)
      if (known !== undefined) return known
      ids.set(key, items.length)
      items.push({ query: index, columns, values })
      return items.length - 1
    },
    sorted(): { items: Item[]; rank: Int32Array } {
      const order = [...items.keys()].sort((a, b) => compareItems(items[a], items[b]))
      const rank = new Int32Array(items.length)
      for (const [position, id] of order.entries()) rank[id] = position
      return { items: order.map(id => items[id]).filter(item => item !== undefined), rank }
    }
  }
}

function compareItems(a: Item | undefined, b: Item | undefined): number {
  if (a === undefined || b === undefined) return 0
  return a.query - b.query || compareTexts(a.values, b.values) || compareTexts(a.columns, b.columns)
}

function compareTexts(a: readonly string[], b: readonly string[]): number {
  for (const [index, text] of a.entries()) {
    const other = b[index]
    if (other === undefined) return 1
    if (text !== other) return text < other ? -1 : 1
  }
  return a.length - b.length
}

/**
 * Root and other runs are never compared: where a fleet has both, the queries that need root count for the larger
 * part only. Returns the hosts left out of them, with the reason.
 */
function hideUnlikePrivilege(queries: readonly Query[], hosts: readonly PendingHost[]): Map<string, string> {
  const hidden = new Map<string, string>()
  const answered = hosts.filter(host => host.record.facts !== null)
  const roots = answered.filter(host => host.record.facts?.root === true).length
  if (roots === 0 || roots === answered.length) return hidden
  const wanted = roots * 2 >= answered.length
  const reason = wanted
    ? 'osquery ran without root, unlike on the other hosts'
    : 'osquery ran as root, unlike on the other hosts'
  for (const { record, observed } of answered) {
    if (record.facts?.root === wanted) continue
    for (const [index, query] of queries.entries()) if (query.root) observed[index] = 0
    hidden.set(record.host, record.reason === null ? reason : `${record.reason}; ${reason}`)
  }
  return hidden
}
