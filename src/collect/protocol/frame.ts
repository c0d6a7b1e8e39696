import { createHash } from 'node:crypto'
import { constants, gunzipSync } from 'node:zlib'
import { sanitize } from '../../text/sanitize.ts'

/** One piece of a host's packed answer, as its frame tells it; the digest of the piece itself holds. */
export interface Chunk {
  /** `short`: not a piece but a whole answer in short (shorthand.ts). */
  readonly index: number | 'short'
  readonly bytes: Buffer
  /** Bytes of the packed answer in all its pieces. */
  readonly total: number
  /** SHA-256 of the unpacked answer. */
  readonly whole: string
}

/** What the host says of its answer in the first line of a frame. */
export type Promised = Pick<Chunk, 'index' | 'total' | 'whole'>

/** Bounds of what one host may send, unpacked (design §9). */
export const MAX_UNPACKED_BYTES = 32 * 1024 * 1024

const AGENT_CUT = '--output truncated--'

function startOf(reply: string, nonce: string) {
  const start = new RegExp(
    `^FLEETDRIFT2 ${nonce} (\\d{1,8}) ([0-9a-f]{64}) (\\d{1,4}|short) (\\d{1,9}) ([0-9a-f]{64})$`,
    'm'
  ).exec(reply)
  if (start === null) return null
  const [line, length = '', sum = '', index = '', total = '', whole = ''] = start
  return {
    length: Number(length),
    sum,
    from: start.index + line.length + 1,
    promised: { index: index === 'short' ? index : Number(index), total: Number(total), whole } as const
  }
}

/** Opens a frame. Total: any text gives a piece whose digest holds, or the reason why there is none. */
export function openFrame(output: string, nonce: string): Chunk | { readonly reason: string } {
  const reply = output.replaceAll('\r\n', '\n')
  const start = startOf(reply, nonce)
  if (start === null) {
    if (reply.trim() === '') return { reason: 'the reply is empty' }
    const note = /^fleet-drift: ([ -~]{1,200})$/m.exec(reply)
    return {
      reason:
        note === null
          ? 'the reply holds no answer of the collector'
          : `the collector says: ${sanitize(note[1] ?? '')}`
    }
  }
  const { length, from, sum, promised } = start
  const text = reply.slice(from, from + length)
  if (text.length < length || !reply.slice(from + length).startsWith(`\nFLEETDRIFT2-END ${nonce}`)) {
    return {
      reason: reply.includes(AGENT_CUT) ? 'the reply was cut by SSM' : 'the reply ends before its frame does'
    }
  }
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return { reason: 'the reply is not base64' }
  const bytes = Buffer.from(text, 'base64')
  return sha256(bytes) === sum ? { ...promised, bytes } : { reason: 'the reply does not match its digest' }
}

/** Unpacks an answer and checks it against the digest that was promised. Total. */
export function unpack(packed: Buffer, whole: string): Buffer | { readonly reason: string } {
  try {
    const body = gunzipSync(packed, { maxOutputLength: MAX_UNPACKED_BYTES })
    return sha256(body) === whole ? body : { reason: 'the reply does not match its digest' }
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : ''
    return {
      reason:
        code === 'ERR_BUFFER_TOO_LARGE'
          ? `the reply unpacks to more than ${MAX_UNPACKED_BYTES} bytes`
          : 'the reply does not unpack'
    }
  }
}

/**
 * What the head of a reply that was cut tells: what its frame promises, and the first bytes of the answer. Nothing of
 * it is verified: it may only decide what to ask next. `null`: no frame starts in it.
 */
export function peekFrame(output: string, nonce: string): { promised: Promised; head: string } | null {
  const start = startOf(output, nonce)
  if (start === null) return null
  const text = /^[A-Za-z0-9+/]*/.exec(output.slice(start.from))?.[0] ?? ''
  try {
    const packed = Buffer.from(text.slice(0, text.length - (text.length % 4)), 'base64')
    const bytes = gunzipSync(packed, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 65_536 })
    return { promised: start.promised, head: bytes.toString('latin1') }
  } catch {
    return { promised: start.promised, head: '' }
  }
}

export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}
