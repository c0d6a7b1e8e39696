import type { Count } from './api.ts'
import type { SentCommand } from './send.ts'
import type { SsmSession } from './session.ts'

/** No host matched the targets. */
export class NoTargetMatched extends Error {}

/** Milliseconds between two looks at the commands, rising from the first to the second. */
const FIRST_POLL = 1_000
const SLOWEST_POLL = 5_000
const PROGRESS_EVERY = 5_000
/** Replies are read early once this share of the hosts has ended since the last sweep, or when no more come for a while. */
const SWEEP_SHARE = 0.5
const SWEEP_LEAST = 50
const QUIET = 12_000
/** SSM's list of invocations may lag behind its counts: looks at it after the end, and milliseconds between them. */
const LAG_LOOKS = 5
const LAG_PAUSE = 2_000

/** How many hosts have been given, and how many of them were silent. */
export interface Progress {
  given: number
  silent: number
  /** Hosts that SSM has listed. */
  listed: number
}

/** What there is to do next. `late`: the deadline has passed or the run was cancelled, and the last sweep is due. */
export type Next = 'sweep' | 'late' | 'over'

/** Watches the run's first commands and says when their replies are to be read. */
export function watchCommands(talk: SsmSession, sent: readonly SentCommand[], tally: Progress) {
  const { request, ports, reader, deadline } = talk
  const { log, clock, signal } = ports
  const counts = new Map<SentCommand, Count>()
  const open = new Set(sent)
  let ended = false
  let over = false
  let swept = 0
  let completedBefore = 0
  let changedAt = clock.now()
  let lagLooks = 0
  /** Hosts that two commands count. */
  let again = 0
  let interval = FIRST_POLL
  let told = clock.now()

  const sum = (of: 'targeted' | 'completed') =>
    [...counts.values()].reduce((total, known) => total + known[of], 0) - again

  /** Looks at every open command; a command that has ended is no longer open. */
  async function look(): Promise<void> {
    for (const [command, known] of await reader.count([...open])) {
      counts.set(command, known)
      if (!known.terminal) continue
      open.delete(command)
      talk.ended(command)
      if (known.targeted === 0 && command.hosts === null) {
        throw new NoTargetMatched(
          `No host matched the targets (${request.targetLines.join('; ')}). Check the tags or names, the region and the ` +
            'account; only hosts that are registered with SSM can match.'
        )
      }
    }
  }

  function tell(): void {
    if (clock.now() - told < PROGRESS_EVERY) return
    told = clock.now()
    const left = Math.max(0, Math.round((deadline - told) / 1_000))
    const completed = Math.max(sum('completed'), tally.given)
    log.info(
      `${completed} of ${sum('targeted') || '?'} hosts have ended, ${tally.silent} of them silent so far; ${left} s left.`
    )
  }

  /** Whether enough hosts have ended since the last sweep, or no more seem to come. */
  function isDue(): boolean {
    const completed = sum('completed')
    if (completed !== completedBefore) changedAt = clock.now()
    completedBefore = completed
    if (completed === swept) return false
    const many = completed - swept >= Math.max(SWEEP_LEAST, sum('targeted') * SWEEP_SHARE)
    if (!many && clock.now() - changedAt < QUIET) return false
    swept = completed
    return true
  }

  return {
    tell,
    /** Watches commands too that ask hosts again which an earlier one did not reach. */
    add(commands: readonly SentCommand[]): void {
      for (const command of commands) {
        open.add(command)
        again += command.hosts?.length ?? 0
      }
      if (commands.length > 0) ended = false
      lagLooks = 0
    },
    targeted: () => sum('targeted'),
    /** Waits until there is something to read. */
    async next(): Promise<Next> {
      while (!over) {
        if (talk.stopping()) {
          over = true
          log.warning(
            signal.aborted
              ? 'Cancelled: reading what has been answered so far.'
              : `The deadline of ${request.timeoutSeconds} s has passed: reading what has been answered so far.`
          )
          return 'late'
        }
        if (ended && (tally.given >= sum('targeted') || lagLooks++ >= LAG_LOOKS)) {
          over = true
          const missing = sum('targeted') - tally.listed
          if (missing > 0)
            log.warning(`SSM targeted ${sum('targeted')} hosts and never listed ${missing} of them.`)
          return 'over'
        }
        if (ended && lagLooks > 1) await clock.sleep(LAG_PAUSE, signal)
        if (ended) return 'sweep'
        await look()
        tell()
        ended = open.size === 0
        if (ended) continue
        if (isDue()) return 'sweep'
        await clock.sleep(Math.min(interval, Math.max(0, deadline - clock.now())), signal)
        interval = Math.min(SLOWEST_POLL, interval * 1.5)
      }
      return 'over'
    }
  }
}
