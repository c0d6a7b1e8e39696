import { glob } from 'node:fs/promises'
import { resolve } from 'node:path'
import { readSnapshot, type SnapshotReader } from '../snapshot/read.ts'
import type { HostRecord, SnapshotHeader } from '../snapshot/snapshot.ts'
import { count } from '../text/phrases.ts'
import { type Collector, expectedIds } from './collector.ts'
import { silentHost } from './host-record.ts'

/** Reads snapshots that earlier runs wrote, so that a matrix of `collect` jobs fans in to one analysis. */
export const filesCollector: Collector = {
  usesAws: false,
  async open({ inputs, workspace }, { log }) {
    const readers = await openSnapshots(inputs.files, workspace)
    log.info(`Reading ${count(readers.length, 'snapshot')}.`)
    return {
      source: mergeSources(readers.map(reader => reader.header)),
      hosts: hostsOf(readers, expectedIds(inputs.expectedHosts))
    }
  }
}

/**
 * Opens every snapshot that a pattern matches, each once, in the order of their paths.
 * @throws Error naming the pattern that matches nothing, or the file that is not a snapshot.
 */
async function openSnapshots(patterns: readonly string[], workspace: string): Promise<SnapshotReader[]> {
  const paths = new Set<string>()
  for (const pattern of patterns) {
    let matches = 0
    for await (const path of glob(pattern, { cwd: workspace })) {
      paths.add(resolve(workspace, path))
      matches++
    }
    if (matches === 0)
      throw new Error(`files: ${pattern} matches no file; patterns start at the root of the repository.`)
  }
  const readers: SnapshotReader[] = []
  for (const path of [...paths].sort()) readers.push(await readSnapshot(path))
  return readers
}

/** Where the hosts of several snapshots come from, each source once. */
function mergeSources(
  headers: readonly SnapshotHeader[]
): Pick<SnapshotHeader, 'region' | 'targets' | 'packs'> {
  const regions = new Set(headers.map(header => header.region).filter(region => region !== null))
  const packs = new Map(
    headers.flatMap(header => header.packs).map(pack => [`${pack.name} ${pack.sha256}`, pack])
  )
  return {
    region: [...regions].join(', ') || null,
    targets: [...new Set(headers.flatMap(header => header.targets))],
    packs: [...packs.values()]
  }
}

/** The hosts of all snapshots, then the expected ones that are in none. */
async function* hostsOf(
  readers: readonly SnapshotReader[],
  expected: readonly string[]
): AsyncGenerator<HostRecord, number> {
  const missing = new Set(expected)
  for (const { hosts } of readers) {
    for await (const record of hosts) {
      missing.delete(record.host)
      yield record
    }
  }
  for (const id of missing) yield silentHost(id, { code: 'not-matched', expectedIn: 'files' }, false)
  return 0
}
