import type { RowKind } from '../../../src/analyze/findings/finding.ts'
import type { Fleet } from '../../../src/normalize/fleet.ts'
import type { AnswerFinding } from '../result.ts'

/** An item as a row of a peer's finding. */
export function told(fleet: Fleet, item: number, kind: RowKind): AnswerFinding['rows'][number] {
  const known = fleet.items[item]
  const row: Record<string, string> = Object.create(null)
  for (const [at, column] of (known?.columns ?? []).entries()) row[column] = known?.values[at] ?? ''
  return { kind, query: fleet.queries[known?.query ?? -1]?.name ?? '', row, expected: null }
}
