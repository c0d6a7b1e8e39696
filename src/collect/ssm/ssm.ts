import { randomBytes } from 'node:crypto'
import type { Targets } from '../../inputs/targets.ts'
import { errorMessage } from '../../lib/error-message.ts'
import type { Reason } from '../../snapshot/reasons.ts'
import type { HostRecord } from '../../snapshot/snapshot.ts'
import { count } from '../../text/phrases.ts'
import { silentHost } from '../host-record.ts'
import type { Shell } from '../script/shell.ts'
import { describeAgent, startLookup } from './agents.ts'
import { dedupState, MIN_HOSTS_TO_DEDUP } from './dedup-replies.ts'
import { firstCommand } from './first-command.ts'
import { enterRecord, logReasons, openLedger } from './host-ledger.ts'
import { invocationState } from './invocation-status.ts'
import { nextStep, startWatch, targetedHosts } from './poll.ts'
import type { SsmPorts } from './ports.ts'
import {
  cancelRunning,
  openSession,
  removeRetained,
  type SsmRequest,
  type SsmSession,
  sendTask
} from './session.ts'
import { type Collecting, resend, sweep } from './sweep.ts'

/**
 * A canceled command is `Cancelling` for up to 2.5 s, and then has what it printed; GitHub gives a canceled job less
 * time (milliseconds).
 */
const CANCEL_GRACE = 3_000
const CANCEL_GRACE_OF_JOB = 1_500
/** Share of `timeoutSeconds` for the queries; the rest is for starting and for reading. */
const QUERY_SHARE = 0.8
const MIN_BUDGET_SECONDS = 3
const MAX_QUERY_SECONDS = 60
/** How long the run waits to learn from SSM which agents there are (milliseconds). */
const AGENT_LOOKUP_WAIT = 1_500

/**
 * Runs the queries on all targets and yields one record for each host as it becomes known. Returns how many hosts SSM
 * says were targeted, including those that it never listed.
 *
 * Reading costs few calls: the commands are polled with ListCommands, and replies are swept 50 hosts per page with
 * ListCommandInvocations. Of the replies that do not fit in a page's 2,500 bytes per host, those of a large group are
 * requested again in deduplicated form (dedup-replies.ts); the others are read one by one, and in chunks where one reply
 * does not hold them.
 * @throws NoTargetMatched; Error that says what to change when SSM refuses.
 */
export async function* collectFromSsm(
  request: SsmRequest,
  ports: SsmPorts
): AsyncGenerator<HostRecord, number> {
  const lookup = new AbortController()
  const whileOpen = { ...ports, signal: AbortSignal.any([ports.signal, lookup.signal]) }
  const agents = startLookup(request.targets, whileOpen)
  const session = openSession(request, ports, randomBytes(12).toString('hex'), agents)
  try {
    const run = await start(session)
    yield* readReplies(run)
    yield* recordUnfinished(run)
    logReasons(run.ledger, ports.log)
    return targetedHosts(run.watch)
  } finally {
    lookup.abort()
    await cancelRunning(session)
    await removeRetained(session)
  }
}

/** Sends the queries to all targets. @throws Error that says what to change when SSM refuses. */
async function start(session: SsmSession): Promise<Collecting> {
  const { request, ports, agents } = session
  const { shell, targets, others } = await firstCommand(session)
  // Where SSM does not say how many hosts there are, the group counts as large.
  const hosts =
    targets.kind === 'hosts'
      ? targets.hosts.length
      : ((await agents.wait(AGENT_LOOKUP_WAIT))?.size ?? MIN_HOSTS_TO_DEDUP)
  const retain = hosts >= MIN_HOSTS_TO_DEDUP && request.dedup !== false
  const sendQueries = sender(session, retain)
  const sent = await sendQueries(targets, shell)
  if (sent.error !== null) throw sent.error
  ports.log.info(
    `Asked SSM to run ${count(request.queries.length, 'query', 'queries')} (${count(sent.commands.length, 'command')}).`
  )
  await agents.wait(AGENT_LOOKUP_WAIT)
  const ledger = openLedger(agents)
  return {
    session,
    ledger,
    watch: startWatch(session, ledger, sent.commands),
    commands: [...sent.commands],
    notManaged: sent.notManaged,
    denied: sent.denied,
    otherPlatform: new Map([...others, ...sent.otherPlatform].map(host => [host, shell])),
    dedup: retain ? dedupState() : null,
    sendQueries,
    resent: new Map(),
    mayResend: true,
    isCanceled: false,
    isBroken: false
  }
}

