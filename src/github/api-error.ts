import * as z from 'zod'
import { errorMessage } from '../lib/error-message.ts'

/** A limit on the number of requests, which refused one. */
export interface RateLimit {
  /**
   * `secondary`: too many at once, so that waiting helps; `primary`: the token's requests of this hour are used up.
   * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
   */
  readonly kind: 'primary' | 'secondary'
  /** Milliseconds to wait; `null`: GitHub does not say. */
  readonly waitMs: number | null
  /** When the primary limit ends, in milliseconds since 1970; `null`: unknown. */
  readonly resetAt: number | null
}

/** A request to GitHub that failed. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** HTTP status; `null`: GitHub did not answer. */
  readonly status: number | null
  readonly limit: RateLimit | null

  constructor(message: string, status: number | null, limit: RateLimit | null = null) {
    super(message)
    this.status = status
    this.limit = limit
  }
}

const headerSchema = z.union([z.string(), z.number()]).transform(Number).optional().catch(undefined)
const responseSchema = z.object({
  status: z.int(),
  response: z.object({
    headers: z
      .object({
        'retry-after': headerSchema,
        'x-ratelimit-remaining': headerSchema,
        'x-ratelimit-reset': headerSchema
      })
      .default({})
  })
})

/** Octokit sets a status even on network errors; only an error with a response was answered. */
export function apiErrorOf(error: unknown): ApiError {
  const answered = responseSchema.safeParse(error)
  if (!answered.success) return new ApiError(`GitHub cannot be reached: ${errorMessage(error)}`, null)
  const { status, response } = answered.data
  const message = errorMessage(error)
  return new ApiError(message, status, limitOf(status, response.headers, message))
}

function limitOf(
  status: number,
  headers: z.infer<typeof responseSchema>['response']['headers'],
  message: string
): RateLimit | null {
  if (status !== 403 && status !== 429) return null
  const { 'retry-after': seconds, 'x-ratelimit-remaining': remaining, 'x-ratelimit-reset': reset } = headers
  if (seconds !== undefined) return { kind: 'secondary', waitMs: seconds * 1000, resetAt: null }
  if (remaining === 0)
    return { kind: 'primary', waitMs: null, resetAt: reset === undefined ? null : reset * 1000 }
  // GitHub has no other sign of a secondary limit without a time.
  if (status === 429 || /secondary rate limit/i.test(message))
    return { kind: 'secondary', waitMs: null, resetAt: null }
  return null
}

/** Whether the same request may succeed later. */
export function isTransient({ status, limit }: ApiError): boolean {
  return status === null || status >= 500 || limit?.kind === 'secondary'
}

/** Whether GitHub may have done what was requested, although it did not say so. */
export function isUncertain(error: unknown): boolean {
  return error instanceof ApiError && (error.status === null || error.status >= 500)
}

export function describeApiError(error: unknown): string {
  const message = errorMessage(error)
  return error instanceof ApiError && error.status !== null ? `${error.status} ${message}` : message
}

/** What a limit means for the user, as a sentence after a blank; empty without one. */
export function limitAdvice(error: unknown): string {
  const limit = error instanceof ApiError ? error.limit : null
  if (limit === null) return ''
  if (limit.kind === 'secondary')
    return ' GitHub limits how many requests may come at once, and waiting did not help.'
  const until = limit.resetAt === null ? '' : ` until ${new Date(limit.resetAt).toISOString().slice(0, 16)}Z`
  return ` The rate limit of the token is used up${until}.`
}
