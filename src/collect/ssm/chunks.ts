import type { HostRecord } from '../../snapshot/snapshot.ts'
import { requestMissing } from './chunk-requests.ts'
import { type FirstChunk, finish, incomingAnswer, MAX_REQUESTED_CHUNKS } from './incoming-answer.ts'
import type { SsmSession } from './session.ts'
import { readStoredChunks } from './stored-chunks.ts'

/** Hosts whose chunks are in memory at the same time, up to 1 MiB each. */
const HOSTS_AT_ONCE = 50
/** Chunks that did not arrive are requested once more. */
const ROUNDS = 2

/**
 * Fetches the remaining chunks of answers that one reply does not hold: one command for each index, for all hosts that
 * have such a chunk. Each chunk is verified, and so is the whole answer.
 */
export async function* readChunks(
  session: SsmSession,
  first: readonly FirstChunk[],
  onProgress: () => void
): AsyncGenerator<HostRecord> {
  for (let at = 0; at < first.length; at += HOSTS_AT_ONCE) {
    const answers = first.slice(at, at + HOSTS_AT_ONCE).map(incomingAnswer)
    if (session.ports.s3 !== null) await readStoredChunks(session, answers)
    const requestable = answers.filter(({ chunks }) => chunks.length <= MAX_REQUESTED_CHUNKS)
    for (let round = 0; round < ROUNDS && !session.deadline.isOver(); round++)
      await requestMissing(session, requestable, onProgress)
    for (const answer of answers) yield finish(session, answer)
  }
}
