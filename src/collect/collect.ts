import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { HostRecord, HostStatus } from '../snapshot/snapshot.ts'
import { openSnapshot } from '../snapshot/write.ts'
import type { CollectPorts, CollectRequest } from './collector.ts'
import { COLLECTORS } from './collectors.ts'
import { queryTally } from './query-tally.ts'

/** What is known of a collection without reading its snapshot. */
export interface Collected {
  /** `sha256:HEX` of the snapshot file. */
  readonly sha256: string
  readonly targets: readonly string[]
  readonly region: string | null
  /** How many hosts were targeted, including those that have no record; 0 where that is not known. */
  readonly targeted: number
  /** By host. The first record of a host that was collected more than once counts. */
  readonly statuses: ReadonlyMap<string, HostStatus>
  /** Queries that have rows in the snapshot and are in no pack of this run, sorted. */
  readonly unknownQueries: readonly string[]
  /** What a reader of the report must know of the collection, in sentences. */
  readonly notices: readonly string[]
}

/**
 * Collects all hosts into a snapshot. Memory holds the rows of one host at a time.
 * @param path where the snapshot is written
 * @throws Error that says what to change when the collector cannot do its work.
 */
export async function collect(
  request: CollectRequest,
  path: string,
  ports: CollectPorts
): Promise<Collected> {
  const { inputs, queries, startedAt } = request
  const { name, collector } = inputs
  const { source, hosts, notices } = await COLLECTORS[collector].open(request, ports)
  const queryNames = new Set(queries.map(query => query.name))
  const unknown = new Set<string>()
  const tally = queryTally(queries)
  const statuses = new Map<string, HostStatus>()
  await mkdir(dirname(path), { recursive: true })
  const writer = await openSnapshot(path, { fleetDriftSnapshot: 1, name, collector, startedAt, ...source })
  let targeted = 0
  try {
    targeted = await forEach(hosts, async record => {
      if (!statuses.has(record.host)) statuses.set(record.host, record.status)
      tally.add(record)
      for (const query of Object.keys(record.queries)) if (!queryNames.has(query)) unknown.add(query)
      await writer.write(record)
    })
  } finally {
    await writer.close(targeted)
  }
  return {
    sha256: `sha256:${await writer.close()}`,
    targets: source.targets,
    region: source.region,
    targeted,
    statuses,
    unknownQueries: [...unknown].sort(),
    notices: [...(notices?.() ?? []), ...tally.notices()]
  }
}

/** Uses each record, and returns what the generator returns (`for await` drops it). */
async function forEach(
  hosts: AsyncGenerator<HostRecord, number>,
  use: (record: HostRecord) => Promise<void>
): Promise<number> {
  try {
    let next = await hosts.next()
    for (; !next.done; next = await hosts.next()) await use(next.value)
    return next.value
  } finally {
    await hosts.return(0)
  }
}
