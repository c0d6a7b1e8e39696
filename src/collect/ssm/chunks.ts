import { concurrently } from '../../lib/concurrently.ts'
import type { Reason } from '../../snapshot/reasons.ts'
import type { HostRecord } from '../../snapshot/snapshot.ts'
import { type Chunk, openFrame, previewFrame } from '../protocol/frame.ts'
import { CHUNK_BYTES, MAX_PACKED_BYTES, MAX_S3_BYTES } from '../protocol/limits.ts'
import { openPacked, type Reply } from '../protocol/reply.ts'
import { SHELLS } from '../script/shell.ts'
import { countCommands } from './command-counts.ts'
import { type InvocationState, invocationState } from './invocation-status.ts'
import { type LongReply, READS_AT_ONCE } from './long-reply.ts'
import type { SentCommand } from './send.ts'
import { recordReply, replyRequest, type SsmSession, s3Key, sendTask } from './session.ts'

/** The first chunk of an answer that one reply does not hold. */
export interface FirstChunk {
  readonly reply: LongReply
  readonly chunk: Chunk
}

/** A host's answer on its way. */
interface IncomingAnswer {
  readonly reply: LongReply
  readonly first: Chunk
  /** By index; `undefined`: it has not arrived. */
  readonly chunks: (Buffer | undefined)[]
  /** Why a chunk is missing, and whether the host is to blame. */
  problem: { readonly cause: Reason; readonly byHost: boolean } | null
}

/** Hosts whose chunks are in memory at the same time, up to 1 MiB each. */
const HOSTS_AT_ONCE = 50
/** Chunks that did not arrive are requested once more. */
const ROUNDS = 2
const POLL_PAUSE = 1_500
/**
 * Commands that a host has at the same time. Its agent runs five and queues five more; beyond that SSM must send them
 * again.
 */
const COMMANDS_AT_ONCE = 5
/** Answers with more chunks can only be read from S3. */
const MAX_REQUESTED_CHUNKS = Math.ceil(MAX_PACKED_BYTES / CHUNK_BYTES)
/** SSM stores output in S3 a little after the command has ended: this often it is looked for. */
const S3_ATTEMPTS = 4
/** A round waits this long for stragglers, or until no chunk has arrived for the second time (milliseconds). */
const MAX_ROUND = 120_000
const MAX_SILENCE = 45_000

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
    if (session.ports.s3 !== null) await readFromS3(session, answers)
    const requestable = answers.filter(({ chunks }) => chunks.length <= MAX_REQUESTED_CHUNKS)
    for (let round = 0; round < ROUNDS && !session.deadline.isOver(); round++)
      await requestMissing(session, requestable, onProgress)
    for (const answer of answers) yield finish(session, answer)
  }
}

function incomingAnswer({ reply, chunk }: FirstChunk): IncomingAnswer {
  const count = Math.ceil(Math.min(chunk.total, MAX_S3_BYTES + CHUNK_BYTES) / CHUNK_BYTES)
  const chunks: (Buffer | undefined)[] = Array.from({ length: count })
  chunks[0] = chunk.bytes
  return { reply, first: chunk, chunks, problem: null }
}

/** Reads the chunks that SSM has stored in S3. Those that are not there are requested as if there were no bucket. */
async function readFromS3(session: SsmSession, answers: readonly IncomingAnswer[]): Promise<void> {
  const { s3, log, clock } = session.ports
  const problems = new Set<string>()
  const reads = concurrently(answers, READS_AT_ONCE, async answer => {
    const { reply, chunks } = answer
    const isInTime = () => clock.now() < session.deadline.readUntil()
    for (let attempt = 0; s3 !== null && attempt < S3_ATTEMPTS && isInTime(); attempt++) {
      if (attempt > 0) await clock.sleep(POLL_PAUSE)
      const object = await s3(s3Key(session, reply.command, reply.host))
      if (object === null) continue
      if ('problem' in object) {
        problems.add(object.problem)
        return
      }
      for (const frame of object.text.split(/^(?=FLEETDRIFT2 )/m).slice(0, chunks.length + 1)) {
        const chunk = openFrame(frame, session.nonce)
        if ('index' in chunk && typeof chunk.index === 'number' && chunk.index < chunks.length)
          accept(session, answer, chunk.index, frame)
      }
      return
    }
    problems.add('the output of a host is missing: its instance profile may not write to the bucket')
  })
  for await (const _ of reads);
  for (const problem of problems)
    log.warning(`output-s3: ${problem}. The answers are read in chunks instead.`)
}

