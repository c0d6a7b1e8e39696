import { weightOfQuery } from '../analyze/table-weight.ts'
import type { Fleet } from '../normalize/fleet.ts'
import type { Inventory } from './report.ts'

/** So many rows of a table are listed; a person reads them, and a host may send any number. */
const MAX_ROWS = 100

/**
 * The rows of the integrity tables on hosts that were compared with nothing: what a person should read, because no
 * comparison did. O(items of the hosts).
 * @param hosts indices into the fleet's hosts
 */
export function inventoryOf(fleet: Fleet, hosts: readonly number[]): Inventory {
  const having = new Map<number, number>()
  for (const host of hosts) {
    for (const item of fleet.hosts[host]?.items ?? []) having.set(item, (having.get(item) ?? 0) + 1)
  }
  const items = [...having].sort(([a], [b]) => a - b)
  const byQuery = Map.groupBy(items, ([item]) => fleet.items[item]?.query ?? -1)
  return {
    hosts: hosts.map(host => fleet.hosts[host]?.id ?? '').sort(),
    queries: fleet.queries.flatMap((query, index) => {
      const found = byQuery.get(index) ?? []
      if (found.length === 0 || weightOfQuery(query) !== 'integrity') return []
      const rows = found
        .slice(0, MAX_ROWS)
        .map(([item, count]) => ({ row: rowOf(fleet, item), hosts: count }))
      return [{ query: query.name, total: found.length, rows }]
    })
  }
}

/** The columns and values of an item. No column name is special. */
export function rowOf(fleet: Fleet, id: number): Record<string, string> {
  const row: Record<string, string> = Object.create(null)
  const item = fleet.items[id]
  for (const [index, column] of (item?.columns ?? []).entries()) row[column] = item?.values[index] ?? ''
  return row
}
