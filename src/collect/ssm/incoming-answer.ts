import type { Reason } from '../../snapshot/reasons.ts'
import type { HostRecord } from '../../snapshot/snapshot.ts'
import { type Chunk, openFrame } from '../protocol/frame.ts'
import { CHUNK_BYTES, MAX_PACKED_BYTES, MAX_S3_BYTES } from '../protocol/limits.ts'
import { openPacked, type Reply } from '../protocol/reply.ts'
import type { InvocationState } from './invocation-status.ts'
import type { LongReply } from './long-reply.ts'
import { recordReply, replyRequest, type SsmSession } from './session.ts'

/** The first chunk of an answer that one reply does not hold. */
export interface FirstChunk {
  readonly reply: LongReply
  readonly chunk: Chunk
}

/** A host's answer on its way. */
export interface IncomingAnswer {
  readonly reply: LongReply
  readonly first: Chunk
  /** By index; `undefined`: it has not arrived. */
  readonly chunks: (Buffer | undefined)[]
  /** Why a chunk is missing, and whether the host is to blame. */
  problem: { readonly cause: Reason; readonly byHost: boolean } | null
}

/** Answers with more chunks can only be read from S3. */
export const MAX_REQUESTED_CHUNKS = Math.ceil(MAX_PACKED_BYTES / CHUNK_BYTES)

export function incomingAnswer({ reply, chunk }: FirstChunk): IncomingAnswer {
  const count = Math.ceil(Math.min(chunk.total, MAX_S3_BYTES + CHUNK_BYTES) / CHUNK_BYTES)
  const chunks: (Buffer | undefined)[] = Array.from({ length: count })
  chunks[0] = chunk.bytes
  return { reply, first: chunk, chunks, problem: null }
}

/** Takes a chunk that is what it should be; otherwise notes why not. */
export function accept(
  session: SsmSession,
  answer: IncomingAnswer,
  index: number,
  output: string | null
): void {
  if (output === null) {
    answer.problem = { cause: { code: 'chunk-not-returned' }, byHost: false }
    return
  }
  const { first } = answer
  const chunk = openFrame(output, session.nonce)
  if ('problem' in chunk) answer.problem = { cause: chunk.problem, byHost: true }
  else if (
    chunk.index !== index ||
    chunk.total !== first.total ||
    chunk.bodySha256 !== first.bodySha256 ||
    chunk.bytes.length !== Math.min(CHUNK_BYTES, chunk.total - index * CHUNK_BYTES)
  )
    answer.problem = { cause: { code: 'wrong-chunk' }, byHost: true }
  else answer.chunks[index] = chunk.bytes
}

/** The record of a host whose chunks have arrived as far as they will. */
export function finish(session: SsmSession, { reply, first, chunks, problem }: IncomingAnswer): HostRecord {
  const { command, host, state } = reply
  const record = (opened: Reply) => recordReply(session, command, host, opened, state)
  const arrived = chunks.filter(chunk => chunk !== undefined)
  if (arrived.length === chunks.length)
    return record(openPacked(Buffer.concat(arrived), first.bodySha256, replyRequest(session, command, host)))
  const { cause, byHost } = problem ?? whyIncomplete(chunks.length, state)
  const incomplete = {
    code: 'incomplete-chunks',
    arrived: arrived.length,
    total: chunks.length,
    cause
  } as const
  return {
    ...record({ kind: 'broken', problem: incomplete }),
    unanswered: byHost
  }
}

/** Why chunks are missing that nothing else explains. A host that was still printing at the deadline is to blame. */
function whyIncomplete(
  chunks: number,
  { terminal, reason }: InvocationState
): { cause: Reason; byHost: boolean } {
  if (!terminal) return { cause: reason, byHost: true }
  return {
    cause: { code: chunks > MAX_REQUESTED_CHUNKS ? 'too-many-chunks' : 'no-time-left' },
    byHost: false
  }
}
