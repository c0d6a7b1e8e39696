import * as core from '@actions/core'
import type { Log, LogPlace } from '../log.ts'
import { commandSafe } from '../text/sanitize.ts'

/** The log of a GitHub Actions run. `core.info` prints raw text, so every line is made safe here once more. */
export const actionsLog: Log = {
  info: text => core.info(lineSafe(text)),
  debug: text => core.debug(lineSafe(text)),
  warning: (text, at) => core.warning(lineSafe(text), properties(at)),
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

function properties(at: LogPlace | undefined): core.AnnotationProperties {
  if (at === undefined) return {}
  const { title, file, line } = at
  return {
    title: lineSafe(title),
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { startLine: line })
  }
}

function lineSafe(text: string): string {
  return text.replaceAll('\r', '␍').split('\n').map(commandSafe).join('\n')
}
