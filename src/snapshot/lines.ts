import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'

/** A host may hold 32 MiB of rows (design §9); its line is longer by JSON's quotes and escapes. */
const MAX_LINE_BYTES = 128 * 1024 * 1024
/** Larger pieces spare turns of the event loop: this halves the time of zlib's 16 KiB, more gains nothing (measured). */
const CHUNK = 256 * 1024

/**
 * The lines of a gzipped file as bytes, without their ends; one line is held at a time.
 * @throws Error naming the file when it is no gzip, is cut short or has a line that is too long.
 */
export async function* readLines(path: string): AsyncGenerator<Buffer> {
  const source = createReadStream(path, { highWaterMark: CHUNK })
  const plain = pipeline(source, createGunzip({ chunkSize: CHUNK }), () => undefined)
  let pieces: Buffer[] = []
  let size = 0
  for await (const chunk of plain) {
    let rest: Buffer = chunk
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      yield joined(pieces, rest.subarray(0, end))
      pieces = []
      size = 0
      rest = rest.subarray(end + 1)
    }
    size += rest.length
    if (size > MAX_LINE_BYTES) throw new Error(`${path}: a line is longer than ${MAX_LINE_BYTES} bytes`)
    if (rest.length > 0) pieces.push(rest)
  }
  const [last = Buffer.alloc(0), ...others] = pieces
  if (last.length > 0) yield others.length === 0 ? last : Buffer.concat(pieces)
}

const joined = (pieces: readonly Buffer[], last: Buffer): Buffer =>
  pieces.length === 0 ? last : Buffer.concat([...pieces, last])
