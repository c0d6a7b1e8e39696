import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { SSMClient } from '@aws-sdk/client-ssm'
import { s3Endpoint, s3Reader } from '../aws/s3.ts'
import type { Clock } from '../clock.ts'
import type { Inputs } from '../inputs/inputs.ts'
import type { Log } from '../log.ts'
import type { Pack, Query } from '../osquery/pack.ts'
import type { HostRecord, SnapshotHeader } from '../snapshot/snapshot.ts'
import { openSnapshot } from '../snapshot/write.ts'
import { openFiles } from './files.ts'
import { collectHere } from './local.ts'
import { collectFromSsm } from './ssm/ssm.ts'

export interface Collection {
  readonly inputs: Inputs
  readonly packs: readonly Pack[]
  readonly queries: readonly Query[]
  /** Names the repository and the run in SSM's history. */
  readonly comment: string
  readonly workspace: string
  /** Where the snapshot is written. */
  readonly path: string
  /** ISO 8601. */
  readonly startedAt: string
}

export interface CollectPorts {
  /** `null`: the collector does not ask SSM. */
  readonly ssm: SSMClient | null
  readonly log: Log
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** The snapshot of a fleet, as a file. */
export interface Collected {
  /** `sha256:HEX` of the file. */
  readonly sha256: string
  readonly targets: readonly string[]
  readonly region: string | null
  /** Hosts that SSM says were targeted, also those that it never listed; 0 where it did not say. */
  readonly targeted: number
  /** Queries with rows in the snapshot that no pack of this run has, sorted. */
  readonly unknownQueries: readonly string[]
}

/** Collects all hosts, by whichever collector, into a snapshot; memory holds one host at a time. */
export async function collect(collection: Collection, ports: CollectPorts): Promise<Collected> {
  let targeted = 0
  const { header, hosts } = await open(collection, ports, count => {
    targeted = count
  })
  const known = new Set(collection.queries.map(query => query.name))
  const unknown = new Set<string>()
  await mkdir(dirname(collection.path), { recursive: true })
  const writer = await openSnapshot(collection.path, header)
  try {
    for await (const host of hosts) {
      for (const name of Object.keys(host.queries)) if (!known.has(name)) unknown.add(name)
      await writer.write(host)
    }
  } finally {
    await writer.close()
  }
  return {
    sha256: `sha256:${await writer.close()}`,
    targets: header.targets,
    region: header.region,
    targeted,
    unknownQueries: [...unknown].sort()
  }
}

async function open(
  { inputs, packs, queries, comment, workspace, startedAt }: Collection,
  { ssm, log, clock, signal }: CollectPorts,
  onTargeted: (hosts: number) => void
): Promise<{ header: SnapshotHeader; hosts: AsyncIterable<HostRecord> }> {
  const expectedIds =
    inputs.expectedHosts !== null && 'ids' in inputs.expectedHosts ? inputs.expectedHosts.ids : []
  const { name, collector } = inputs
  const header = { fleetDriftSnapshot: 1, name, collector, startedAt } as const
  if (collector === 'local') {
    return {
      header: {
        ...header,
        region: null,
        targets: [],
        packs: packs.map(({ name, sha256 }) => ({ name, sha256 }))
      },
      hosts: collectHere({ ...inputs, queries, expectedIds }, { clock, log, signal })
    }
  }
  if (ssm === null) {
    const { headers, hosts } = await openFiles(inputs.files, workspace, expectedIds)
    log.info(`Reading ${headers.length} ${headers.length === 1 ? 'snapshot' : 'snapshots'}.`)
    const collected = headers.flatMap(earlier => earlier.packs.map(pack => JSON.stringify(pack)))
    return {
      header: {
        ...header,
        region:
          [...new Set(headers.map(earlier => earlier.region).filter(region => region !== null))].join(', ') ||
          null,
        targets: [...new Set(headers.flatMap(earlier => earlier.targets))],
        packs: [...new Set(collected)].map(pack => JSON.parse(pack))
      },
      hosts
    }
  }
  const s3 =
    inputs.outputS3 === null
      ? null
      : s3Reader(inputs.outputS3, inputs.region, () => ssm.config.credentials(), s3Endpoint(process.env))
  return {
    header: {
      ...header,
      region: inputs.region,
      targets: inputs.targetLines,
      packs: packs.map(({ name, sha256 }) => ({ name, sha256 }))
    },
    hosts: collectFromSsm(
      { ...inputs, queries, comment, expectedIds, onTargeted },
      { ssm, s3, log, clock, signal }
    )
  }
}
