import { randomBytes } from 'node:crypto'
import type { HostRecord } from '../snapshot/snapshot.ts'
import { openEnvelope } from './envelope.ts'
import { peekFrame } from './frame.ts'
import type { SsmPorts } from './reading.ts'
import { recordOf, silentHost } from './record.ts'
import { lookUpAgents, tellAgent } from './registry.ts'
import { type LongReply, readReplies } from './replies.ts'
import { KEPT_BYTES, PIECE_BYTES } from './script.ts'
import type { SentCommand } from './send.ts'
import { LEARN_LEAST } from './short-answers.ts'
import { type InvocationState, invocationState } from './states.ts'
import { type SsmCollection, startTalk, type Talk } from './talk.ts'
import { type Tally, watchCommands } from './watch.ts'

export type { SsmCollection } from './talk.ts'
export { NoTargetMatched } from './watch.ts'

/** After cancelling, SSM needs a moment to say which hosts had answered. */
const CANCEL_GRACE = 1_500
const NOT_TARGETED = 'it is expected, and no target of this run: check its tags and its SSM agent'
/** Share of `timeoutSeconds` that the queries may take; the rest is for starting and for reading. */
const QUERY_SHARE = 0.8
const QUERY_SECONDS = 60
/** Lines of the log that tell why hosts were not reported; a reason's own words, never a host's. */
const MOST_REASONS = 12

/**
 * Runs the queries on all targets and gives one record for each host, in the order in which they are known.
 *
 * Reading costs few calls: the commands are polled with ListCommands, replies are swept 50 hosts a page with
 * ListCommandInvocations. Of replies that do not fit in a page's 2,500 bytes a host, a large group's are asked for
 * again in short (short-answers.ts), others are read one by one, and in pieces where one reply does not hold them.
 * @throws NoTargetMatched; Error that says what to change when SSM refuses.
 */
export async function* collectFromSsm(request: SsmCollection, ports: SsmPorts): AsyncGenerator<HostRecord> {
  const talk = startTalk(request, ports, randomBytes(12).toString('hex'))
  const { targets, queries, osquery, timeoutSeconds } = request
  const sent: SentCommand[] = []
  const budgetSeconds = Math.max(3, Math.floor(timeoutSeconds * QUERY_SHARE))
  const many = targets.kind === 'filters' || targets.hosts.length >= LEARN_LEAST
  const keep = many && request.short !== false
  const querySeconds = Math.min(QUERY_SECONDS, budgetSeconds)
  try {
    const { refused } = await talk.order(
      { do: 'collect', queries, budgetSeconds, querySeconds, keep, osquery },
      targets,
      sent
    )
    ports.log.info(
      `Asked SSM to run ${queries.length} queries (${sent.length} ${sent.length === 1 ? 'command' : 'commands'}).`
    )
    yield* readAll(talk, sent, refused, keep)
  } finally {
    await talk.cancel()
    await talk.tidy()
  }
}

async function* readAll(
  talk: Talk,
  sent: readonly SentCommand[],
  refused: ReadonlyMap<string, string>,
  keep: boolean
): AsyncGenerator<HostRecord> {
  const { request, ports, reader, nonce, queries } = talk
  const { clock, signal } = ports
  const done = new Set<string>()
  const states = new Map<string, InvocationState>()
  const tally: Tally = { given: 0, silent: 0, listed: 0 }
  const watch = watchCommands(talk, sent, tally)
  const replies = readReplies(talk, watch.tell)
  const agents = lookUpAgents(request.targets, ports)
  const reasons = new Map<string, number>()
  let late = false

  function give(record: HostRecord): HostRecord {
    done.add(record.host)
    tally.given++
    if (record.status === 'silent') tally.silent++
    if (record.reason !== null) {
      const why = `${record.status}: ${record.reason.split(/[:;(]/, 1)[0]?.trim()}`
      reasons.set(why, (reasons.get(why) ?? 0) + 1)
    }
    return record
  }

  /** Gives every host that has ended and was not given yet. */
  async function* sweep(): AsyncGenerator<HostRecord> {
    const long = new Map<string, LongReply>()
    try {
      for (const command of sent) {
        for await (const invocation of reader.invocations(command, true)) {
          const host = invocation.InstanceId ?? ''
          const state = invocationState(invocation.Status, invocation.StatusDetails)
          if (host === '' || done.has(host) || long.has(host)) continue
          if (late && state.cancelled) {
            if (!states.has(host)) states.set(host, { ...state, delivered: false })
            continue
          }
          states.set(host, state)
          if (!state.terminal) continue
          const inline = invocation.CommandPlugins?.[0]?.Output ?? ''
          const opened = openEnvelope(inline, { nonce, host, queries })
          if (opened.kind !== 'broken') yield give(recordOf(host, opened, request.queries, state, talk.now()))
          else if (!state.delivered) yield give(await silent(host, state))
          else {
            const peeked = peekFrame(inline, nonce)
            const total = peeked?.promised.total ?? 0
            if (total > PIECE_BYTES || (keep && total > KEPT_BYTES)) talk.keeping.add(host)
            long.set(host, { command, host, state, peeked })
          }
        }
      }
    } catch (error) {
      reader.endure(error, 'ssm:ListCommandInvocations')
    }
    tally.listed = states.size
    for await (const record of replies.read([...long.values()], keep)) yield give(record)
  }

  for (const [host, reason] of refused) yield give(silentHost(host, reason, false))
  tally.given -= refused.size
  for (let next = await watch.next(); next !== 'over'; next = await watch.next()) {
    if (next === 'late') {
      if (!signal.aborted) await noteStates()
      await talk.cancel()
      late = true
      await clock.sleep(CANCEL_GRACE)
    }
    yield* sweep()
  }
  yield* rest()
  for (const [why, hosts] of [...reasons].sort((a, b) => b[1] - a[1]).slice(0, MOST_REASONS))
    ports.log.info(`${hosts} ${hosts === 1 ? 'host is' : 'hosts are'} ${why}.`)

  async function silent(host: string, state: InvocationState): Promise<HostRecord> {
    return silentHost(host, `${state.reason}${state.away ? tellAgent(await agents, host) : ''}`, false)
  }

  /** Remembers the states before cancelling, which would hide them. */
  async function noteStates(): Promise<void> {
    try {
      for (const command of sent) {
        for await (const invocation of reader.invocations(command, false)) {
          const host = invocation.InstanceId ?? ''
          if (host !== '' && !done.has(host))
            states.set(host, invocationState(invocation.Status, invocation.StatusDetails))
        }
      }
    } catch (error) {
      reader.endure(error, 'ssm:ListCommandInvocations')
    }
  }

  /** Every host that never ended, or was never seen. */
  async function* rest(): AsyncGenerator<HostRecord> {
    const why = signal.aborted
      ? 'the run was cancelled'
      : late
        ? `no answer within ${request.timeoutSeconds} s`
        : 'the command has ended, and SSM does not give its result'
    const addressed = sent.flatMap(command => command.hosts ?? [])
    const known = await agents
    for (const host of new Set([...states.keys(), ...addressed, ...(known?.keys() ?? [])])) {
      if (done.has(host)) continue
      const state = states.get(host)
      const delivered = !signal.aborted && (state?.delivered ?? false)
      const agent = delivered ? '' : tellAgent(known, host)
      yield give(silentHost(host, `${why}: ${state?.reason ?? 'SSM did not list it'}${agent}`, delivered))
    }
    for (const host of request.expectedIds) {
      if (!done.has(host)) yield give(silentHost(host, NOT_TARGETED, false))
    }
  }
}
