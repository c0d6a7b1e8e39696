import type { Clock } from '../../clock.ts'

/** Answers that exist at the deadline may still be read for this long (milliseconds). */
const READ_AFTER_DEADLINE = 60_000
/** GitHub kills a canceled job some ten seconds after the first signal (milliseconds). */
const READ_AFTER_CANCEL = 4_000
/** A reply that SSM does not return is given up after this long (milliseconds). */
const PATIENCE = 60_000
/**
 * A reply that was requested before the deadline is given up this soon after it (milliseconds): the remaining time
 * belongs to the replies that came last.
 */
const PATIENCE_AT_DEADLINE = 20_000

/** The time limits of one run. All times are milliseconds since 1970. */
export interface Deadline {
  readonly at: number
  /** Whether the deadline has passed or the run was canceled: nothing new is sent to the hosts. */
  isOver(): boolean
  /** Until when replies may be read. */
  readUntil(): number
  /** From now on, until when one reply may be read. */
  patience(): () => number
}

export function startDeadline(seconds: number, clock: Clock, signal: AbortSignal): Deadline {
  const at = clock.now() + seconds * 1_000
  let abortedAt = Number.POSITIVE_INFINITY
  const readUntil = (): number => {
    if (signal.aborted) abortedAt = Math.min(abortedAt, clock.now())
    return Math.min(at + READ_AFTER_DEADLINE, abortedAt + READ_AFTER_CANCEL)
  }
  return {
    at,
    isOver: () => signal.aborted || clock.now() >= at,
    readUntil,
    patience() {
      const now = clock.now()
      const last = now < at ? Math.min(now + PATIENCE, at + PATIENCE_AT_DEADLINE) : now + PATIENCE
      return () => Math.min(readUntil(), last)
    }
  }
}
