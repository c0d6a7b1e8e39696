import type { CommandInvocation } from '@aws-sdk/client-ssm'
import type { Targets } from '../../inputs/targets.ts'
import type { HostRecord } from '../../snapshot/snapshot.ts'
import { count } from '../../text/phrases.ts'
import { silentHost } from '../host-record.ts'
import { previewFrame } from '../protocol/frame.ts'
import { CHUNK_BYTES, MAX_LISTED_BYTES } from '../protocol/limits.ts'
import { openReply } from '../protocol/reply.ts'
import type { Shell } from '../script/shell.ts'
import { describeAgent } from './agents.ts'
import type { DedupState } from './dedup-replies.ts'
import { enterRecord, type HostLedger } from './host-ledger.ts'
import { type InvocationState, isCanceled, isOtherPlatform, listedState } from './invocation-status.ts'
import { readLongReplies } from './long-replies.ts'
import type { LongReply } from './long-reply.ts'
import { logProgress, type Watch, watchResent } from './poll.ts'
import type { Sent, SentCommand } from './send.ts'
import { recordReply, replyRequest, type SsmSession } from './session.ts'

/** A collection that is under way. */
export interface Collecting {
  readonly session: SsmSession
  readonly ledger: HostLedger
  readonly watch: Watch
  /** All commands that collect. */
  readonly commands: SentCommand[]
  /** Hosts that SSM did not accept as targets, and those that the role may not reach. */
  readonly notManaged: readonly string[]
  readonly denied: readonly string[]
  /** Hosts that SSM refused because of their platform, and the shell of the document. */
  readonly otherPlatform: ReadonlyMap<string, Shell>
  /** `null`: hosts do not retain their answers. */
  readonly dedup: DedupState | null
  /** Sends the queries to hosts. */
  readonly sendQueries: (targets: Targets, shell: Shell) => Promise<Sent>
  /** Hosts of the other platform, and the shell that they were sent last. */
  readonly resent: Map<string, Shell>
  /** Whether hosts of the other platform may be sent its document. */
  mayResend: boolean
  /** The commands were canceled at the deadline, or because the run was canceled. */
  isCanceled: boolean
  /** SSM refused to let the run read on. */
  isBroken: boolean
}

const otherShell = ({ shell }: SentCommand): Shell => (shell === 'posix' ? 'powershell' : 'posix')

/**
 * Reads the replies of all hosts that have ended and are not done yet, 50 hosts per call. A whole answer counts whatever
 * SSM says of its command; after the deadline, so does what a command had printed by then.
 */
export async function* sweep(run: Collecting): AsyncGenerator<HostRecord> {
  const { session, ledger } = run
  const found: Found = { long: new Map(), toResend: new Map() }
  try {
    for (const command of run.commands) {
      for await (const page of session.api.pages(command, true)) {
        const open = page.filter(({ InstanceId: host = '' }) => host !== '' && !ledger.done.has(host))
        await ledger.agents.learn(open.map(({ InstanceId = '' }) => InstanceId))
        for (const invocation of open) yield* read(run, command, invocation, found)
      }
    }
  } catch (error) {
    session.api.warnIfTransient(error, 'ssm:ListCommandInvocations')
  }
  await resend(run, found.toResend)
  const long = [...found.long.values()]
  const replies = readLongReplies(session, long, run.dedup, () => logProgress(run.watch))
  for await (const record of replies) yield enterRecord(ledger, record)
  for (const { host } of long) if (!ledger.done.has(host)) ledger.unreadable.add(host)
}

/** What a sweep leaves for later, by host. */
interface Found {
  readonly long: Map<string, LongReply>
  readonly toResend: Map<string, Shell>
}

