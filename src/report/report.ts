import type { Finding, Severity } from '../analyze/finding.ts'
import type { BaselineChanges } from '../baseline/diff.ts'
import type { IndicatorSearch } from '../indicators/coverage.ts'
import type { Refused } from '../learn/learn.ts'
import type { Plan } from '../review/plan.ts'
import type { ReasonCode } from '../snapshot/reasons.ts'
import type { HostStatus } from '../snapshot/snapshot.ts'
import type { History } from './memory.ts'

export {
  type Finding,
  type FindingKind,
  type FindingRow,
  type Prevalence,
  type RowKind,
  SEVERITIES,
  type Severity,
  type Verdict
} from '../analyze/finding.ts'

export interface ReportHost {
  readonly id: string
  readonly name: string | null
  readonly status: HostStatus
  /** Why the host is not fully assessed, in words that may change; `null` for a host that is. */
  readonly reason: string | null
  /** The reason as a stable code. */
  readonly code: ReasonCode | null
  readonly cluster: string | null
  /** Bits of its open findings and folded rows. */
  readonly surprise: number
  /** Whether it is in a drift finding other than a rollout. */
  readonly outlier: boolean
  readonly findings: readonly string[]
}

export interface ReportCluster {
  readonly id: string
  readonly label: string
  /** How the cluster came about, as a stable code: it differs from the others only by rows that it has in addition. */
  readonly code: 'additions-only' | null
  readonly size: number
  readonly hosts: readonly string[]
  readonly distinguishedBy: readonly {
    readonly query: string
    readonly row: Readonly<Record<string, string>>
  }[]
}

export type RunVerdict = 'drift' | 'incomplete' | 'clean'

export interface ReportSummary {
  readonly verdict: RunVerdict
  /** Hosts that were targeted or expected, whichever are more. */
  readonly hosts: number
  readonly reported: number
  readonly partial: number
  readonly silent: number
  /** Fully assessed hosts over `hosts`, 0 to 1, four decimals. */
  readonly coverage: number
  readonly clusters: number
  /** Open findings. */
  readonly findings: number
  readonly outliers: number
  readonly accepted: number
  /** Rows that differed and were judged benign noise. */
  readonly foldedRows: number
  readonly worstSeverity: Severity | 'none'
}

export interface ReportRun {
  readonly mode: string
  readonly name: string
  readonly collector: string
  readonly startedAt: string
  readonly finishedAt: string
  readonly targets: readonly string[]
  readonly region: string | null
  readonly packs: readonly { readonly name: string; readonly sha256: string }[]
  readonly baseline: { readonly path: string; readonly sha256: string } | null
  readonly snapshotSha256: string | null
}

/** `report.json`: every other report is made from it. */
export interface Report {
  readonly schemaVersion: 1
  readonly tool: { readonly name: string; readonly version: string }
  readonly run: ReportRun
  readonly summary: ReportSummary
  readonly hosts: readonly ReportHost[]
  readonly clusters: readonly ReportCluster[]
  readonly findings: readonly Finding[]
  /** Sentences about the run as a whole, such as that the fleet is small or a pack has changed. */
  readonly notices: readonly string[]
  /** Which indicators were looked for, and which could not be checked. */
  readonly indicators?: IndicatorSearch
  /** What changed since earlier runs, where they are known. */
  readonly history?: History
  /** What the integrity tables show on hosts that were compared with nothing. */
  readonly inventory?: Inventory
  /** What a pull request that changes the baseline would do. */
  readonly plan?: Plan
  /** What mode `baseline` wrote. */
  readonly learned?: LearnedBaseline
  /** A baseline that expects the rollouts. */
  readonly suggestion?: { readonly file: string; readonly changes: BaselineChanges }
}

/** Rows for people to read where no comparison judges them. */
export interface Inventory {
  /** Ids of the hosts, sorted. */
  readonly hosts: readonly string[]
  /** Integrity tables with rows, in the order of the packs. */
  readonly queries: readonly {
    readonly query: string
    /** How many different rows there are; the first of them are listed. */
    readonly total: number
    readonly rows: readonly { readonly row: Readonly<Record<string, string>>; readonly hosts: number }[]
  }[]
}

/** What mode `baseline` learned from clean hosts. */
export interface LearnedBaseline {
  readonly path: string
  readonly changed: boolean
  readonly changes: BaselineChanges
  /** Integrity tables to which rows are added; sorted. */
  readonly integrity: readonly string[]
  /** Rows that look like an intruder's and were not learned. */
  readonly refused: readonly Refused[]
}
