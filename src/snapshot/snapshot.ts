import type { ReasonCode } from './reasons.ts'

/** One row as the host sent it: column → value. Hostile. Its prototype is null, so `__proto__` is a plain column. */
export type Row = Readonly<Record<string, string>>

/** `incomplete`: osquery reported an error beside its rows, so that others may be missing. */
export type QueryStatus = 'ok' | 'incomplete' | 'failed' | 'timeout' | 'truncated' | 'unsupported'

export interface QueryResult {
  readonly status: QueryStatus
  /** Why the status is not `ok`; may quote the host: hostile. */
  readonly detail: string | null
  /** None, unless the status is `ok` or `incomplete`. */
  readonly rows: readonly Row[]
}

/** Whether a result has rows that count. */
export const hasRows = ({ status }: Pick<QueryResult, 'status'>): boolean =>
  status === 'ok' || status === 'incomplete'

/** What a host says of itself, checked for form only; `null` and `[]` where it said nothing usable. */
export interface HostFacts {
  readonly hostname: string | null
  readonly fqdn: string | null
  readonly addresses: readonly string[]
  readonly macs: readonly string[]
  readonly machineId: string | null
  readonly bootId: string | null
  readonly os: string | null
  readonly osVersion: string | null
  readonly arch: string | null
  readonly osqueryVersion: string | null
  readonly root: boolean
}

export type HostStatus = 'reported' | 'partial' | 'silent'

/** Everything collected from one host: one line of a snapshot. */
export interface HostRecord {
  /** The instance id, from SSM and never from the host. */
  readonly host: string
  readonly status: HostStatus
  /** `null` where the host is `reported`, and in snapshots from before there were codes. */
  readonly code: ReasonCode | null
  /** Why the host is not `reported`, as a sentence without its period. */
  readonly reason: string | null
  /** The command reached the host, and no usable answer came back: killing the collector must not pay. */
  readonly unanswered: boolean
  /** ISO 8601, UTC. */
  readonly collectedAt: string | null
  readonly facts: HostFacts | null
  readonly queries: Readonly<Record<string, QueryResult>>
}

/** First line of a snapshot. Where targeted hosts have no record, it is repeated as the last line, with the counts. */
export interface SnapshotHeader {
  readonly fleetDriftSnapshot: 1
  readonly name: string
  readonly collector: string
  readonly packs: readonly { readonly name: string; readonly sha256: string }[]
  readonly targets: readonly string[]
  readonly region: string | null
  readonly startedAt: string
  /** How many hosts were targeted, and how many have a record; left out where all have one, or nobody knows. */
  readonly counts?: { readonly targeted: number; readonly recorded: number }
}
