/** One row as the host sent it: column → value. Hostile. Its prototype is null, so `__proto__` is a plain column. */
export type Row = Readonly<Record<string, string>>

export type QueryStatus = 'ok' | 'failed' | 'timeout' | 'truncated' | 'unsupported'

export interface QueryResult {
  readonly status: QueryStatus
  /** Why the status is not `ok`; may quote the host: hostile. */
  readonly detail: string | null
  readonly rows: readonly Row[]
}

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

/**
 * Why a host is not fully assessed, as a stable word. Logic and other programs depend on the code; the sentence beside
 * it (`reason`) is for people and may change.
 */
export const REASON_CODES = [
  // The command did not reach the host.
  'not-managed', // SSM does not know the id, or the host is stopped
  'not-delivered', // SSM has not delivered the command
  'delivery-delayed',
  'delivery-timed-out',
  'undeliverable',
  'terminated', // SSM stopped the command before this host
  'other-platform', // the document is for another operating system
  'access-denied',
  'no-status', // SSM gave no status that is known
  'not-listed', // SSM never listed the host
  'not-contacted', // the run was stopping
  'not-matched', // expected by the user, and not among the collected hosts
  // The command reached the host and ended without a reply, or did not end.
  'still-running',
  'being-canceled',
  'canceled', // by somebody else
  'no-answer',
  'command-failed',
  'timed-out',
  'execution-timed-out',
  'cannot-run', // the collector could not be started on this machine
  // The run ended first, or could not read the reply.
  'deadline',
  'run-canceled',
  'no-result', // the command ended, and SSM did not return its result
  'unreadable-reply', // SSM did not return the reply
  // The reply is not the collector's, or is damaged or forged.
  'empty-reply',
  'no-frame',
  'collector-error', // the collector's own message
  'cut-by-ssm',
  'broken-frame',
  'not-base64',
  'not-gzip',
  'wrong-digest',
  'too-large',
  'broken-head',
  'long-head',
  'inconsistent-head',
  'inconsistent-body',
  'other-host', // the reply names another host
  'too-many-rows',
  // The reply came in chunks, and not all of them arrived.
  'incomplete-chunks',
  'single-chunk',
  'wrong-chunk',
  'chunk-refused',
  'out-of-time',
  // The host answered, but not every query.
  'no-osquery',
  'osquery-not-fetched',
  'queries-unanswered',
  'no-applicable-query', // all queries are for other platforms
  'privilege-differs' // osquery ran as root on this host only, or on all others only
] as const

export type ReasonCode = (typeof REASON_CODES)[number]

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

/** First line of a snapshot. */
export interface SnapshotHeader {
  readonly fleetDriftSnapshot: 1
  readonly name: string
  readonly collector: string
  readonly packs: readonly { readonly name: string; readonly sha256: string }[]
  readonly targets: readonly string[]
  readonly region: string | null
  readonly startedAt: string
}
