import type { Finding, Severity } from '../analyze/findings/finding.ts'
import type { BaselineChanges } from '../baseline/diff.ts'
import type { Refused } from '../learn/learn.ts'
import type { Plan } from '../review/plan.ts'
import type { HostStatus } from '../snapshot/snapshot.ts'

export {
  type Finding,
  type FindingKind,
  type FindingRow,
  type Prevalence,
  type RowKind,
  SEVERITIES,
  type Severity,
  type Verdict
} from '../analyze/findings/finding.ts'

export interface ReportHost {
  readonly id: string
  readonly name: string | null
  readonly status: HostStatus
  readonly reason: string | null
  readonly cluster: string | null
  readonly surprise: number
  readonly outlier: boolean
  readonly findings: readonly string[]
}

export interface ReportCluster {
  readonly id: string
  readonly label: string
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
  /** Hosts told of: targeted or expected. */
  readonly hosts: number
  readonly reported: number
  readonly partial: number
  readonly silent: number
  /** Fully assessed over max(targeted, expected), 0 to 1, four decimals. */
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

/** `report.json`, design's one source for every other report. */
export interface Report {
  readonly schemaVersion: 1
  readonly tool: { readonly name: string; readonly version: string }
  readonly run: ReportRun
  readonly summary: ReportSummary
  readonly hosts: readonly ReportHost[]
  readonly clusters: readonly ReportCluster[]
  readonly findings: readonly Finding[]
  /** Sentences about the run as a whole that a reader must know (small fleet, changed pack …). */
  readonly notices: readonly string[]
  /** What the pull request that changes the baseline would do. */
  readonly plan?: Plan
  /** What mode `baseline` wrote. */
  readonly learned?: LearnedBaseline
  /** How the baseline could follow the rollouts. */
  readonly suggestion?: { readonly file: string; readonly changes: BaselineChanges }
}

/** What mode `baseline` learned from clean hosts. */
export interface LearnedBaseline {
  readonly path: string
  readonly changed: boolean
  readonly changes: BaselineChanges
  /** Tables whose change is rarely innocent, and to which rows are added; sorted. */
  readonly integrity: readonly string[]
  /** Rows that look like an intruder, and were not learned. */
  readonly refused: readonly Refused[]
}
