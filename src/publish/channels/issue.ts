import type { Issue, Issues } from '../../github/ports.ts'
import type { Log } from '../../log.ts'
import { readMemory, remember, writeMemory } from '../../report/history.ts'
import { renderMarkdown } from '../../report/markdown.ts'
import type { Memory } from '../../report/memory.ts'
import type { Shown } from '../../report/public-view.ts'
import type { Outputs, PublishPorts, VisiblePublication } from '../channel.ts'
import { BOT, hasMarker, markerOf, upsert } from '../find-or-create.ts'

/** Bytes. Leaves room for the memory of the issue, and is far below what GitHub accepts. */
const ISSUE_LIMIT = 40_000

/**
 * Keeps the group's rolling issue up to date. A pull request is judged by what it proposes, not by what is in force,
 * and a run without hosts has nothing to report: neither touches the issue.
 */
export async function upsertIssue(
  { shown, report, redacted, context, inputs }: VisiblePublication,
  { log, github }: Pick<PublishPorts, 'log' | 'github'>
): Promise<Outputs> {
  const { name, mode, startedAt } = report.run
  if (
    inputs.issue === 'never' ||
    github === null ||
    context.pullRequest !== null ||
    context.baseCommit !== undefined
  )
    return {}
  if (mode !== 'check' || report.hosts.length === 0) return {}
  const marker = markerOf(name)
  const fullReport =
    'More is in the summary of the run, and the full report is report.json in its output folder.'
  const options = { limit: ISSUE_LIMIT, marker, redacted, fullReport, runUrl: context.runUrl }
  const url = await rollingIssue(
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
  return url === null ? {} : { 'issue-url': url }
}

export interface RollingIssue {
  /** First line of the body. */
  readonly marker: string
  readonly title: string
  /** What the run has to report. */
  readonly shown: Shown
  /** YYYY-MM-DD. */
  readonly today: string
  /** The body without its last line, which is the memory. */
  readonly render: (memory: Memory) => string
}

/**
 * Opens the issue of a group when there is drift, edits it when something changed, and closes it when all is clean. A
 * closed issue is opened again when drift comes back or findings are added: what a person closed stays closed while
 * nothing is added. If nothing changed, the issue is only looked up. Its memory is its last line, which is read by schema. Returns the issue's URL, or `null`.
 */
export function rollingIssue(
  { marker, title, shown, today, render }: RollingIssue,
  issues: Issues,
  log: Log
): Promise<string | null> {
  const isClean = shown.summary.verdict === 'clean'
  const bodyOf = (memory: Memory) => `${render(memory).trimEnd()}\n\n${writeMemory(memory)}\n`
  return upsert(
    {
      subject: 'The rolling issue',
      find: () => ownIssue(marker, issues),
      create: isClean ? null : () => issues.create(title, bodyOf(remember(null, shown, today))),
      async update(found) {
        const before = readMemory(found.body)
        const memory = remember(before, shown, today)
        const changed = memory !== before
        if (!changed && !(isClean && found.open)) return found.url
        const updated = await issues.update(found.number, {
          ...(changed ? { body: bodyOf(memory) } : {}),
          ...(isClean && found.open ? { open: false } : {}),
          ...(!found.open && grew(before, memory) ? { open: true } : {})
        })
        return updated.url
      },
      // Every run would open another issue: this one is closed at once.
      async unrecognized({ number }) {
        await issues.update(number, { open: false })
        return 'the issue was closed, and every run would open another'
      },
      hint(status) {
        if (status === 410) return ' Issues are turned off in this repository.'
        return status === 401 || status === 403 || status === 404
          ? ' Give the job the permission "issues: write".'
          : ''
      }
    },
    issues,
    log
  )
}

/** Whether a run has a finding that the run before did not have. */
function grew(before: Memory | null, { since, findings, change }: Memory): boolean {
  if (since === null) return false
  if (before === null || before.since === null || change === null) return true
  return change.came.length > 0 || (change.went.length === 0 && findings > before.findings)
}

async function ownIssue(marker: string, issues: Issues): Promise<Issue | null> {
  const self = await issues.whoami()
  for (const author of self === null || self === BOT ? [BOT] : [BOT, self]) {
    for await (const issue of issues.listBy(author)) {
      if (issue.author === author && hasMarker(issue, marker)) return issue
    }
  }
  return null
}
