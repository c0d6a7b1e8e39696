import { appendFile, stat } from 'node:fs/promises'
import { errorMessage } from '../../lib/error-message.ts'
import type { Log } from '../../log.ts'
import { renderMarkdown } from '../../report/markdown.ts'
import { sanitize } from '../../text/sanitize.ts'
import type { Outputs, PublishPorts, VisiblePublication } from '../channel.ts'

/** GitHub shows nothing of a step's summary that has more bytes. */
const MAX_SUMMARY_BYTES = 1_048_576
/** For a report (bytes): leaves room for what else the step writes. */
const REPORT_LIMIT = MAX_SUMMARY_BYTES - 8_192

/** The file that the runner shows as the step's summary. */
export interface SummaryFile {
  /** Bytes in it so far. */
  size(): Promise<number>
  append(text: string): Promise<void>
}

/** Adds the report to the job summary. */
export async function writeSummary(
  { shown, redacted, outputDir, summaryPath }: VisiblePublication,
  { log }: Pick<PublishPorts, 'log'>
): Promise<Outputs> {
  if (summaryPath === null) return {}
  const fullReport = `The full report is report.json, in the run's output folder (${outputDir}).`
  await addSummary(
    renderMarkdown(shown, { limit: REPORT_LIMIT, redacted, fullReport }),
    summaryFile(summaryPath),
    log
  )
  return {}
}

/** Appends to the job summary. It is a warning if GitHub would drop the summary, or if it cannot be written. */
export async function addSummary(markdown: string, file: SummaryFile, log: Log): Promise<void> {
  try {
    const bytes = (await file.size()) + Buffer.byteLength(markdown)
    if (bytes > MAX_SUMMARY_BYTES) {
      log.warning(
        `The job summary would have ${bytes} bytes, and GitHub shows at most ${MAX_SUMMARY_BYTES}: it was left out.`
      )
      return
    }
    await file.append(markdown)
  } catch (error) {
    log.warning(`The job summary could not be written: ${sanitize(errorMessage(error))}`)
  }
}

/** @param path `GITHUB_STEP_SUMMARY` */
export function summaryFile(path: string): SummaryFile {
  return {
    async size() {
      try {
        return (await stat(path)).size
      } catch {
        return 0
      }
    },
    append: text => appendFile(path, text)
  }
}
