import { z } from 'zod'
import { errorMessage } from '../lib/error-message.ts'

/** A request to GitHub that failed. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** HTTP status; `null`: GitHub did not answer. */
  readonly status: number | null

  constructor(message: string, status: number | null) {
    super(message)
    this.status = status
  }
}

const responseSchema = z.object({ status: z.int(), response: z.object({}) })

/** Octokit sets a status even on network errors; only an error with a response was answered. */
export function apiErrorOf(error: unknown): ApiError {
  const answered = responseSchema.safeParse(error)
  return answered.success
    ? new ApiError(errorMessage(error), answered.data.status)
    : new ApiError(`GitHub cannot be reached: ${errorMessage(error)}`, null)
}

/** Whether the same request may succeed later. */
export function isTransient({ status }: ApiError): boolean {
  return status === null || status === 429 || status >= 500
}

/** Whether GitHub may have done what was requested, although it did not say so. */
export function isUncertain(error: unknown): boolean {
  return error instanceof ApiError && (error.status === null || error.status >= 500)
}

export function describeApiError(error: unknown): string {
  const message = errorMessage(error)
  return error instanceof ApiError && error.status !== null ? `${error.status} ${message}` : message
}
