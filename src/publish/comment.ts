import { isUncertain, Refusal, reasonOf } from '../github/api-error.ts'
import { BOT, bearsMarker, type Identity } from '../github/author.ts'
import type { Log } from '../log.ts'
import { sanitize } from '../text/sanitize.ts'

export interface Comment {
  readonly id: number
  readonly body: string
  readonly url: string
  /** Login. */
  readonly author: string
}

/** The comments of one pull request. A refusal is thrown as {@link Refusal}. */
export interface Comments extends Identity {
  /** Oldest first. */
  list(): AsyncIterable<Comment>
  create(body: string): Promise<Comment>
  update(id: number, body: string): Promise<Comment>
}

const ATTEMPTS = 3

/**
 * Keeps one comment for a group up to date: the oldest that bears our marker *and* was written by us, for anyone can
 * plant a marker. None is made when there is nothing to say; one that stands is updated to say so. A refusal is a
 * warning. Returns the comment's URL, or `null`.
 *
 * @param body its first line is `marker`
 */
export async function upsertComment(
  marker: string,
  body: string,
  worthCreating: boolean,
  comments: Comments,
  log: Log
): Promise<string | null> {
  try {
    for (let attempt = 1; ; attempt++) {
      const own = await ownComment(marker, comments)
      if (own !== null) return sameText(own.body, body) ? own.url : (await comments.update(own.id, body)).url
      if (!worthCreating) return null
      try {
        return (await create(body, comments, log)).url
      } catch (error) {
        // The comment may have been made though no good answer came: look again before making a second one.
        if (attempt >= ATTEMPTS || !isUncertain(error)) throw error
      }
    }
  } catch (error) {
    log.warning(
      `The pull-request comment was refused: ${sanitize(reasonOf(error))}.${hint(error)} The report is in the job summary.`
    )
    return null
  }
}

async function create(body: string, comments: Comments, log: Log): Promise<Comment> {
  const created = await comments.create(body)
  if (created.author !== BOT && created.author !== (await comments.whoami())) {
    log.warning(
      `The comment was written by ${sanitize(created.author, 60)}, whom this token cannot recognize again, so that the next ` +
        `run will write another. Give the workflow's own token as github-token.`
    )
  }
  return created
}

async function ownComment(marker: string, comments: Comments): Promise<Comment | null> {
  let self: string | null | undefined
  for await (const comment of comments.list()) {
    if (!bearsMarker(comment.body, marker)) continue
    if (comment.author === BOT) return comment
    if (self === undefined) self = await comments.whoami()
    if (self !== null && comment.author === self) return comment
  }
  return null
}

/** Whether a reader would see the same: GitHub may change line ends, and each run has its own link. */
function sameText(one: string, other: string): boolean {
  const text = (body: string) =>
    body
      .replaceAll('\r\n', '\n')
      .replace(/\/actions\/runs\/\d+/g, '/actions/runs/')
      .trim()
  return text(one) === text(other)
}

function hint(error: unknown): string {
  const status = error instanceof Refusal ? error.status : null
  return status === 401 || status === 403 || status === 404
    ? ' Give the job the permission "pull-requests: write", and check that the conversation is not locked.'
    : ''
}
