import { tableOf } from './expected.ts'
import type { ScoredRow } from './scored-row.ts'
import { isStrong } from './variants.ts'

/** So many groups with rows that say as much in one table are its noise, whatever else they show. */
const MAX_NOISE = 64

/** Leaves out plain rows of tables that very many hosts have rows of their own in. O(rows log rows). */
export function withoutNoise(rows: readonly ScoredRow[]): ScoredRow[] {
  const hosts = new Map<number, Map<number, number>>()
  for (const row of rows) {
    const table = hosts.get(tableOf(row)) ?? new Map<number, number>()
    hosts.set(tableOf(row), table)
    const first = row.deviation.hosts[0] ?? -1
    table.set(first, Math.max(table.get(first) ?? -Infinity, row.bits))
  }
  const limits = new Map<number, number>()
  for (const [key, table] of hosts) {
    const falling = [...table.values()].sort((a, b) => b - a)
    limits.set(key, falling[MAX_NOISE] ?? -Infinity)
  }
  return rows.filter(
    row =>
      isStrong(row) || row.deviation.baseline !== 'none' || row.bits > (limits.get(tableOf(row)) ?? -Infinity)
  )
}
