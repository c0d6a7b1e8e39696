import { concurrently } from '../../lib/concurrently.ts'
import { count } from '../../text/phrases.ts'
import { previewFrame } from '../protocol/frame.ts'
import { SHELLS } from '../script/shell.ts'
import { countCommands } from './command-counts.ts'
import { accept, type IncomingAnswer } from './incoming-answer.ts'
import { invocationState } from './invocation-status.ts'
import { READS_AT_ONCE } from './long-reply.ts'
import type { SentCommand } from './send.ts'
import { type SsmSession, sendTask } from './session.ts'

const POLL_PAUSE = 1_500
/**
 * Commands that a host has at the same time. Its agent runs five and queues five more; beyond that SSM must send them
 * again.
 */
const COMMANDS_AT_ONCE = 5
/** A round waits this long for stragglers, or until no chunk has arrived for the second time (milliseconds). */
const MAX_ROUND = 120_000
const MAX_SILENCE = 45_000

/** One round: requests the missing chunks in waves. A host that fails in a wave is left out of the next ones. */
export async function requestMissing(
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
    session.ports.log.debug(`Reading chunks ${from} to ${to - 1} of ${count(answers.length, 'answer')}.`)
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