function sender(session: SsmSession, retain: boolean): Collecting['sendQueries'] {
  const { timeoutSeconds, outputS3, osquery } = session.request
  const budgetSeconds = Math.max(MIN_BUDGET_SECONDS, Math.floor(timeoutSeconds * QUERY_SHARE))
  const querySeconds = Math.min(MAX_QUERY_SECONDS, budgetSeconds)
  const limits = { budgetSeconds, querySeconds, retain, viaS3: outputS3 !== null, osquery }
  return (targets: Targets, shell: Shell) =>
    sendTask(session, { kind: 'collect', queries: session.queries[shell], ...limits }, targets, shell)
}

/** Yields hosts as they end, until all have ended or the deadline is over. */
async function* readReplies(run: Collecting): AsyncGenerator<HostRecord> {
  const { session, ledger } = run
  const { clock, signal, log } = session.ports
  for (const host of run.notManaged)
    yield enterRecord(ledger, silentHost(host, { code: 'not-managed' }, false))
  for (const host of run.denied) yield enterRecord(ledger, silentHost(host, { code: 'access-denied' }, false))
  ledger.notManaged = run.notManaged.length + run.denied.length
  yield* resendToOthers(run)
  try {
    for (let step = await nextStep(run.watch); step !== 'done'; step = await nextStep(run.watch)) {
      if (step === 'last-sweep') {
        if (!signal.aborted) await noteStates(run)
        await cancelRunning(session)
        run.isCanceled = true
        await clock.sleep(signal.aborted ? CANCEL_GRACE_OF_JOB : CANCEL_GRACE)
      }
      yield* sweep(run)
    }
  } catch (error) {
    const hasAnswers = ledger.done.size > ledger.silent
    if (!hasAnswers) throw error
    // What was read is evidence: it is kept, and the other hosts are recorded as unreadable.
    log.warning(errorMessage(error))
    run.isBroken = true
  }
}

/** Sends hosts that SSM refused for their platform the document for it; the others are silent. */
async function* resendToOthers(run: Collecting): AsyncGenerator<HostRecord> {
  const { session, ledger, otherPlatform } = run
  const other = session.queries.posix.length > 0 ? 'powershell' : 'posix'
  const mayResend = session.request.document === null && session.queries[other].length > 0
  if (mayResend && otherPlatform.size > 0)
    await resend(run, new Map([...otherPlatform.keys()].map(host => [host, other])))
  for (const host of otherPlatform.keys()) {
    if (run.resent.has(host)) continue
    ledger.notManaged++
    yield enterRecord(ledger, silentHost(host, { code: 'other-platform' }, false))
  }
}

/** Notes the states of all hosts before they are canceled, which would hide them. */
async function noteStates({ session, ledger, commands }: Collecting): Promise<void> {
  try {
    for (const command of commands) {
      for await (const { InstanceId: host = '', Status, StatusDetails } of session.api.invocations(
        command,
        false
      )) {
        if (host !== '' && !ledger.done.has(host))
          ledger.states.set(host, invocationState(Status, StatusDetails))
      }
    }
  } catch (error) {
    session.api.warnIfTransient(error, 'ssm:ListCommandInvocations')
  }
}

/** Yields every host that never ended, or was never seen. */
async function* recordUnfinished(run: Collecting): AsyncGenerator<HostRecord> {
  const { session, ledger } = run
  const { targets, expectedIds } = session.request
  const contacted = new Set(run.commands.flatMap(command => command.hosts ?? []))
  const named = targets.kind === 'hosts' ? targets.hosts : []
  const hosts = [...ledger.states.keys(), ...contacted, ...named, ...(ledger.agents.known()?.keys() ?? [])]
  for (const host of new Set(hosts)) {
    if (ledger.done.has(host)) continue
    if (run.isBroken || ledger.unreadable.has(host)) {
      yield enterRecord(ledger, silentHost(host, { code: 'unreadable-reply' }, false))
      continue
    }
    const state = ledger.states.get(host)
    const unseen = named.length > 0 && !contacted.has(host) ? 'not-contacted' : 'not-listed'
    const delivered = !session.ports.signal.aborted && (state?.delivered ?? false)
    const reason = unfinishedReason(run, state?.reason ?? { code: unseen })
    const note = delivered ? '' : describeAgent(ledger.agents.known(), host)
    yield enterRecord(ledger, silentHost(host, reason, delivered, note))
  }
  for (const host of expectedIds) {
    if (!ledger.done.has(host))
      yield enterRecord(ledger, silentHost(host, { code: 'not-matched', expectedIn: 'targets' }, false))
  }
}

function unfinishedReason({ session, isCanceled }: Collecting, state: Reason): Reason {
  if (session.ports.signal.aborted) return { code: 'run-canceled', state }
  if (!isCanceled) return { code: 'no-result', state }
  return { code: 'deadline', seconds: session.request.timeoutSeconds, state }
}
