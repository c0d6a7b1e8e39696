import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { sanitize } from '../text/sanitize.ts'

/** What the command line needs of the world outside. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  /** Whether the output understands colors. */
  readonly color: boolean
  readonly print: (text: string) => void
  readonly printError: (text: string) => void
}

/** Colors are for terminals, unless NO_COLOR is set (no-color.org). */
export function wantsColor(env: Terminal['env'], isTerminal: boolean): boolean {
  return isTerminal && !env.NO_COLOR && env.TERM !== 'dumb'
}

/** A log for a person: results on one stream, progress and problems on the other. */
export function terminalLog({ color, print, printError }: Terminal): Log {
  const paint = (code: number, text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text)
  return {
    color,
    info: text => (text.includes('\n') ? print(text) : printError(paint(2, text))),
    debug: () => undefined,
    warning: (text, at) => {
      // A warning with a heading repeats a finding of the report.
      if (at === undefined) printError(paint(33, `Warning: ${text}`))
    },
    error: text => printError(paint(31, `Error: ${text}`)),
    async group(title, work) {
      printError(paint(1, sanitize(title)))
      return work()
    }
  }
}
