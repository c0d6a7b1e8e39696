import type { RowKind } from '../../../src/analyze/findings/finding.ts'
import type { Baseline } from '../../../src/baseline/baseline.ts'
import type { Query } from '../../../src/osquery/pack.ts'
import type { HostRecord, Row } from '../../../src/snapshot/snapshot.ts'

export type { Row, RowKind }

/** A row of an incident. Where a value is drawn for each host, there is one of it for each. */
export interface PlantedRow {
  readonly kind: RowKind
  readonly query: string
  readonly row: Row
  readonly instead: Row | null
}

/** What was planted together: on these hosts, these rows. */
export interface Plant {
  readonly kind: 'incident' | 'benign'
  readonly hosts: readonly string[]
  readonly rows: readonly PlantedRow[]
}

/** A generated fleet and what is true of it. The truth comes from what was planted, never from the engine. */
export interface TrueFleet {
  readonly family: string
  readonly seed: number
  readonly queries: readonly Query[]
  readonly hosts: readonly HostRecord[]
  readonly baseline: Baseline | null
  /** By host id: its role, image and version. */
  readonly cells: ReadonlyMap<string, string>
  readonly plants: readonly Plant[]
}
