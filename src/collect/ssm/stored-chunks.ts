import { concurrently } from '../../lib/concurrently.ts'
import { openFrame } from '../protocol/frame.ts'
import { accept, type IncomingAnswer } from './incoming-answer.ts'
import { READS_AT_ONCE } from './long-reply.ts'
import { type SsmSession, s3Key } from './session.ts'

/** SSM stores output in S3 a little after the command has ended: this often it is looked for. */
const ATTEMPTS = 4
/** Between two of them (milliseconds). */
const PAUSE = 1_500
const MISSING = 'the output of a host is missing: its instance profile may not write to the bucket'

/** Reads the chunks that SSM has stored in S3. Those that are not there are requested as if there were no bucket. */
export async function readStoredChunks(
  session: SsmSession,
  answers: readonly IncomingAnswer[]
): Promise<void> {
  const problems = new Set<string>()
  const reads = concurrently(answers, READS_AT_ONCE, async answer => {
    const problem = await readStored(session, answer, problems)
    if (problem !== null) problems.add(problem)
  })
  for await (const _ of reads);
  for (const problem of problems)
    session.ports.log.warning(`output-s3: ${problem}. The answers are read in chunks instead.`)
}

/**
 * Reads what is stored of one answer; returns why nothing is. Where the role may not list the bucket, S3 refuses objects
 * that are not there yet, so that a refusal is final only when it has been for another host.
 */
async function readStored(
  session: SsmSession,
  answer: IncomingAnswer,
  known: ReadonlySet<string>
): Promise<string | null> {
  const { s3, clock } = session.ports
  const { reply, chunks } = answer
  const isInTime = () => clock.now() < session.deadline.readUntil()
  let problem = MISSING
  for (let attempt = 0; s3 !== null && attempt < ATTEMPTS && isInTime(); attempt++) {
    if (attempt > 0) await clock.sleep(PAUSE)
    const object = await s3(s3Key(session, reply.command, reply.host))
    if (object === null) continue
    if ('problem' in object) {
      problem = object.problem
      if (object.isFinal || known.has(problem)) break
      continue
    }
    for (const frame of object.text.split(/^(?=FLEETDRIFT2 )/m).slice(0, chunks.length + 1)) {
      const chunk = openFrame(frame, session.nonce)
      if ('index' in chunk && typeof chunk.index === 'number' && chunk.index < chunks.length)
        accept(session, answer, chunk.index, frame)
    }
    return null
  }
  return problem
}
