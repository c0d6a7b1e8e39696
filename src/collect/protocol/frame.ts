import { createHash } from 'node:crypto'
import { constants, gunzipSync } from 'node:zlib'
import type { Reason } from '../../snapshot/reasons.ts'
import { sanitize } from '../../text/sanitize.ts'
import { MAX_UNPACKED_BYTES } from './limits.ts'

/** What a host announces in the first line of a frame. */
export interface FrameHeader {
  /** The number of the chunk; `dedup`: the frame holds a whole deduplicated reply instead (dedup.ts). */
  readonly index: number | 'dedup'
  /** Bytes of the packed answer in all its chunks. */
  readonly total: number
  /** SHA-256 of the unpacked answer, in hex. */
  readonly bodySha256: string
}

/** One chunk of a host's packed answer; its own digest was checked. */
export interface Chunk extends FrameHeader {
  readonly bytes: Buffer
}

/** Why something a host sent cannot be used. */
export interface Problem {
  readonly problem: Reason
}

const TRUNCATED_BY_AGENT = '--output truncated--'

function findHeader(output: string, nonce: string) {
  const found = new RegExp(
    `^FLEETDRIFT2 ${nonce} (\\d{1,8}) ([0-9a-f]{64}) (\\d{1,4}|dedup) (\\d{1,9}) ([0-9a-f]{64})$`,
    'm'
  ).exec(output)
  if (found === null) return null
  const [line, length = '', sha256 = '', index = '', total = '', bodySha256 = ''] = found
  const header: FrameHeader = {
    index: index === 'dedup' ? index : Number(index),
    total: Number(total),
    bodySha256
  }
  return { length: Number(length), sha256, from: found.index + line.length + 1, header }
}

/** Opens a frame. Total: any text gives a chunk with a valid digest, or the reason why there is none. */
export function openFrame(output: string, nonce: string): Chunk | Problem {
  const text = output.replaceAll('\r\n', '\n')
  const start = findHeader(text, nonce)
  if (start === null) {
    if (text.trim() === '') return { problem: { code: 'empty-reply' } }
    const message = /^fleet-drift: ([ -~]{1,200})$/m.exec(text)?.[1]
    return {
      problem:
        message === undefined ? { code: 'no-frame' } : { code: 'collector-error', message: sanitize(message) }
    }
  }
  const { length, from, sha256: expected, header } = start
  const payload = text.slice(from, from + length)
  if (payload.length < length || !text.slice(from + length).startsWith(`\nFLEETDRIFT2-END ${nonce}`))
    return { problem: { code: text.includes(TRUNCATED_BY_AGENT) ? 'cut-by-ssm' : 'broken-frame' } }
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(payload)) return { problem: { code: 'not-base64' } }
  const bytes = Buffer.from(payload, 'base64')
  return sha256(bytes) === expected ? { ...header, bytes } : { problem: { code: 'wrong-digest' } }
}

/** Unpacks an answer and checks it against the announced digest. Total. */
export function unpack(packed: Buffer, bodySha256: string): Buffer | Problem {
  try {
    const body = gunzipSync(packed, { maxOutputLength: MAX_UNPACKED_BYTES })
    return sha256(body) === bodySha256 ? body : { problem: { code: 'wrong-digest' } }
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : ''
    return {
      problem:
        code === 'ERR_BUFFER_TOO_LARGE'
          ? { code: 'too-large', limit: MAX_UNPACKED_BYTES }
          : { code: 'not-gzip' }
    }
  }
}

/** What SSM's list shows of a reply that it cut. */
export interface FramePreview {
  readonly header: FrameHeader
  /** The first bytes of the answer, as latin1; may be empty. */
  readonly head: string
}

/**
 * Reads the beginning of a reply that was cut. Nothing in it is verified: it may only decide what to request next.
 * `null`: no frame starts in it.
 */
export function previewFrame(output: string, nonce: string): FramePreview | null {
  const start = findHeader(output, nonce)
  if (start === null) return null
  const text = /^[A-Za-z0-9+/]*/.exec(output.slice(start.from))?.[0] ?? ''
  try {
    const packed = Buffer.from(text.slice(0, text.length - (text.length % 4)), 'base64')
    const bytes = gunzipSync(packed, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 65_536 })
    return { header: start.header, head: bytes.toString('latin1') }
  } catch {
    return { header: start.header, head: '' }
  }
}

/** In hex. */
export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}
