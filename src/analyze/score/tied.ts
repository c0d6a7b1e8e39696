import type { ScoredRow } from './scored-row.ts'
import { isStrong } from './variants.ts'
import type { Words } from './words.ts'

/**
 * Whether a row shares a rare word with another row of its hosts, in another table. A plain file of hooks counts as tied
 * to whatever else its host shows.
 */
export function tiedTest(rows: readonly ScoredRow[], words: Words): (row: ScoredRow) => boolean {
  const byHost = new Map<number, ScoredRow[]>()
  for (const row of rows) if (isStrong(row) || row.isHook) byHost.set(row.deviation.hosts[0] ?? -1, [])
  for (const row of rows)
    if (row.isIncriminating) for (const host of row.deviation.hosts) byHost.get(host)?.push(row)
  return row => {
    const mine = words(row.deviation.item)
    return (byHost.get(row.deviation.hosts[0] ?? -1) ?? []).some(
      other =>
        other.query !== row.query &&
        ((row.isHook && !isStrong(row) && other.deviation.hosts.length === 1) ||
          words(other.deviation.item).some(word => mine.includes(word)))
    )
  }
}
