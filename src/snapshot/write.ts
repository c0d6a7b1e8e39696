import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { Transform } from 'node:stream'
import { finished } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { HostRecord, SnapshotHeader } from './snapshot.ts'

export interface SnapshotWriter {
  write(record: HostRecord): Promise<void>
  /**
   * Closes the file, once however often it is called. Returns the SHA-256 of its bytes in hex.
   * @param targeted how many hosts were targeted; more than were written are noted in the file
   */
  close(targeted?: number): Promise<string>
}

/**
 * Writes `snapshot.ndjson.gz`: a header line, then one line per host, as a stream: memory does not grow with the fleet.
 * The snapshot is the evidence: rows are written as they arrived, neither normalized nor redacted.
 */
export async function openSnapshot(path: string, header: SnapshotHeader): Promise<SnapshotWriter> {
  const digest = createHash('sha256')
  const gzip = createGzip()
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      digest.update(chunk)
      done(null, chunk)
    }
  })
  const file = createWriteStream(path, { mode: 0o600 })
  const flushed = finished(gzip.pipe(hashing).pipe(file))
  flushed.catch(() => undefined)
  const line = async (value: SnapshotHeader | HostRecord) => {
    if (!gzip.write(`${JSON.stringify(value)}\n`)) await Promise.race([once(gzip, 'drain'), flushed])
  }
  await line(header)
  let recorded = 0
  const finish = async (targeted: number) => {
    if (targeted > recorded) await line({ ...header, counts: { targeted, recorded } })
    gzip.end()
    await flushed
    return digest.digest('hex')
  }
  let closed: Promise<string> | null = null
  return {
    write(record) {
      recorded++
      return line(record)
    },
    close(targeted = 0) {
      closed ??= finish(targeted)
      return closed
    }
  }
}