/** One round: requests the missing chunks in waves. A host that fails in a wave is left out of the next ones. */
async function requestMissing(
  session: SsmSession,
  answers: readonly IncomingAnswer[],
  onProgress: () => void
): Promise<void> {
  const chunks = Math.max(0, ...answers.map(answer => answer.chunks.length))
  let asked = answers
  for (let from = 1; from < chunks && !session.deadline.isOver(); from += COMMANDS_AT_ONCE) {
    const to = Math.min(chunks, from + COMMANDS_AT_ONCE)
    await requestWave(session, asked, from, to, onProgress)
    asked = asked.filter(answer => !answer.chunks.slice(from, to).includes(undefined))
  }
}

/** Requests the missing chunks with an index from `from` to before `to`, then reads them as their commands end. */
async function requestWave(
  session: SsmSession,
  answers: readonly IncomingAnswer[],
  from: number,
  to: number,
  onProgress: () => void
): Promise<void> {
  const { ports, counter, deadline } = session
  const indexOf = await sendRequests(session, answers, from, to)
  const byHost = new Map(answers.map(answer => [answer.reply.host, answer]))
  const until = Math.min(ports.clock.now() + MAX_ROUND, deadline.at)
  let completed = 0
  let changedAt = ports.clock.now()
  for (let isLast = false; indexOf.size > 0 && !isLast && !ports.signal.aborted; ) {
    await ports.clock.sleep(POLL_PAUSE, ports.signal)
    onProgress()
    const counts = await countCommands(counter, [...indexOf.keys()])
    const now = ports.clock.now()
    const sum = [...counts.values()].reduce((total, count) => total + count.completed, 0)
    if (sum !== completed) changedAt = now
    completed = sum
    isLast = now >= until || now - changedAt >= MAX_SILENCE
    for (const [command, index] of [...indexOf]) {
      const hasEnded = counts.get(command)?.terminal ?? false
      if (!hasEnded && !isLast) continue
      indexOf.delete(command)
      if (hasEnded) session.running.delete(command)
      const hosts = hasEnded ? (command.hosts ?? []) : await endedHosts(session, command, byHost)
      const readable = hosts.flatMap(host => byHost.get(host) ?? [])
      const reads = concurrently(readable, READS_AT_ONCE, async answer => {
        const output = await session.api.readReply(command, answer.reply.host, deadline.patience())
        accept(session, answer, index, output)
      })
      for await (const _ of reads) onProgress()
    }
  }
}

/** Requests every missing chunk of a wave. Returns the index that each command requests. */
async function sendRequests(
  session: SsmSession,
  answers: readonly IncomingAnswer[],
  from: number,
  to: number
): Promise<Map<SentCommand, number>> {
  const indexOf = new Map<SentCommand, number>()
  for (let index = from; index < to && !session.deadline.isOver(); index++) {
    const missing = answers.filter(({ chunks }) => index < chunks.length && chunks[index] === undefined)
    for (const shell of SHELLS) {
      const asked = missing.filter(({ reply }) => reply.command.shell === shell)
      const hosts = asked.map(({ reply }) => reply.host)
      if (hosts.length === 0) continue
      const { commands, error } = await sendTask(
        session,
        { kind: 'chunk', index },
        { kind: 'hosts', hosts },
        shell
      )
      for (const command of commands) indexOf.set(command, index)
      if (error === null) continue
      const cause = { code: 'chunk-refused', message: error.message } as const
      for (const answer of asked) answer.problem = { cause, byHost: false }
    }
  }
  if (indexOf.size > 0)
    session.ports.log.debug(`Reading chunks ${from} to ${to - 1} of ${answers.length} answers.`)
  return indexOf
}

/**
 * The hosts that have ended a command which still waits for others: a host that hangs must not cost them their chunks.
 * A host that was reached and has not ended is to blame: announcing an answer and withholding it must not pay.
 */
async function endedHosts(
  { api, nonce }: SsmSession,
  command: SentCommand,
  answers: ReadonlyMap<string, IncomingAnswer>
): Promise<string[]> {
  const ended: string[] = []
  try {
    for await (const { InstanceId = '', Status, StatusDetails, CommandPlugins } of api.invocations(
      command,
      true
    )) {
      const state = invocationState(Status, StatusDetails)
      const hasPrinted = previewFrame(CommandPlugins?.[0]?.Output ?? '', nonce) !== null
      const answer = answers.get(InstanceId)
      if (state.terminal || hasPrinted) ended.push(InstanceId)
      else if (answer !== undefined) answer.problem = { cause: state.reason, byHost: state.delivered }
    }
  } catch (error) {
    api.warnIfTransient(error, 'ssm:ListCommandInvocations')
  }
  return ended
}

/** Takes a chunk that is what it should be; otherwise notes why not. */
function accept(session: SsmSession, answer: IncomingAnswer, index: number, output: string | null): void {
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

function finish(session: SsmSession, { reply, first, chunks, problem }: IncomingAnswer): HostRecord {
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
