import type { RowKind } from '../../../src/analyze/finding.ts'
import type { Baseline } from '../../../src/baseline/baseline.ts'
import type { Query } from '../../../src/osquery/pack.ts'
import type { HostRecord, Row } from '../../../src/snapshot/snapshot.ts'

export type { Row, RowKind }

/** A row of an incident. Where a value is drawn for each host, there is one of it for each. */
export interface IncidentRow {
  readonly kind: RowKind
  readonly query: string
  /** What is there; for a missing row what was there. */
  readonly row: Row
  /** For a changed row what was there; else `null`. */
  readonly previous: Row | null
}

/** What was planted together: on these hosts, these rows. */
export interface Incident {
  /** `benign`: a tool that somebody installed on purpose; whoever reports it is wrong. */
  readonly kind: 'incident' | 'benign'
  /** What happened, in a word or two. */
  readonly name: string
  readonly hosts: readonly string[]
  readonly rows: readonly IncidentRow[]
}

/** Which figures a fleet counts in beyond the common ones; see `score.ts`. */
export type SpecialFigure = 'homogeneous' | 'manyVersions' | 'baseline'

/** A generated fleet and what is true of it. The truth comes from what was planted, never from the engine. */
export interface LabeledFleet {
  readonly scenario: string
  readonly seed: number
  readonly figures: readonly SpecialFigure[]
  readonly queries: readonly Query[]
  readonly hosts: readonly HostRecord[]
  readonly baseline: Baseline | null
  /** By host id: its role, image and version. */
  readonly strata: ReadonlyMap<string, string>
  /** Other partitions that are as right, such as by role without versions. */
  readonly alternativeStrata: readonly ReadonlyMap<string, string>[]
  readonly incidents: readonly Incident[]
}

/** One kind of fleet that a generator makes. */
export interface FleetScenario {
  readonly name: string
  readonly hosts: number
  /** Is part of the short bench. */
  readonly short: boolean
  /** The same seed gives the same fleet. */
  make(seed: number): LabeledFleet
}
