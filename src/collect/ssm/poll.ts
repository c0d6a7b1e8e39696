import { count, plural } from '../../text/phrases.ts'
import { type CommandCount, countCommands } from './command-counts.ts'
import type { HostLedger } from './host-ledger.ts'
import type { SentCommand } from './send.ts'
import type { SsmSession } from './session.ts'

/** No host matched the targets. */
export class NoTargetMatched extends Error {}

/** Between two counts of the commands, rising from the first to the second (milliseconds). */
const MIN_POLL_PAUSE = 1_000
const MAX_POLL_PAUSE = 5_000
const PROGRESS_INTERVAL = 5_000
/**
 * Replies are read early once this share of the hosts (and at least so many) has ended since the last sweep, or when no
 * more hosts have ended for a while (milliseconds).
 */
const SWEEP_SHARE = 0.5
const MIN_HOSTS_TO_SWEEP = 50
const MAX_SILENCE = 12_000
/** SSM's list of invocations may lag behind its counts: sweeps after the end, and the pause between them. */
const MAX_FINAL_SWEEPS = 5
const FINAL_SWEEP_PAUSE = 2_000

/** `last-sweep`: the deadline has passed or the run was canceled, and what has been answered is to be read. */
export type NextStep = 'sweep' | 'last-sweep' | 'done'

/** Watches the commands that collect, and decides when replies are to be read. */
export interface Watch {
  readonly session: SsmSession
  readonly ledger: HostLedger
  readonly counts: Map<SentCommand, CommandCount>
  /** Commands that have not ended. */
  readonly open: Set<SentCommand>
  /** Hosts that two commands count. */
  countedTwice: number
  /** There is nothing more to read. */
  isDone: boolean
  finalSweeps: number
  /** Hosts that had ended at the last sweep, and at the last count; since when the latter is unchanged. */
  completedAtSweep: number
  completedAtCount: number
  changedAt: number
  pollPause: number
  loggedAt: number
}

export function startWatch(session: SsmSession, ledger: HostLedger, commands: readonly SentCommand[]): Watch {
  const now = session.ports.clock.now()
  return {
    session,
    ledger,
    counts: new Map(),
    open: new Set(commands),
    countedTwice: 0,
    isDone: false,
    finalSweeps: 0,
    completedAtSweep: 0,
    completedAtCount: 0,
    changedAt: now,
    pollPause: MIN_POLL_PAUSE,
    loggedAt: now
  }
}

/** Also watches commands to hosts that an earlier command counts too. */
export function watchResent(watch: Watch, commands: readonly SentCommand[]): void {
  for (const command of commands) {
    watch.open.add(command)
    watch.countedTwice += command.hosts?.length ?? 0
  }
  watch.finalSweeps = 0
}

/** How many hosts SSM says are targeted, including those that it never listed. */
export const targetedHosts = (watch: Watch): number => sumOf(watch, 'targeted')

function sumOf({ counts, countedTwice }: Watch, key: 'targeted' | 'completed'): number {
  return [...counts.values()].reduce((sum, count) => sum + count[key], 0) - countedTwice
}

/**
 * Waits until there is something to read.
 * @throws NoTargetMatched
 */
export async function nextStep(watch: Watch): Promise<NextStep> {
  const { ports, deadline } = watch.session
  while (!watch.isDone) {
    if (deadline.isOver()) return stopWatching(watch)
    if (watch.open.size === 0) return nextFinalSweep(watch)
    await countOpen(watch)
    logProgress(watch)
    if (watch.open.size === 0) continue
    if (isSweepDue(watch)) return 'sweep'
    const untilDeadline = Math.max(0, deadline.at - ports.clock.now())
    await ports.clock.sleep(Math.min(watch.pollPause, untilDeadline), ports.signal)
    watch.pollPause = Math.min(MAX_POLL_PAUSE, watch.pollPause * 1.5)
  }
  return 'done'
}

function stopWatching(watch: Watch): NextStep {
  const { ports, request } = watch.session
  watch.isDone = true
  ports.log.warning(
    ports.signal.aborted
      ? 'Canceled: reading what has been answered so far.'
      : `The deadline of ${request.timeoutSeconds} s has passed: reading what has been answered so far.`
  )
  return 'last-sweep'
}

/** All commands have ended: sweeps until every host is done, or the list has had its chance to catch up. */
async function nextFinalSweep(watch: Watch): Promise<NextStep> {
  const { ports } = watch.session
  const { done, notManaged, states } = watch.ledger
  const targeted = targetedHosts(watch)
  if (done.size - notManaged >= targeted || watch.finalSweeps++ >= MAX_FINAL_SWEEPS) {
    watch.isDone = true
    const missing = targeted - states.size
    if (missing > 0)
      ports.log.warning(`SSM never listed ${missing} of ${count(targeted, 'host')} that it targeted.`)
    return 'done'
  }
  if (watch.finalSweeps > 1) await ports.clock.sleep(FINAL_SWEEP_PAUSE, ports.signal)
  return 'sweep'
}

/** Counts the open commands; those that have ended are no longer open. */
async function countOpen({ session, counts, open }: Watch): Promise<void> {
  for (const [command, count] of await countCommands(session.counter, [...open])) {
    counts.set(command, count)
    if (!count.terminal) continue
    open.delete(command)
    session.running.delete(command)
    if (count.targeted === 0 && command.hosts === null) {
      throw new NoTargetMatched(
        `No host matched the targets (${session.request.targetLines.join('; ')}). Check the tags or names, the region and the ` +
          'account; only hosts that are registered with SSM can match.'
      )
    }
  }
}

/** Logs progress, at most once in a few seconds. */
export function logProgress(watch: Watch): void {
  const { session, ledger } = watch
  const now = session.ports.clock.now()
  if (now - watch.loggedAt < PROGRESS_INTERVAL) return
  watch.loggedAt = now
  const secondsLeft = Math.max(0, Math.round((session.deadline.at - now) / 1_000))
  const completed = Math.max(sumOf(watch, 'completed'), ledger.done.size - ledger.notManaged)
  const targeted = targetedHosts(watch)
  session.ports.log.info(
    `${completed} of ${targeted || '?'} ${plural(targeted, 'host has', 'hosts have')} ended, ${ledger.silent} of them silent so far; ${secondsLeft} s left.`
  )
}

/** Whether enough hosts have ended since the last sweep, or no more seem to follow. */
function isSweepDue(watch: Watch): boolean {
  const now = watch.session.ports.clock.now()
  const completed = sumOf(watch, 'completed')
  if (completed !== watch.completedAtCount) watch.changedAt = now
  watch.completedAtCount = completed
  if (completed === watch.completedAtSweep) return false
  const minHosts = Math.max(MIN_HOSTS_TO_SWEEP, targetedHosts(watch) * SWEEP_SHARE)
  if (completed - watch.completedAtSweep < minHosts && now - watch.changedAt < MAX_SILENCE) return false
  watch.completedAtSweep = completed
  return true
}
