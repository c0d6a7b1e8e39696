import type { RowKind } from '../../../src/analyse/finding.ts'
import type { Fleet } from '../../../src/normalise/fleet.ts'
import type { AnswerFinding } from '../answer.ts'

/** An item as a row of a peer's finding. */
export function told(fleet: Fleet, item: number, kind: RowKind): AnswerFinding['rows'][number] {
  const known = fleet.items[item]
  const row: Record<string, string> = Object.create(null)
  for (const [at, column] of (known?.columns ?? []).entries()) row[column] = known?.values[at] ?? ''
  return { kind, query: fleet.queries[known?.query ?? -1]?.name ?? '', row, expected: null }
}
