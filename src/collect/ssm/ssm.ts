import { randomBytes } from 'node:crypto'
import type { Targets } from '../../inputs/targets.ts'
import type { HostRecord } from '../../snapshot/snapshot.ts'
import { silentHost } from '../host-record.ts'
import { confirmedFacts } from '../protocol/facts.ts'
import { peekFrame } from '../protocol/frame.ts'
import { openReply } from '../protocol/reply.ts'
import { KEPT_BYTES, PIECE_BYTES } from '../script/build.ts'
import { describeAgent, lookUpAgents, withDeadline } from './agents.ts'
import type { SsmPorts } from './api.ts'
import { MIN_HOSTS_TO_DEDUP } from './dedup-replies.ts'
import { type InvocationState, invocationState } from './invocation-status.ts'
import { type LongReply, readLongReplies } from './long-replies.ts'
import { type Progress, watchCommands } from './poll.ts'
import type { Sent, SentCommand } from './send.ts'
import { openSession, type SsmCollection, type SsmSession } from './session.ts'
import type { Shell } from './task.ts'

export { NoTargetMatched } from './poll.ts'
export type { SsmCollection } from './session.ts'

/** After cancelling, SSM needs a moment to say which hosts had answered. */
const CANCEL_GRACE = 1_500
const NOT_TARGETED = 'it is expected, and no target of this run: check its tags and its SSM agent'
const UNREADABLE = 'its reply could not be read from SSM'
const NOT_ASKED = 'it was not asked any more'
/** Share of `timeoutSeconds` that the queries may take; the rest is for starting and for reading. */
const QUERY_SHARE = 0.8
const QUERY_SECONDS = 60
/** How long the run waits to learn from SSM which agents there are (milliseconds); a group is taken for large else. */
const LOOK_UP = 1_500
/** Lines of the log that tell why hosts were not reported; a reason's own words, never a host's. */
const MAX_REASONS = 12

/**
 * Runs the queries on all targets and gives one record for each host, in the order in which they are known.
 *
 * Reading costs few calls: the commands are polled with ListCommands, replies are swept 50 hosts a page with
 * ListCommandInvocations. Of replies that do not fit in a page's 2,500 bytes a host, a large group's are asked for
 * again in short (short-answers.ts), others are read one by one, and in pieces where one reply does not hold them.
 * @throws NoTargetMatched; Error that says what to change when SSM refuses.
 */
export async function* collectFromSsm(request: SsmCollection, ports: SsmPorts): AsyncGenerator<HostRecord> {
  const talk = openSession(request, ports, randomBytes(12).toString('hex'))
  const { targets, queries, osquery, timeoutSeconds } = request
  const sent: SentCommand[] = []
  const budgetSeconds = Math.max(3, Math.floor(timeoutSeconds * QUERY_SHARE))
  const over = new AbortController()
  const whileOn = { ...ports, signal: AbortSignal.any([ports.signal, over.signal]) }
  const agents = withDeadline(lookUpAgents(targets, whileOn), LOOK_UP, ports)
  const count =
    targets.kind === 'hosts' ? targets.hosts.length : ((await agents())?.size ?? MIN_HOSTS_TO_DEDUP)
  const keep = count >= MIN_HOSTS_TO_DEDUP && request.short !== false
  const querySeconds = Math.min(QUERY_SECONDS, budgetSeconds)
  const collect = (whom: Targets, shell: Shell) =>
    talk.order(
      {
        do: 'collect',
        queries: talk.queries[shell],
        budgetSeconds,
        querySeconds,
        keep,
        stored: request.outputS3 !== null,
        osquery
      },
      whom,
      sent,
      shell
    )
  try {
    const { refused } = await collect(targets, talk.queries.posix.length > 0 ? 'posix' : 'powershell')
    ports.log.info(
      `Asked SSM to run ${queries.length} queries (${sent.length} ${sent.length === 1 ? 'command' : 'commands'}).`
    )
    yield* readAll(talk, sent, refused, keep, agents, collect)
  } finally {
    over.abort()
    await talk.cancel()
    await talk.tidy()
  }
}

const otherShell = ({ shell }: SentCommand): Shell => (shell === 'posix' ? 'powershell' : 'posix')

