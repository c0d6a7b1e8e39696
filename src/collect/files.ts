import { glob } from 'node:fs/promises'
import { resolve } from 'node:path'
import { readSnapshot, type SnapshotReader } from '../snapshot/read.ts'
import type { HostRecord, SnapshotHeader } from '../snapshot/snapshot.ts'
import { silentHost } from './host-record.ts'

/** Data that was collected earlier. */
export interface Files {
  /** Of each file, in the order of their paths. */
  readonly headers: readonly SnapshotHeader[]
  /** The hosts of all files, then the expected ones that are in none. */
  readonly hosts: AsyncGenerator<HostRecord>
}

/**
 * Opens every snapshot that a pattern matches, each once, so that a matrix of `collect` jobs fans in to one analysis.
 * @throws Error naming the pattern that matches nothing, or the file that is no snapshot.
 */
export async function openFiles(
  patterns: readonly string[],
  workspace: string,
  expectedIds: readonly string[]
): Promise<Files> {
  const paths = new Set<string>()
  for (const pattern of patterns) {
    let matched = false
    for await (const path of glob(pattern, { cwd: workspace })) {
      paths.add(resolve(workspace, path))
      matched = true
    }
    if (!matched) {
      throw new Error(`files: ${pattern} matches no file; patterns start at the folder of the repository.`)
    }
  }
  const readers: SnapshotReader[] = []
  for (const path of [...paths].sort()) readers.push(await readSnapshot(path))
  return { headers: readers.map(reader => reader.header), hosts: hostsOf(readers, expectedIds) }
}

async function* hostsOf(
  readers: readonly SnapshotReader[],
  expectedIds: readonly string[]
): AsyncGenerator<HostRecord> {
  const missing = new Set(expectedIds)
  for (const { hosts } of readers) {
    for await (const host of hosts) {
      missing.delete(host.host)
      yield host
    }
  }
  for (const id of missing) yield silentHost(id, 'it is expected, and in none of the files', false)
}
