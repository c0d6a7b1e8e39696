import type { GitHub } from '../github/api.ts'
import { markerOf } from '../github/author.ts'
import type { RunContext } from '../github/context.ts'
import type { Log } from '../log.ts'
import { annotationsOf } from '../report/annotations.ts'
import { type Places, placesIn, type SourceFile } from '../report/finding-locations.ts'
import { renderMarkdown } from '../report/markdown.ts'
import { countsOnly, isPublicView, type Shown } from '../report/public-view.ts'
import { redactReport } from '../report/redact.ts'
import type { Report } from '../report/report.ts'
import { renderTerminal } from '../report/terminal.ts'
import { upsertComment } from './comment.ts'
import { writeFiles } from './files.ts'
import { upsertIssue } from './issue.ts'
import { reportOutputs } from './outputs.ts'
import { addSummary, SUMMARY_LIMIT, summaryFile } from './summary.ts'

export interface PublishRequest {
  readonly report: Report
  /** The baseline as it was read; `null` where there is none. */
  readonly baseline: SourceFile | null
  readonly context: RunContext
  readonly outputDir: string
  readonly redact: boolean
  readonly publishToPublic: boolean
  readonly comment: boolean
  readonly issue: boolean
  /** File that the runner shows as the job summary. */
  readonly summaryPath: string | null
}

export interface PublishPorts {
  readonly log: Log
  readonly github: Pick<GitHub, 'comments' | 'issues' | 'isPublic'> | null
  readonly setOutput: (name: string, value: string) => void
}

/** Far below what GitHub takes (bytes, the marker included). */
const COMMENT_LIMIT = 60_000
/** Leaves room for what the issue remembers. */
const ISSUE_LIMIT = 40_000
const ELSEWHERE =
  'More is in the summary of the run, and the full report is report.json in its output folder.'

/**
 * Publishes a report: files and outputs first, then the log, the summary, the annotations, the
 * comment and the issue. Whatever GitHub refuses is a
 * warning: a run is judged by its report, not by its paper.
 */
export async function publish(request: PublishRequest, ports: PublishPorts): Promise<void> {
  const { outputDir, summaryPath } = request
  const { log, setOutput } = ports
  const { report, count: redacted } = request.redact
    ? redactReport(request.report)
    : { report: request.report, count: 0 }
  const places = placesIn(request.baseline, request.context.workflow)
  const paths = await writeFiles(report, redacted, places, outputDir)
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
  annotate(shown, places, log)
  const commentUrl = await comment(shown, redacted, request, ports)
  if (commentUrl !== null) setOutput('comment-url', commentUrl)
  const issueUrl = await issue(shown, redacted, request, ports)
  if (issueUrl !== null) setOutput('issue-url', issueUrl)
}

/** Shows the findings of a check beside the lines they are about. */
function annotate(shown: Shown, places: Places, log: Log): void {
  if (modeOf(shown) !== 'check') return
  for (const { title, message, place } of annotationsOf(shown, places)) {
    log.warning(message, place === null ? { title } : { title, file: place.path, line: place.line })
  }
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
  const body = renderMarkdown(shown, { limit: COMMENT_LIMIT, marker, redacted, whole: ELSEWHERE, runUrl })
  const worthCreating =
    report.summary.verdict !== 'clean' || report.summary.findings > 0 || report.plan !== undefined
  return upsertComment(marker, body, worthCreating, github.comments(pullRequest.number), log)
}

/**
 * Keeps the group's rolling issue. A pull request is judged against what it proposes, not against what holds, and a run
 * that knows of no host knows nothing that the issue should tell: neither touches it.
 */
async function issue(
  shown: Shown,
  redacted: number,
  { report, context, issue }: PublishRequest,
  { log, github }: PublishPorts
): Promise<string | null> {
  const { name, mode, startedAt } = report.run
  if (!issue || github === null || context.pullRequest !== null) return null
  if (mode !== 'check' || report.hosts.length === 0) return null
  const marker = markerOf(name)
  const options = { limit: ISSUE_LIMIT, marker, redacted, whole: ELSEWHERE, runUrl: context.runUrl }
  return upsertIssue(
    {
      marker,
      title: `Fleet Drift: ${name}`,
      shown,
      today: startedAt.slice(0, 10),
      render: memory => renderMarkdown(shown, { ...options, memory })
    },
    github.issues(),
    log
  )
}

function modeOf(shown: Shown): string {
  return isPublicView(shown) ? shown.mode : shown.run.mode
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
