import type { BaselineChanges } from '../baseline/diff.ts'
import { count, listed, number } from './phrases.ts'

/** `12 rows added, 3 removed, 1 moved and 1 acceptance added`; `nothing` where both versions say the same. */
export function changesInWords({ rows, acceptances, queries, packs }: BaselineChanges): string {
  const parts: string[] = []
  for (const change of ['added', 'removed', 'moved'] as const) {
    const many = rows.filter(row => row.change === change).length
    if (many > 0)
      parts.push(parts.length === 0 ? `${count(many, 'row')} ${change}` : `${number(many)} ${change}`)
  }
  for (const change of ['added', 'removed'] as const) {
    const many = acceptances.filter(acceptance => acceptance.change === change).length
    if (many > 0) parts.push(`${count(many, 'acceptance')} ${change}`)
  }
  if (parts.length === 0 && queries.length > 0) parts.push(`${queries.length} queries named or dropped`)
  if (packs.length > 0) parts.push(`${count(packs.length, 'pack')} updated`)
  return parts.length === 0 ? 'nothing' : listed(parts)
}
