import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import type { Transform } from 'node:stream'
import { createGunzip, createZstdDecompress, type Zlib } from 'node:zlib'

/** A file, or a place in it, that cannot be read. The message completes a sentence that starts with the place. */
export class FileFault extends Error {
  /** From 1; `null`: the file as a whole. */
  readonly line: number | null

  constructor(message: string, line: number | null = null) {
    super(message)
    this.line = line
  }
}

/** Some lines of a file, without their line ends. */
export interface LineBatch {
  /** The number of the first line, from 1. */
  readonly first: number
  readonly lines: readonly Buffer[]
}

/** A host may send 32 MiB of rows; JSON's quotes and escapes make its line longer. */
export const MAX_LINE_BYTES = 128 * 1024 * 1024
const CHUNK_BYTES = 256 * 1024
const LINE_FEED = 10
/** How a frame of zstd begins, and one of its frames to skip, whose last digit may be any (RFC 8878). */
const ZSTD = 0xfd2fb528
const ZSTD_SKIPPED = 0x184d2a50

/**
 * The lines of a file as bytes. It may be plain, or compressed with gzip or zstd, which its first bytes say. Memory
 * holds the lines of one chunk.
 * @throws FileFault after every line that could be read, if the file is cut, damaged or no text in UTF-8
 */
export async function* readLineBatches(path: string): AsyncGenerator<LineBatch> {
  let first = 1
  let parts: Buffer[] = []
  let size = 0
  let isStart = true
  try {
    for await (const chunk of readPlain(path)) {
      const bytes = isStart ? withoutMark(chunk) : chunk
      isStart = false
      const lines: Buffer[] = []
      let start = 0
      for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
        const line = bytes.subarray(start, end)
        lines.push(parts.length === 0 ? line : Buffer.concat([...parts, line]))
        parts = []
        size = 0
        start = end + 1
      }
      const remaining = bytes.subarray(start)
      size += remaining.length
      if (size > MAX_LINE_BYTES)
        throw new FileFault(`the line is longer than ${MAX_LINE_BYTES} bytes`, first + lines.length)
      if (remaining.length > 0) parts.push(remaining)
      if (lines.length > 0) yield { first, lines }
      first += lines.length
    }
  } catch (error) {
    throw error instanceof FileFault ? error : new FileFault(reasonOf(error), lineOf(error, first))
  }
  if (parts.length > 0) yield { first, lines: [Buffer.concat(parts)] }
}

const ARCHIVES = [
  ['PK\x03\x04', 'a ZIP archive'],
  ['BZh', 'compressed with bzip2'],
  ['\xfd7zX', 'compressed with xz']
] as const

/** Unlike a pipeline, yields all bytes before a cut before it throws. */
async function* readPlain(path: string): AsyncGenerator<Buffer> {
  let engine: ReturnType<typeof inflater> | undefined
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
      if (engine === undefined) engine = inflater(chunk)
      if (engine === null) yield chunk
      else yield* engine.write(chunk)
    }
    if (engine != null) yield* engine.end()
  } finally {
    engine?.close()
  }
}

/** Unpacks what is compressed; `null` for plain bytes. */
function inflater(start: Buffer) {
  const mark = start.toString('latin1', 0, 4)
  const archive = ARCHIVES.find(([beginning]) => mark.startsWith(beginning))
  if (archive !== undefined) throw new FileFault(`it is ${archive[1]}; unpack it first`)
  if (mark.startsWith('\x1f\x8b')) return unpack(() => createGunzip({ chunkSize: CHUNK_BYTES }))
  if (isZstd(start)) return unpack(() => createZstdDecompress({ chunkSize: CHUNK_BYTES }))
  return null
}

function isZstd(start: Buffer): boolean {
  const mark = start.length < 4 ? 0 : start.readUInt32LE()
  return mark === ZSTD || (mark & ~0xf) === ZSTD_SKIPPED
}

/** @param create unpacks one frame. Node.js goes on to the next by itself for gzip, and stops behind the first for zstd. */
function unpack(create: () => Transform & Zlib) {
  let output: Buffer[] = []
  let failed: () => void = () => undefined
  let failure: Error | null = null
  let stream = open()

  function open() {
    const opened = create()
    opened.on('data', (chunk: Buffer) => output.push(chunk))
    opened.on('error', error => {
      failure = error
      failed()
    })
    return opened
  }
  async function* finish(act: (done: () => void) => void): AsyncGenerator<Buffer> {
    await new Promise<void>(resolve => {
      failed = resolve
      act(resolve)
    })
    const chunks = output
    output = []
    yield* chunks
    if (failure !== null) throw failure
  }
  return {
    async *write(chunk: Buffer): AsyncGenerator<Buffer> {
      for (let rest = chunk; rest.length > 0; ) {
        if (stream.readableEnded) {
          // Zeros fill the last block of a medium.
          if (rest.every(byte => byte === 0)) return
          stream = open()
        }
        const before = stream.bytesWritten
        const part = rest
        yield* finish(done => void stream.write(part, () => done()))
        rest = part.subarray(stream.bytesWritten - before)
        if (rest.length > 0 && !stream.readableEnded) await once(stream, 'end')
      }
    },
    async *end(): AsyncGenerator<Buffer> {
      if (stream.readableEnded) return
      yield* finish(done => {
        stream.once('end', done)
        stream.end()
      })
    },
    close: () => void stream.destroy()
  }
}

/** Drops the byte order mark of UTF-8. @throws FileFault if the bytes are another encoding, or no text at all */
function withoutMark(start: Buffer): Buffer {
  if ((start[0] === 0xff && start[1] === 0xfe) || (start[0] === 0xfe && start[1] === 0xff))
    throw new FileFault('it is encoded in UTF-16; save it as UTF-8')
  if (start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf) return start.subarray(3)
  if (start.toString('latin1', 257, 262) === 'ustar')
    throw new FileFault('it is a TAR archive; unpack it first')
  if (start.subarray(0, 512).includes(0)) throw new FileFault('it is not a text file in UTF-8')
  return start
}

/** A file that cannot be opened has no line. */
const lineOf = (error: unknown, line: number) => (/^E[A-Z]+$/.test(codeOf(error)) ? null : line)

function codeOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' ? code : ''
}

function reasonOf(error: unknown): string {
  const code = codeOf(error)
  switch (code) {
    case 'ENOENT':
      return 'it does not exist, or is a link to nothing'
    case 'Z_BUF_ERROR':
      return 'the compressed file ends in the middle; what is behind is lost'
    case 'EACCES':
    case 'EPERM':
      return 'it may not be read'
    default:
      return /^(?:Z_|ZSTD_|ERR_ZLIB)/.test(code)
        ? 'the compressed file is damaged; what is behind is lost'
        : `it cannot be read (${code || 'unknown error'})`
  }
}
