import type { Fleet } from '../../normalize/fleet.ts'
import { itemKey } from '../../normalize/items.ts'
import { rowReader } from '../../normalize/values.ts'
import type { HostRecord } from '../../snapshot/snapshot.ts'
import type { FindingRow } from '../finding.ts'
import type { Draft, DraftRow } from './draft.ts'

/** The raw rows behind the items of drafts: columns whose value is the same on all hosts that show the item. */
export type Evidence = ReadonlyMap<number, ReadonlyMap<string, string>>

/**
 * Reads the fleet's raw rows once more and keeps those that ended in a finding. Only the wanted hosts and queries are
 * looked at; memory O(rows of findings).
 */
export function evidenceCollector(fleet: Fleet, drafts: readonly Draft[]) {
  const wanted = new Map<string, Set<number>>()
  const keys = new Map<string, number>()
  const queries = new Set<number>()
  for (const row of drafts.flatMap(draft => draft.rows)) {
    const item = fleet.items[row.item]
    if (item === undefined || row.kind === 'missing') continue
    const foreign = fleet.queries[item.query]?.identity === null
    keys.set(itemKey(item.query, foreign ? item.columns : null, item.values), row.item)
    queries.add(item.query)
    for (const host of row.hosts) {
      const id = fleet.hosts[host]?.id ?? ''
      const items = wanted.get(id) ?? new Set<number>()
      wanted.set(id, items.add(row.item))
    }
  }
  const found = new Map<number, Map<string, string>>()
  const seen = new Set<string>()
  return {
    add(record: HostRecord): void {
      const items = wanted.get(record.host)
      if (items === undefined || seen.has(record.host)) return
      seen.add(record.host)
      const reading = rowReader(record, fleet.shared)
      for (const index of queries) {
        const query = fleet.queries[index]
        if (query === undefined) continue
        for (const row of record.queries[query.name]?.rows ?? []) {
          const { columns, values } = reading(query, row)
          const item = keys.get(itemKey(index, query.identity === null ? columns : null, values))
          if (item !== undefined && items.has(item)) keepCommon(found, item, row)
        }
      }
    },
    finish: (): Evidence => found
  }
}

function keepCommon(
  found: Map<number, Map<string, string>>,
  item: number,
  row: Readonly<Record<string, string>>
): void {
  const known = found.get(item)
  if (known === undefined) {
    found.set(item, new Map(Object.entries(row)))
    return
  }
  for (const [column, value] of known) if (row[column] !== value) known.delete(column)
}

/** A draft row as the report shows it: identifying columns first, then what else is known and the same on its hosts. */
export function toFindingRow(fleet: Fleet, row: DraftRow, evidence: Evidence): FindingRow {
  return {
    kind: row.kind,
    query: fleet.queries[fleet.items[row.item]?.query ?? -1]?.name ?? '',
    row: columnsOf(fleet, row.item, row.kind === 'missing' ? undefined : evidence.get(row.item)),
    expected: row.kind === 'changed' ? columnsOf(fleet, row.expected, undefined) : null,
    baseline: row.baseline,
    prevalence: row.prevalence
  }
}

function columnsOf(
  fleet: Fleet,
  id: number,
  raw: ReadonlyMap<string, string> | undefined
): Record<string, string> {
  const item = fleet.items[id]
  const columns: Record<string, string> = Object.create(null)
  for (const [at, column] of (item?.columns ?? []).entries())
    columns[column] = raw?.get(column) ?? item?.values[at] ?? ''
  for (const column of [...(raw?.keys() ?? [])].sort()) {
    if (!(column in columns)) columns[column] = raw?.get(column) ?? ''
  }
  return columns
}
