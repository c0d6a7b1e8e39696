import { isHeader, readHeader, readHost } from '../../snapshot/read.ts'
import type { HostRecord, SnapshotHeader } from '../../snapshot/snapshot.ts'
import { type FaultList, placeOf } from './faults.ts'
import { readLineBatches } from './lines.ts'

/** One line of a snapshot: what is known of its host without its rows. */
export interface HostHead {
  readonly record: HostRecord
  readonly line: number
}

/**
 * Reads a snapshot line by line, and leaves the rows for later. What cannot be read loses only itself.
 * @param onHeader gets each header; files that were joined have several
 */
export async function* readHeads(
  path: string,
  workspace: string,
  faults: FaultList,
  onHeader: (header: SnapshotHeader) => void
): AsyncGenerator<HostHead> {
  try {
    for await (const { first, lines } of readLineBatches(path)) {
      for (const [index, bytes] of lines.entries()) {
        if (bytes.length === 0) continue
        const line = first + index
        if (isHeader(bytes)) {
          const header = readHeader(parsed(bytes.toString()))
          if (header === null)
            faults.addLine(path, line, 'it is not a snapshot header that this version knows')
          else onHeader(header)
          continue
        }
        try {
          yield { record: readHost(bytes, placeOf(workspace, path, line)), line }
        } catch {
          faults.addHost(path, line, 'it is not a host record')
        }
      }
    }
  } catch (error) {
    faults.addFile(path, error)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
