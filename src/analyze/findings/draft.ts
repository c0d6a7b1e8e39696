import { createHash } from 'node:crypto'
import type { Fleet } from '../../normalize/fleet.ts'
import type { FindingKind, Prevalence, RowKind, Severity, Verdict } from '../finding.ts'

/** A row of a finding before its evidence is fetched. */
export interface DraftRow {
  readonly kind: RowKind
  readonly item: number
  readonly expected: number
  readonly baseline: 'new' | 'known' | 'missing' | 'none'
  /** Indices into the fleet's hosts that show it. */
  readonly hosts: readonly number[]
  readonly prevalence: { readonly cluster: Prevalence; readonly fleet: Prevalence }
}

/** A finding whose rows are still items. */
export interface Draft {
  readonly id: string
  readonly kind: FindingKind
  readonly verdict: Verdict | null
  readonly severity: Severity
  readonly surprise: number
  readonly hosts: readonly number[]
  readonly cluster: string | null
  readonly rows: readonly DraftRow[]
  readonly explanation: string
  readonly attack: readonly string[]
  readonly acceptedBy: string | null
}

/**
 * The id of a cause: from the finding's kind, queries and normalized rows, never from hosts, clusters or dates, so
 * that it is the same run after run. 16 hex digits of SHA-256.
 */
export function fingerprint(kind: string, parts: readonly string[]): string {
  const digest = createHash('sha256').update(kind)
  for (const part of [...parts].sort()) digest.update(`\n${part.length}:${part}`)
  return digest.digest('hex').slice(0, 16)
}

/** What identifies a draft row across runs. */
export function rowIdentity(fleet: Fleet, row: Pick<DraftRow, 'kind' | 'item' | 'expected'>): string {
  const item = fleet.items[row.item]
  const expected = fleet.items[row.expected]
  const query = fleet.queries[item?.query ?? -1]?.name
  return JSON.stringify([row.kind, query, item?.columns, item?.values, expected?.values ?? null])
}
