import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { CHUNK_BYTES } from '../../src/collect/protocol/limits.ts'

/** One query's part of a reply as the collector's script writes it; every field may be forged. */
export interface Part {
  readonly name: string
  readonly status?: string
  readonly rows?: readonly Readonly<Record<string, string>>[]
  /** Instead of `rows`: the bytes themselves. */
  readonly raw?: string | Buffer
  readonly count?: number
  readonly digest?: string
  readonly detail?: string
}

export interface Reply {
  readonly nonce: string
  readonly host: string
  readonly parts?: readonly Part[]
  readonly head?: readonly string[]
  readonly osquery?: string
}

/** A list of rows as osqueryi prints it. */
export function printed(rows: readonly Readonly<Record<string, string>>[]): string {
  return `[\n${rows.map(row => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`
}

export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export function body({ host, parts = [], head = [], osquery = 'osqueryi' }: Omit<Reply, 'nonce'>): Buffer {
  const raws = parts.map(part => Buffer.from(part.raw ?? printed(part.rows ?? [])))
  const lines = parts.map((part, index) => {
    const raw = raws[index]!
    const count = part.count ?? part.rows?.length ?? -1
    const detail = part.detail === undefined ? '-' : Buffer.from(part.detail).toString('base64')
    const code = part.status === undefined ? '0' : '1'
    return `query ${part.name} ${part.status ?? 'ok'} ${code} ${count < 0 ? '-' : count} ${raw.length} ${part.digest ?? sha256(raw)} ${detail}`
  })
  const top = [
    `host ${host}`,
    'uid 0',
    `machine-id ${'a'.repeat(32)}`,
    'boot-id 01234567-89ab-cdef-0123-456789abcdef'
  ]
  const text = [...top, ...head, `osquery ${osquery}`, ...lines, `end ${parts.length}`].join('\n')
  return Buffer.concat([Buffer.from(`${text}\n`), ...raws])
}

/** One chunk of an answer in its frame. */
export function frame(nonce: string, inner: Buffer, index = 0): string {
  const packed = gzipSync(inner)
  const chunk = packed.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES)
  const text = chunk.toString('base64')
  const announced = `${index} ${packed.length} ${sha256(inner)}`
  return `FLEETDRIFT2 ${nonce} ${text.length} ${sha256(chunk)} ${announced}\n${text}\nFLEETDRIFT2-END ${nonce}\n`
}

/** A deduplicated reply in its frame. @param inner the answer that it stands for */
export function dedupFrame(nonce: string, tokens: Buffer, inner: Buffer): string {
  const packed = gzipSync(tokens)
  const text = packed.toString('base64')
  const announced = `dedup ${gzipSync(inner).length} ${sha256(inner)}`
  return `FLEETDRIFT2 ${nonce} ${text.length} ${sha256(packed)} ${announced}\n${text}\nFLEETDRIFT2-END ${nonce}\n`
}

export function reply(content: Reply, index = 0): string {
  return frame(content.nonce, body(content), index)
}
