import { ApiError, describeApiError, isUncertain, limitAdvice } from '../github/api-error.ts'
import type { Entry, Identity } from '../github/ports.ts'
import type { Log } from '../log.ts'
import { sanitize } from '../text/sanitize.ts'

/** The author of what a workflow's own token writes. Nobody can register a login with brackets. */
export const BOT = 'github-actions[bot]'

/** The first line of what the action writes for a group. It finds the text again, and proves nothing about its author. */
export const markerOf = (name: string): string => `<!-- fleet-drift:${name} -->`

export function hasMarker({ body }: Entry, marker: string): boolean {
  return body.split(/\r?\n/, 1)[0] === marker
}

/** The one comment or issue that the action keeps up to date for a group. */
export interface StickyEntry<T extends Entry> {
  /** Starts every warning, for example "The rolling issue". */
  readonly subject: string
  /** The oldest entry with our marker that was written by us, for anyone can write a marker. */
  find(): Promise<T | null>
  /** `null`: there is nothing that would be worth a new entry. */
  readonly create: (() => Promise<T>) | null
  /** Returns the URL. */
  update(found: T): Promise<string>
  /** Called with a new entry that this token cannot find again. Returns the consequence, for a warning. */
  unrecognized(created: T): Promise<string>
  /** What to change after a refusal with this status. */
  hint(status: number | null): string
}

const ATTEMPTS = 3

/**
 * Updates an entry, or creates it if there is none. A refusal is a warning.
 * Returns the URL; `null` if there is no entry.
 */
export async function upsert<T extends Entry>(
  entry: StickyEntry<T>,
  identity: Identity,
  log: Log
): Promise<string | null> {
  try {
    for (let attempt = 1; ; attempt++) {
      const found = await entry.find()
      if (found !== null) return await entry.update(found)
      if (entry.create === null) return null
      try {
        const created = await entry.create()
        if (created.author !== BOT && created.author !== (await identity.whoami())) {
          const consequence = await entry.unrecognized(created)
          log.warning(
            `${entry.subject} was posted as ${sanitize(created.author, 60)}. This token cannot identify that user: ` +
              `${consequence}. Pass the workflow's own token as github-token.`
          )
        }
        return created.url
      } catch (error) {
        // It may have been created although the answer was lost: look again before creating a second one.
        if (attempt >= ATTEMPTS || !isUncertain(error)) throw error
      }
    }
  } catch (error) {
    const advice = limitAdvice(error)
    const hint = advice === '' ? entry.hint(error instanceof ApiError ? error.status : null) : advice
    log.warning(
      `${entry.subject} was refused: ${sanitize(describeApiError(error))}.${hint} The report is in the job summary.`
    )
    return null
  }
}
