import { isHeader, readHeader, readHost } from '../../snapshot/read.ts'
import type { HostRecord, SnapshotHeader } from '../../snapshot/snapshot.ts'
import { count, plural } from '../../text/phrases.ts'
import { type FaultList, placeOf } from './faults.ts'
import { readLineBatches } from './lines.ts'

/** One line of a snapshot: what is known of its host without its rows. */
export interface HostHead {
  readonly record: HostRecord
  readonly line: number
}

/**
 * Reads a snapshot line by line, and leaves the rows for later. What cannot be read loses only itself; a header that is
 * broken or of another version loses the hosts after it, because their lines may mean something else.
 * @param onHeader gets each header; files that were joined have several
 */
export async function* readHeads(
  path: string,
  workspace: string,
  faults: FaultList,
  onHeader: (header: SnapshotHeader) => void
): AsyncGenerator<HostHead> {
  let unknown: { readonly line: number; hosts: number } | null = null
  const lose = () => {
    if (unknown === null) return
    const { line, hosts } = unknown
    const lost =
      hosts === 0 ? '' : `: ${count(hosts, 'host')} after it ${plural(hosts, 'is', 'are')} not read`
    const message = `it is not a snapshot header that this version knows${lost}`
    faults.addHosts(path, line, Math.max(1, hosts), message)
    unknown = null
  }
  try {
    for await (const { first, lines } of readLineBatches(path)) {
      for (const [index, bytes] of lines.entries()) {
        if (bytes.length === 0) continue
        const line = first + index
        if (isHeader(bytes)) {
          lose()
          const header = readHeader(parsed(bytes.toString()))
          if (header === null) unknown = { line, hosts: 0 }
          else onHeader(header)
          continue
        }
        if (unknown !== null) {
          unknown.hosts++
          continue
        }
        try {
          yield { record: readHost(bytes, placeOf(workspace, path, line)), line }
        } catch {
          faults.addHosts(path, line, 1, 'it is not a host record')
        }
      }
    }
  } catch (error) {
    faults.addFile(path, error)
  }
  lose()
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
