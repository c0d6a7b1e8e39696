import { concurrently } from '../../lib/concurrently.ts'
import type { HostRecord } from '../../snapshot/snapshot.ts'
import { openFrame } from '../protocol/frame.ts'
import { openPacked } from '../protocol/reply.ts'
import { readChunks } from './chunks.ts'
import {
  addSample,
  type DedupState,
  isWorthwhile,
  requestDedupReplies,
  sampleReplies
} from './dedup-replies.ts'
import type { FirstChunk } from './incoming-answer.ts'
import { type LongReply, READS_AT_ONCE } from './long-reply.ts'
import { recordReply, replyRequest, type SsmSession } from './session.ts'

/**
 * Reads the replies that do not fit in SSM's list: deduplicated where that saves calls, otherwise one by one, and in
 * chunks where one reply does not hold them. Hosts whose reply SSM does not return are left out.
 * @param dedup `null`: the hosts do not retain their answers, and cannot be asked for deduplicated ones
 */
export async function* readLongReplies(
  session: SsmSession,
  replies: readonly LongReply[],
  dedup: DedupState | null,
  onProgress: () => void
): AsyncGenerator<HostRecord> {
  const firstChunks: FirstChunk[] = []
  let remaining = replies
  if (dedup !== null && isWorthwhile(dedup, session, replies)) {
    const samples = sampleReplies(dedup, replies)
    yield* readOneByOne(session, samples, firstChunks, dedup, onProgress)
    const others = replies.filter(reply => !samples.includes(reply))
    remaining = yield* requestDedupReplies(dedup, session, others, onProgress)
  }
  yield* readOneByOne(session, remaining, firstChunks, null, onProgress)
  yield* readChunks(session, firstChunks, onProgress)
}

/**
 * Reads the whole reply of each host. Those that are only the first of several chunks go to `firstChunks`, and the
 * answers of sample hosts to `dedup`.
 */
async function* readOneByOne(
  session: SsmSession,
  replies: readonly LongReply[],
  firstChunks: FirstChunk[],
  dedup: DedupState | null,
  onProgress: () => void
): AsyncGenerator<HostRecord> {
  const reads = concurrently(replies, READS_AT_ONCE, async reply => ({
    reply,
    output: await session.api.readReply(reply.command, reply.host, session.deadline.patience())
  }))
  for await (const { reply, output } of reads) {
    onProgress()
    if (output === null) continue
    const { command, host, state } = reply
    const chunk = openFrame(output, session.nonce)
    if ('problem' in chunk) {
      yield recordReply(session, command, host, { kind: 'broken', ...chunk }, state)
    } else if (chunk.index === 0 && chunk.bytes.length < chunk.total) {
      firstChunks.push({ reply, chunk })
    } else {
      const opened = openPacked(chunk.bytes, chunk.bodySha256, replyRequest(session, command, host))
      if (opened.kind === 'answer' && dedup !== null) addSample(dedup, chunk)
      yield recordReply(session, command, host, opened, state)
    }
  }
}
