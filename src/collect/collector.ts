import type { SSMClient } from '@aws-sdk/client-ssm'
import type { Clock } from '../clock.ts'
import type { ExpectedHosts } from '../inputs/fields.ts'
import type { Inputs } from '../inputs/inputs.ts'
import type { Log } from '../log.ts'
import type { Pack, Query } from '../osquery/pack.ts'
import type { HostRecord, SnapshotHeader } from '../snapshot/snapshot.ts'

/** What a run collects. */
export interface CollectRequest {
  readonly inputs: Inputs
  readonly packs: readonly Pack[]
  readonly queries: readonly Query[]
  /** Names the repository and the run in SSM's history. */
  readonly comment: string
  readonly workspace: string
  /** ISO 8601. */
  readonly startedAt: string
}

export interface CollectPorts {
  /** Logs in to AWS. Whoever calls it destroys the client. @throws Error that says what to change */
  readonly connect: () => Promise<SSMClient>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: Log
  readonly clock: Clock
  /** Aborted: the run was canceled, and what is known is still recorded. */
  readonly signal: AbortSignal
}

/** A way to get the hosts of a fleet, named by the `collector` input. */
export interface Collector {
  /** Whether it calls AWS, so that a run with `role-to-assume` needs an OIDC token. */
  readonly usesAws: boolean
  /** @throws Error that says what to change */
  open(request: CollectRequest, ports: CollectPorts): Promise<OpenCollection>
}

/** A collection that has begun. */
export interface OpenCollection {
  /** Where its hosts come from, for the header of the snapshot. */
  readonly source: Pick<SnapshotHeader, 'targets' | 'region' | 'packs'>
  /**
   * One record for each host, as it becomes known. Returns how many hosts were targeted, including those that have no
   * record; 0 where that is not known.
   */
  readonly hosts: AsyncGenerator<HostRecord, number>
  /** What a reader of the report must know of the collection, in sentences. Complete once `hosts` has ended. */
  readonly notices?: () => readonly string[]
}

/** The ids in `expected-hosts`; none where it is a number or empty. */
export function expectedIds(expected: ExpectedHosts | null): readonly string[] {
  return expected !== null && 'ids' in expected ? expected.ids : []
}

/** The packs as a snapshot's header names them. */
export function packDigests(packs: readonly Pack[]): SnapshotHeader['packs'] {
  return packs.map(({ name, sha256 }) => ({ name, sha256 }))
}
