import { appendFile, stat } from 'node:fs/promises'
import type { Log } from '../log.ts'
import { sanitize } from '../text/sanitize.ts'

/** GitHub drops a step's summary over this many bytes whole. */
const MAX_SUMMARY_BYTES = 1_048_576

/** What a summary may take (bytes), with room for what else the step may say. */
export const SUMMARY_LIMIT = MAX_SUMMARY_BYTES - 8_192

/** The file that the runner shows as the step's summary. */
export interface SummaryFile {
  /** Bytes in it so far. */
  size(): Promise<number>
  append(text: string): Promise<void>
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

/** Adds to the job summary. What would make GitHub drop it, or cannot be written, is a warning. */
export async function addSummary(markdown: string, file: SummaryFile, log: Log): Promise<void> {
  try {
    const bytes = (await file.size()) + Buffer.byteLength(markdown)
    if (bytes > MAX_SUMMARY_BYTES) {
      log.warning(
        `The job summary would have ${bytes} bytes, and GitHub shows none over ${MAX_SUMMARY_BYTES}: it was left out.`
      )
      return
    }
    await file.append(markdown)
  } catch (error) {
    log.warning(
      `The job summary could not be written: ${sanitize(error instanceof Error ? error.message : String(error))}`
    )
  }
}
