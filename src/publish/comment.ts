import { inert } from '../inert.ts'
import type { Log } from '../log.ts'

export interface Comment {
  readonly id: number
  readonly body: string
  readonly url: string
  readonly author: string
}

/** The comments of one pull request. */
export interface Comments {
  list(): AsyncIterable<Comment>
  create(body: string): Promise<Comment>
  update(id: number, body: string): Promise<Comment>
  /** The login of the token's own user, where the token may tell. */
  whoami(): Promise<string | null>
}

const BOT = 'github-actions[bot]'

/** First line of our comment for a group. */
export const markerOf = (name: string): string => `<!-- fleet-drift:${name} -->`

/**
 * Keeps one comment for a group up to date: the one that bears our marker *and* was written by us, for anyone can plant
 * a marker. None is made when there is nothing to say; one that stands is updated to say so. A refusal is a warning.
 * Returns the comment's URL, or `null`.
 */
export async function keepComment(
  marker: string,
  body: string,
  worthCreating: boolean,
  comments: Comments,
  log: Log
): Promise<string | null> {
  try {
    const own = await ownComment(marker, comments)
    if (own === null) return worthCreating ? (await comments.create(body)).url : null
    return own.body.trim() === body.trim() ? own.url : (await comments.update(own.id, body)).url
  } catch (error) {
    log.warning(
      `The pull-request comment was refused: ${inert(error instanceof Error ? error.message : String(error))}. ` +
        'Check that the job has the permission pull-requests: write.'
    )
    return null
  }
}

async function ownComment(marker: string, comments: Comments): Promise<Comment | null> {
  const marked: Comment[] = []
  for await (const comment of comments.list()) {
    if (comment.body.split(/\r?\n/, 1)[0] === marker) marked.push(comment)
  }
  if (marked.length === 0) return null
  const byBot = marked.find(comment => comment.author === BOT)
  if (byBot !== undefined) return byBot
  const self = await comments.whoami()
  return marked.find(comment => self !== null && comment.author === self) ?? null
}
