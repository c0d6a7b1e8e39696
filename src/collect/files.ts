import { stat } from 'node:fs/promises'
import type { HostRecord, SnapshotHeader } from '../snapshot/snapshot.ts'
import { count } from '../text/phrases.ts'
import { type CollectPorts, type CollectRequest, expectedIds, type OpenCollection } from './collector.ts'
import { type FaultList, faultList } from './files/faults.ts'
import { findFiles } from './files/find.ts'
import { type Format, recognize } from './files/formats.ts'
import { newestRecords } from './files/newest.ts'
import { queryNames } from './files/query-names.ts'
import { readResults } from './files/read-results.ts'
import { resultStore } from './files/result-store.ts'
import { readHeads } from './files/snapshots.ts'
import { silentHost } from './host-record.ts'

/**
 * Reads what others collected: snapshots of earlier runs, so that a matrix of `collect` jobs fans in to one analysis,
 * result logs of osqueryd, and results of `osqueryi` and Fleet, in any mixture.
 *
 * Everything is read as a stream. Result logs are read once, into the present rows of each host. Snapshots are read
 * twice: once to see which hosts they have and how old they are, and once for the rows of those that count.
 *
 * @throws Error that says what to change
 */
export async function openFiles(
  { inputs, packs, workspace }: CollectRequest,
  { log }: CollectPorts
): Promise<OpenCollection> {
  const paths = await findFiles(inputs.files, workspace)
  if (paths.length === 0) throw new Error('files: the patterns match only folders without files.')
  log.info(`Reading ${count(paths.length, 'file')}.`)
  const faults = faultList(workspace)
  const files = await recognizeAll(paths, faults)
  const snapshots = files.filter(({ format }) => format === 'snapshot').map(({ path }) => path)
  const headers: SnapshotHeader[] = []
  const newest = newestRecords()
  for (const path of snapshots)
    for await (const { record, line } of readHeads(path, workspace, faults, header => headers.push(header)))
      newest.add(record, { source: path, line })
  const store = resultStore(queryNames(packs))
  for (const { path, format } of files)
    if (format === 'lines' || format === 'rows' || format === 'document')
      await readResults(path, format, store, faults)
  for (const head of store.heads()) newest.add(head, { source: head.source, line: null })
  const resultNotices = store.notices()

  async function* hosts(): AsyncGenerator<HostRecord, number> {
    const missing = new Set(expectedIds(inputs.expectedHosts))
    let known = 0
    for (const path of snapshots) {
      // What cannot be read is known from the first time.
      for await (const { record, line } of readHeads(
        path,
        workspace,
        faultList(workspace),
        () => undefined
      )) {
        if (!newest.isChosen(record, { source: path, line })) continue
        missing.delete(record.host)
        if (!hasReadableRows(record)) {
          faults.addHosts(path, line, 1, `the rows of ${record.host} cannot be read`)
          continue
        }
        known++
        yield record
      }
    }
    for (const { record, source } of store.records()) {
      if (!newest.isChosen(record, { source, line: null })) continue
      missing.delete(record.host)
      known++
      yield record
    }
    for (const id of missing) yield silentHost(id, { code: 'not-matched', expectedIn: 'files' }, false)
    if (known === 0 && missing.size === 0)
      throw new Error(['files: they have no hosts that can be read.', ...faults.notices()].join('\n'))
    const withoutRecord = faults.lostHosts + unlistedHosts(headers)
    return withoutRecord === 0 ? 0 : known + missing.size + withoutRecord
  }
  return {
    source: mergeSources(headers),
    hosts: hosts(),
    notices: () => [...faults.notices(), ...newest.notices(), ...resultNotices]
  }
}

interface RecognizedFile {
  readonly path: string
  readonly format: Format
}

/** The files with their formats. Those that begin earlier come first, so that the parts of a log are in their order. */
async function recognizeAll(paths: readonly string[], faults: FaultList): Promise<readonly RecognizedFile[]> {
  const files: (RecognizedFile & { readonly firstTime: number })[] = []
  const known = new Set<string>()
  for (const path of paths) {
    try {
      const { format, firstTime, beginning } = await recognize(path)
      if (format === 'unknown') throw new Error(UNKNOWN_FORMAT)
      if (format === 'empty' && !/\.log(?:\.\d+)?$/.test(path)) throw new Error('it is empty')
      const identity = `${(await stat(path)).size} ${beginning}`
      if (firstTime > 0 && known.has(identity)) faults.addLine(path, null, 'it is a copy of another file')
      else files.push({ path, format, firstTime })
      known.add(identity)
    } catch (error) {
      faults.addFile(path, error)
    }
  }
  return files.sort((a, b) => a.firstTime - b.firstTime)
}

const UNKNOWN_FORMAT =
  'it is neither a snapshot, nor a result log of osqueryd, nor results of osqueryi or Fleet'

function hasReadableRows(record: HostRecord): boolean {
  try {
    return record.queries !== null
  } catch {
    return false
  }
}

/** Hosts that were targeted and never listed, by the latest snapshot of each group of targets. */
function unlistedHosts(headers: readonly SnapshotHeader[]): number {
  const latest = new Map<string, SnapshotHeader>()
  for (const header of headers) {
    const key = JSON.stringify([header.region, header.targets])
    const known = latest.get(key)
    if (known === undefined || header.startedAt >= known.startedAt) latest.set(key, header)
  }
  return [...latest.values()].reduce(
    (sum, { counts }) => sum + (counts === undefined ? 0 : Math.max(0, counts.targeted - counts.recorded)),
    0
  )
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
