export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'info'

/** From worst to least. */
export const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info']

export type FindingKind = 'deviation' | 'indicator' | 'silent' | 'partial' | 'poisoning' | 'acceptance'
export type Verdict = 'intruder' | 'rollout' | 'broken-control' | 'missing' | 'variation'
export type RowKind = 'unexpected' | 'missing' | 'changed'

/** `[hosts that have the row, hosts on which its query was observed]`. */
export type Prevalence = readonly [number, number]

export interface FindingRow {
  readonly kind: RowKind
  readonly query: string
  /** What is there; for a missing row what should be. */
  readonly row: Readonly<Record<string, string>>
  /** For a changed row what should be there. */
  readonly expected: Readonly<Record<string, string>> | null
  readonly baseline: 'new' | 'known' | 'missing' | 'none'
  readonly prevalence: { readonly cluster: Prevalence; readonly fleet: Prevalence }
}

export interface Finding {
  /** Made from kind, queries and normalized rows, never from hosts, clusters or dates. */
  readonly id: string
  readonly kind: FindingKind
  /** Only deviations have one. */
  readonly verdict: Verdict | null
  readonly severity: Severity
  /** Bits. */
  readonly surprise: number
  /** Sorted host ids. */
  readonly hosts: readonly string[]
  readonly cluster: string | null
  readonly rows: readonly FindingRow[]
  readonly explanation: string
  readonly attack: readonly string[]
  /** The acceptance's reason and owner; an accepted finding is not open. */
  readonly acceptedBy: string | null
}
