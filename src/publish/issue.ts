import { isUncertain, Refusal, reasonOf } from '../github/api-error.ts'
import { BOT, bearsMarker, type Identity } from '../github/author.ts'
import type { Log } from '../log.ts'
import { type Memory, readMemory, remember, writeMemory } from '../report/history.ts'
import type { Shown } from '../report/public-view.ts'
import { sanitize } from '../text/sanitize.ts'

export interface Issue {
  readonly number: number
  readonly body: string
  readonly open: boolean
  readonly url: string
  /** Login. */
  readonly author: string
}

/** The issues of a repository. A refusal is thrown as {@link Refusal}. */
export interface Issues extends Identity {
  /** Those that somebody opened, pull requests apart, open and closed ones, oldest first. */
  listBy(author: string): AsyncIterable<Issue>
  create(title: string, body: string): Promise<Issue>
  update(number: number, change: { readonly body?: string; readonly open?: boolean }): Promise<Issue>
}

export interface RollingIssue {
  /** First line of the body. */
  readonly marker: string
  readonly title: string
  /** What the run has to tell. */
  readonly shown: Shown
  /** YYYY-MM-DD. */
  readonly today: string
  /** The body without its last line, which is the memory. */
  readonly render: (memory: Memory) => string
}

const ATTEMPTS = 3

/**
 * Keeps one issue for a group: opened when there is something to say, edited when something changed, closed when all is
 * clean, reopened when drift comes back. When nothing changed nothing is called beyond the look for it, and an issue
 * that a person closed stays closed. It is the oldest that bears our marker *and* was written by us; what it remembers
 * is read from its own last line, by schema. A refusal is a warning. Returns the issue's URL, or `null`.
 */
export async function upsertIssue(wanted: RollingIssue, issues: Issues, log: Log): Promise<string | null> {
  const { marker, title, shown, today, render } = wanted
  const clean = shown.summary.verdict === 'clean'
  const bodyOf = (memory: Memory) => `${render(memory).trimEnd()}\n\n${writeMemory(memory)}\n`
  try {
    for (let attempt = 1; ; attempt++) {
      const own = await ownIssue(marker, issues)
      if (own !== null) {
        const before = readMemory(own.body)
        const memory = remember(before, shown, today)
        const changed = memory !== before
        if (!changed && !(clean && own.open)) return own.url
        const open = !clean
        const updated = await issues.update(own.number, {
          ...(changed ? { body: bodyOf(memory) } : {}),
          ...(own.open === open ? {} : { open })
        })
        return updated.url
      }
      if (clean) return null
      try {
        return await create(title, bodyOf(remember(null, shown, today)), issues, log)
      } catch (error) {
        // The issue may have been made though no good answer came: look again before making a second one.
        if (attempt >= ATTEMPTS || !isUncertain(error)) throw error
      }
    }
  } catch (error) {
    log.warning(
      `The rolling issue was refused: ${sanitize(reasonOf(error))}.${hint(error)} The report is in the job summary.`
    )
    return null
  }
}

/** An issue that could not be found again would be made anew by every run: it is closed at once. */
async function create(title: string, body: string, issues: Issues, log: Log): Promise<string> {
  const created = await issues.create(title, body)
  if (created.author !== BOT && created.author !== (await issues.whoami())) {
    await issues.update(created.number, { open: false })
    log.warning(
      `The rolling issue was written by ${sanitize(created.author, 60)}, whom this token cannot recognize again: it was ` +
        `closed, and each run would make another. Give the workflow's own token as github-token.`
    )
  }
  return created.url
}

async function ownIssue(marker: string, issues: Issues): Promise<Issue | null> {
  const self = await issues.whoami()
  for (const author of self === null || self === BOT ? [BOT] : [BOT, self]) {
    for await (const issue of issues.listBy(author)) {
      if (issue.author === author && bearsMarker(issue.body, marker)) return issue
    }
  }
  return null
}

function hint(error: unknown): string {
  const status = error instanceof Refusal ? error.status : null
  if (status === 410) return ' Issues are turned off in this repository.'
  return status === 401 || status === 403 || status === 404
    ? ' Give the job the permission "issues: write".'
    : ''
}
