import type { BaselineChanges } from '../baseline/diff.ts'
import { count, list, number } from '../text/phrases.ts'

/** `12 rows added, 3 removed, 1 moved and 1 acceptance added`; `formatting only` where the content is the same. */
export function diffSummary({ rows, acceptances, queries, packs }: BaselineChanges): string {
  const parts: string[] = []
  for (const change of ['added', 'removed', 'moved'] as const) {
    const changed = rows.filter(row => row.change === change).length
    if (changed > 0) parts.push(`${parts.length === 0 ? count(changed, 'row') : number(changed)} ${change}`)
  }
  for (const change of ['added', 'removed'] as const) {
    const changed = acceptances.filter(acceptance => acceptance.change === change).length
    if (changed > 0) parts.push(`${count(changed, 'acceptance')} ${change}`)
  }
  if (parts.length === 0 && queries.length > 0)
    parts.push(`${count(queries.length, 'query', 'queries')} changed`)
  if (packs.length > 0) parts.push(`${count(packs.length, 'pack')} updated`)
  return parts.length === 0 ? 'formatting only' : list(parts)
}
