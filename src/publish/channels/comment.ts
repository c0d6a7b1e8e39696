import type { Comment, Comments } from '../../github/ports.ts'
import type { Log } from '../../log.ts'
import { renderMarkdown } from '../../report/markdown.ts'
import type { Outputs, PublishPorts, VisiblePublication } from '../channel.ts'
import { BOT, hasMarker, markerOf, upsert } from '../find-or-create.ts'

/** Bytes, with the marker. GitHub accepts more. */
const COMMENT_LIMIT = 60_000

/** Keeps the pull request's comment up to date; a run that may not write there has none. */
export async function upsertComment(
  { shown, report, redacted, context, inputs }: VisiblePublication,
  { log, github }: Pick<PublishPorts, 'log' | 'github'>
): Promise<Outputs> {
  const { pullRequest, runUrl } = context
  if (inputs.comment === 'never' || github === null || pullRequest === null || pullRequest.untrusted)
    return {}
  const { verdict, findings } = report.summary
  const marker = markerOf(report.run.name)
  const fullReport =
    'More is in the summary of the run, and the full report is report.json in its output folder.'
  const url = await stickyComment(
    {
      marker,
      body: renderMarkdown(shown, { limit: COMMENT_LIMIT, marker, redacted, fullReport, runUrl }),
      isWorthCreating: verdict !== 'clean' || findings > 0 || report.plan !== undefined
    },
    github.comments(pullRequest.number),
    log
  )
  return url === null ? {} : { 'comment-url': url }
}

export interface StickyComment {
  readonly marker: string
  /** Its first line is `marker`. */
  readonly body: string
  /** Whether to create the comment if there is none; an existing one is always updated. */
  readonly isWorthCreating: boolean
}

/** Creates or updates the comment of a group. Returns its URL, or `null`. */
export function stickyComment(
  { marker, body, isWorthCreating }: StickyComment,
  comments: Comments,
  log: Log
): Promise<string | null> {
  return upsert(
    {
      subject: 'The pull-request comment',
      find: () => ownComment(marker, comments),
      create: isWorthCreating ? () => comments.create(body) : null,
      update: async found =>
        (isSameText(found.body, body) ? found : await comments.update(found.id, body)).url,
      unrecognized: async () => 'the next run will post a duplicate',
      hint: status =>
        status === 401 || status === 403 || status === 404
          ? ' Give the job the permission "pull-requests: write", and check that the conversation is not locked.'
          : ''
    },
    comments,
    log
  )
}

/** The oldest comment with our marker by the workflow's token, or by whoever this token writes as. */
async function ownComment(marker: string, comments: Comments): Promise<Comment | null> {
  let self: string | null | undefined
  for await (const comment of comments.list()) {
    if (!hasMarker(comment, marker)) continue
    if (comment.author === BOT) return comment
    if (self === undefined) self = await comments.whoami()
    if (comment.author === self) return comment
  }
  return null
}

/** Whether a reader would see the same: GitHub may change line breaks, and each run has its own link. */
function isSameText(one: string, other: string): boolean {
  const text = (body: string) =>
    body
      .replaceAll('\r\n', '\n')
      .replace(/\/actions\/runs\/\d+/g, '/actions/runs/')
      .trim()
  return text(one) === text(other)
}
