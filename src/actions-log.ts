import * as core from '@actions/core'
import { commandSafe } from './inert.ts'
import type { Log } from './log.ts'

/** The log of a GitHub Actions run. `core.info` prints raw text, so every line is made safe here once more. */
export const actionsLog: Log = {
  info: text => core.info(lineSafe(text)),
  debug: text => core.debug(lineSafe(text)),
  warning: text => core.warning(lineSafe(text)),
  error: text => core.error(lineSafe(text)),
  async group(title, work) {
    core.startGroup(lineSafe(title))
    try {
      return await work()
    } finally {
      core.endGroup()
    }
  }
}

function lineSafe(text: string): string {
  return text.replaceAll('\r', '␍').split('\n').map(commandSafe).join('\n')
}
