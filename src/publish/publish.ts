import type { RunContext } from '../context.ts'
import type { Log } from '../log.ts'
import { renderMarkdown } from '../report/markdown.ts'
import { countsOnly, type Shown } from '../report/public-view.ts'
import { redactReport } from '../report/redact.ts'
import type { Report } from '../report/report.ts'
import { renderTerminal } from '../report/terminal.ts'
import { keepComment, markerOf } from './comment.ts'
import { writeFiles } from './files.ts'
import type { GitHub } from './github.ts'
import { reportOutputs } from './outputs.ts'
import { addSummary, SUMMARY_LIMIT, summaryFile } from './summary.ts'

export interface PublishRequest {
  readonly report: Report
  readonly context: RunContext
  readonly outputDir: string
  readonly redact: boolean
  readonly publishToPublic: boolean
  readonly comment: boolean
  /** File that the runner shows as the job summary. */
  readonly summaryPath: string | null
}

export interface PublishPorts {
  readonly log: Log
  readonly github: GitHub | null
  readonly setOutput: (name: string, value: string) => void
}

/** Far below what GitHub takes (bytes, the marker included). */
const COMMENT_LIMIT = 60_000

/**
 * Publishes a report: files and outputs first, then the log, the summary and the comment. Whatever GitHub refuses is a
 * warning: a run is judged by its report, not by its paper.
 */
export async function publish(request: PublishRequest, ports: PublishPorts): Promise<void> {
  const { outputDir, summaryPath } = request
  const { log, setOutput } = ports
  const { report, count: redacted } = request.redact
    ? redactReport(request.report)
    : { report: request.report, count: 0 }
  const paths = await writeFiles(report, redacted, outputDir)
  for (const [name, value] of Object.entries({ ...reportOutputs(report), ...paths })) setOutput(name, value)

  const shown = (await mayShowHosts(request, ports)) ? report : countsOnly(report)
  log.info(`\n${renderTerminal(shown)}\n`)
  if (summaryPath !== null) {
    const whole = `The full report is report.json, in the run's output folder (${outputDir}).`
    await addSummary(
      renderMarkdown(shown, { limit: SUMMARY_LIMIT, redacted, whole }),
      summaryFile(summaryPath),
      log
    )
  }
  const url = await comment(shown, redacted, request, ports)
  if (url !== null) setOutput('comment-url', url)
}

/** Keeps the pull request's comment; a run that may not write there has none. */
async function comment(
  shown: Shown,
  redacted: number,
  { report, context, comment }: PublishRequest,
  { log, github }: PublishPorts
): Promise<string | null> {
  const { pullRequest, runUrl } = context
  if (!comment || github === null || pullRequest === null || pullRequest.untrusted) return null
  const { name } = report.run
  const marker = markerOf(name)
  const whole = 'More is in the summary of the run, and the full report is report.json in its output folder.'
  const body = renderMarkdown(shown, { limit: COMMENT_LIMIT, marker, redacted, whole, runUrl })
  const worthCreating = report.summary.verdict !== 'clean' || report.summary.findings > 0
  return keepComment(marker, body, worthCreating, github.comments(pullRequest.number), log)
}

/** Whether the log, the summary and the comment may tell of hosts. Unknown counts as public. */
async function mayShowHosts(
  { context, publishToPublic }: PublishRequest,
  { github }: PublishPorts
): Promise<boolean> {
  if (publishToPublic || context.repository === null) return true
  if (context.isPrivate !== null) return context.isPrivate
  return (await github?.isPublic()) === false
}