async function* readAll(
  talk: SsmSession,
  sent: readonly SentCommand[],
  refused: ReadonlyMap<string, string>,
  keep: boolean,
  agents: () => ReturnType<typeof lookUpAgents>,
  collect: (whom: Targets, shell: Shell) => Promise<Sent>
): AsyncGenerator<HostRecord> {
  const { request, ports, reader, nonce } = talk
  const { clock, signal } = ports
  const done = new Set<string>()
  const states = new Map<string, InvocationState>()
  /** Hosts that have answered, and whose reply SSM has not given. */
  const unreadable = new Set<string>()
  const tally: Progress = { given: 0, silent: 0, listed: 0 }
  const watch = watchCommands(talk, sent, tally)
  const replies = readLongReplies(talk, watch.tell)
  const reasons = new Map<string, number>()
  /** Hosts of another platform, and through which document they were asked last. */
  const asked = new Map<string, Shell>()
  const known = await agents()
  let refusedOther = false
  let late = false
  let broken = false
  let answered = 0

  function give(claimed: HostRecord): HostRecord {
    const { facts } = claimed
    const record =
      facts === null ? claimed : { ...claimed, facts: confirmedFacts(facts, known?.get(claimed.host)) }
    done.add(record.host)
    tally.given++
    if (record.status === 'silent') tally.silent++
    else answered++
    if (record.reason !== null) {
      const why = `${record.status}: ${record.reason.split(/[:;(]/, 1)[0]?.trim()}`
      reasons.set(why, (reasons.get(why) ?? 0) + 1)
    }
    return record
  }

  /** Gives every host that has ended and was not given yet. */
  async function* sweep(): AsyncGenerator<HostRecord> {
    const long = new Map<string, LongReply>()
    const otherwise = new Map<string, Shell>()
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
          if (state.otherPlatform && (asked.get(host) ?? command.shell) !== command.shell) continue
          states.set(host, state)
          if (!state.terminal) continue
          const inline = invocation.CommandPlugins?.[0]?.Output ?? ''
          const opened = openReply(inline, talk.asked(command, host))
          if (opened.kind !== 'broken') yield give(talk.record(command, host, opened, state))
          else if (mayAskOtherwise(host, command, state)) otherwise.set(host, otherShell(command))
          else if (!state.delivered) yield give(silent(host, state))
          else {
            const peeked = peekFrame(inline, nonce)
            const total = peeked?.promised.total ?? 0
            if (total > PIECE_BYTES || (keep && total > KEPT_BYTES)) talk.keeping.set(host, command.shell)
            long.set(host, { command, host, state, peeked })
          }
        }
      }
    } catch (error) {
      reader.endure(error, 'ssm:ListCommandInvocations')
    }
    tally.listed = states.size
    await askOtherwise(otherwise)
    for await (const record of replies.read([...long.values()], keep)) yield give(record)
    for (const host of long.keys()) if (!done.has(host)) unreadable.add(host)
  }

  /** Whether a host for whose platform the document is not may be asked through the other document of AWS. */
  function mayAskOtherwise(host: string, command: SentCommand, state: InvocationState): boolean {
    return (
      state.otherPlatform &&
      request.document === null &&
      !asked.has(host) &&
      !refusedOther &&
      !talk.stopping() &&
      talk.queries[otherShell(command)].length > 0
    )
  }

  /** Sends each platform its own document. */
  async function askOtherwise(hosts: ReadonlyMap<string, Shell>): Promise<void> {
    for (const shell of new Set(hosts.values())) {
      const ids = [...hosts].filter(([, own]) => own === shell).map(([host]) => host)
      for (const host of ids) asked.set(host, shell)
      ports.log.debug(`${ids.length} hosts are of another platform: asking them through the other document.`)
      const before = sent.length
      try {
        await collect({ kind: 'hosts', hosts: ids }, shell)
      } catch (error) {
        // A role that may not send the other document: these hosts keep the state that they have.
        ports.log.warning(error instanceof Error ? error.message : 'SSM refused the other document.')
        for (const host of ids) asked.delete(host)
        refusedOther = true
      }
      watch.add(sent.slice(before))
    }
  }

  for (const [host, reason] of refused) yield give(silentHost(host, reason, false))
  tally.given -= refused.size
  try {
    for (let next = await watch.next(); next !== 'over'; next = await watch.next()) {
      if (next === 'late') {
        if (!signal.aborted) await noteStates()
        await talk.cancel()
        late = true
        await clock.sleep(CANCEL_GRACE)
      }
      yield* sweep()
    }
  } catch (error) {
    if (answered === 0) throw error
    // What has been read is evidence: it is kept, and the other hosts are told as not read.
    ports.log.warning(error instanceof Error ? error.message : 'SSM refused to go on.')
    broken = true
  }
  yield* rest()
  request.onTargeted?.(watch.targeted())
  for (const [why, hosts] of [...reasons].sort((a, b) => b[1] - a[1]).slice(0, MAX_REASONS))
    ports.log.info(`${hosts} ${hosts === 1 ? 'host is' : 'hosts are'} ${why}.`)

  function silent(host: string, state: InvocationState): HostRecord {
    return silentHost(host, `${state.reason}${state.away ? describeAgent(known, host) : ''}`, false)
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
    const addressed = new Set(sent.flatMap(command => command.hosts ?? []))
    const targeted = request.targets.kind === 'hosts' ? request.targets.hosts : []
    for (const host of new Set([...states.keys(), ...addressed, ...targeted, ...(known?.keys() ?? [])])) {
      if (done.has(host)) continue
      if (broken || unreadable.has(host)) {
        yield give(silentHost(host, UNREADABLE, false))
        continue
      }
      const state = states.get(host)
      const delivered = !signal.aborted && (state?.delivered ?? false)
      const agent = delivered ? '' : describeAgent(known, host)
      const unseen = targeted.length > 0 && !addressed.has(host) ? NOT_ASKED : 'SSM did not list it'
      yield give(silentHost(host, `${why}: ${state?.reason ?? unseen}${agent}`, delivered))
    }
    for (const host of request.expectedIds) {
      if (!done.has(host)) yield give(silentHost(host, NOT_TARGETED, false))
    }
  }
}
