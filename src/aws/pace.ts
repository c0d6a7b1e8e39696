import type { Clock } from '../clock.ts'

/**
 * How fast one action may be called. AWS publishes no rates, and all callers of an account share them: the pace starts
 * low, doubles about every second until the first throttling, and then stays below the rate that was refused.
 */
export interface Pace {
  /** Resolves when the next call may be made. */
  turn(): Promise<void>
  /** A call was answered. */
  answered(): void
  /** A call was throttled. */
  throttled(): void
}

/** Calls per second. */
const FIRST_RATE = 6
const MIN_RATE = 0.5
const MAX_RATE = 100
/** Calls per second that each answered call adds: before the first throttling, and near the rate that was refused. */
const FAST_STEP = 0.7
const SLOW_STEP = 0.03
/** Share of the rate that remains after a throttling. */
const BACK_OFF = 0.75
/** Further throttling within this time hits calls that were already under way, and counts once (milliseconds). */
const SAME_THROTTLING = 1_000

/** A pace by additive increase and multiplicative decrease (Chiu and Jain, 1989). */
export function startPace(clock: Clock): Pace {
  let rate = FIRST_RATE
  let refused: number | null = null
  let next = 0
  let slowedAt = Number.NEGATIVE_INFINITY
  return {
    async turn() {
      const now = clock.now()
      const at = Math.max(now, next)
      next = at + 1_000 / rate
      if (at > now) await clock.sleep(at - now)
    },
    answered() {
      const step = refused === null || rate < refused / 2 ? FAST_STEP : SLOW_STEP
      rate = Math.min(MAX_RATE, rate + step)
    },
    throttled() {
      const now = clock.now()
      if (now - slowedAt < SAME_THROTTLING) return
      slowedAt = now
      refused = rate
      rate = Math.max(MIN_RATE, rate * BACK_OFF)
      next = Math.max(next, now + 1_000 / rate)
    }
  }
}