/** Reads one host's reply as SSM lists it: the host's record, or what is left to do for it. */
function* read(
  run: Collecting,
  command: SentCommand,
  invocation: CommandInvocation,
  { long, toResend }: Found
): Generator<HostRecord> {
  const { session, ledger } = run
  const { InstanceId: host = '', CommandPlugins } = invocation
  if (ledger.done.has(host) || long.has(host)) return
  const state = noteState(run, command, host, invocation)
  const output = CommandPlugins?.[0]?.Output ?? ''
  const reply = openReply(output, replyRequest(session, command, host))
  const known = state ?? ledger.states.get(host) ?? listedState(invocation, session.request.timeoutSeconds)
  const hasFrame = previewFrame(output, session.nonce) !== null
  if (reply.kind !== 'broken') yield enterRecord(ledger, recordReply(session, command, host, reply, known))
  else if (!state?.terminal) {
    // The agent sends what was printed before it says that the command has ended.
    if (run.isCanceled && hasFrame)
      long.set(host, longReply(run, command, host, { ...known, terminal: false }, output))
  } else if (mayResend(run, command, host, state)) toResend.set(host, otherShell(command))
  else if (!state.delivered) yield enterRecord(ledger, undelivered(ledger, host, state))
  else if (!hasFrame && mayBeLinux(run, command, host))
    yield enterRecord(ledger, notForPowerShell(ledger, host))
  else long.set(host, longReply(run, command, host, state, output))
}

/** Whether a host was sent AWS's document for PowerShell, which is for Linux too, and SSM does not call it Windows. */
function mayBeLinux({ ledger, resent }: Collecting, { shell }: SentCommand, host: string): boolean {
  const isWindows = resent.has(host) || ledger.agents.known()?.get(host)?.platform === 'windows'
  return shell === 'powershell' && !isWindows
}

function notForPowerShell({ agents }: HostLedger, host: string): HostRecord {
  const isKnown = (agents.known()?.get(host)?.platform ?? null) !== null
  return silentHost(host, { code: isKnown ? 'other-platform' : 'platform-unknown' }, false)
}

/** Notes a host's state; `null` where the invocation says nothing new of the host. */
function noteState(
  { session, ledger, resent, isCanceled: wasCanceled }: Collecting,
  command: SentCommand,
  host: string,
  invocation: CommandInvocation
): InvocationState | null {
  const state = listedState(invocation, session.request.timeoutSeconds)
  if (wasCanceled && isCanceled(state)) {
    // Our own cancellation hides how far the host had come, and says nothing against it.
    if (!ledger.states.has(host)) ledger.states.set(host, { ...state, delivered: false })
    return null
  }
  if (isOtherPlatform(state) && (resent.get(host) ?? command.shell) !== command.shell) return null
  ledger.states.set(host, state)
  return state
}

function undelivered({ agents }: HostLedger, host: string, state: InvocationState): HostRecord {
  return silentHost(host, state.reason, false, state.unreachable ? describeAgent(agents.known(), host) : '')
}

function longReply(
  { session, dedup }: Collecting,
  command: SentCommand,
  host: string,
  state: InvocationState,
  output: string
): LongReply {
  const preview = previewFrame(output, session.nonce)
  const total = preview?.header.total ?? 0
  if (total > CHUNK_BYTES || (dedup !== null && total > MAX_LISTED_BYTES))
    session.retaining.set(host, command.shell)
  return { command, host, state, preview }
}

/** Whether a host that the document is not for may be sent AWS's document for the other platform. */
function mayResend(run: Collecting, command: SentCommand, host: string, state: InvocationState): boolean {
  const { session } = run
  return (
    isOtherPlatform(state) &&
    session.request.document === null &&
    !run.resent.has(host) &&
    run.mayResend &&
    !session.deadline.isOver() &&
    session.queries[otherShell(command)].length > 0
  )
}

/** Sends hosts the document for their platform. */
export async function resend(run: Collecting, hosts: ReadonlyMap<string, Shell>): Promise<void> {
  const { log } = run.session.ports
  for (const shell of new Set(hosts.values())) {
    const ids = [...hosts].filter(([, own]) => own === shell).map(([host]) => host)
    for (const host of ids) run.resent.set(host, shell)
    log.debug(
      `Sending the document for ${shell === 'posix' ? 'Linux and macOS' : 'Windows'} to ${count(ids.length, 'host')} of that platform.`
    )
    const { commands, notManaged, otherPlatform, denied, error } = await run.sendQueries(
      { kind: 'hosts', hosts: ids },
      shell
    )
    run.commands.push(...commands)
    if (error !== null) {
      // The role may not send the other document: these hosts keep the state that they have.
      log.warning(error.message)
      for (const host of ids) run.resent.delete(host)
      run.mayResend = false
    }
    for (const host of [...notManaged, ...otherPlatform, ...denied]) run.resent.delete(host)
    watchResent(run.watch, commands)
  }
}
