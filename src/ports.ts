import type { Clock } from './clock.ts'
import type { Log } from './log.ts'

/** The world outside of the action. Only index.ts knows the real one. */
export interface Ports {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly log: Log
  /** The text of an input, '' if it is not set. */
  readonly getInput: (name: string) => string
  readonly setOutput: (name: string, value: string) => void
  /** Hides a secret in the log from here on. */
  readonly mask: (secret: string) => void
}
