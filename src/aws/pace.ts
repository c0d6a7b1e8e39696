import type { Clock } from '../clock.ts'

/**
 * How fast one action may be called. AWS publishes no rates and shares them over the account: the pace starts low,
 * doubles about every second until the first throttling, and then stays under the rate that was refused.
 */
export interface Pace {
  /** Resolves when the next call may go. */
  turn(): Promise<void>
  /** A call was answered. */
  answered(): void
  /** A call was throttled. */
  throttled(): void
}

/** Calls a second. */
const FIRST_RATE = 6
const MIN_RATE = 0.5
const MAX_RATE = 100
/** What an answered call adds before the first throttling, and a second's calls after it, as a share of the rate. */
const OPENING_STEP = 0.7
const STEADY_STEP = 0.03
/** Throttled at this rate: go on with so much of it. Calls that were under way then are not counted again. */
const BACK_OFF = 0.75
const SAME_STORM = 1_000

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
      const step = refused === null || rate < refused / 2 ? OPENING_STEP : STEADY_STEP
      rate = Math.min(MAX_RATE, rate + step)
    },
    throttled() {
      const now = clock.now()
      if (now - slowedAt < SAME_STORM) return
      slowedAt = now
      refused = rate
      rate = Math.max(MIN_RATE, rate * BACK_OFF)
      next = Math.max(next, now + 1_000 / rate)
    }
  }
}
