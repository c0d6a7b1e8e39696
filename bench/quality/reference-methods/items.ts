import type { RowKind } from '../../../src/analyze/finding.ts'
import type { Fleet } from '../../../src/normalize/fleet.ts'
import type { ResultFinding } from '../result.ts'

/** An item as a row of a reference method's finding. */
export function findingRow(fleet: Fleet, item: number, kind: RowKind): ResultFinding['rows'][number] {
  const known = fleet.items[item]
  const row: Record<string, string> = Object.create(null)
  for (const [at, column] of (known?.columns ?? []).entries()) row[column] = known?.values[at] ?? ''
  return { kind, query: fleet.queries[known?.query ?? -1]?.name ?? '', row, expected: null }
}
