import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { sanitize } from '../text/sanitize.ts'

/** Returns a new OIDC token (a JWT) for an audience each time it is called. */
export type TokenSource = (audience: string) => Promise<string>

export interface OidcRequest {
  readonly url: string
  readonly token: string
}

const answerSchema = z.object({ value: z.string().min(1) })

const MAX_ATTEMPTS = 5
/** An attempt must end within the lifetime of the token (milliseconds). */
const ATTEMPT_TIMEOUT = 15_000

/**
 * The runner's token service. Network failures, 429 and 5xx are retried, five attempts in all. (`core.getIDToken` of
 * @actions/core has no time limit per attempt, and reads the global environment.)
 * @throws Error when the service refuses or keeps failing; it never quotes a token.
 */
export function runnerTokens(
  request: OidcRequest,
  ports: { clock: Clock; mask: (secret: string) => void }
): TokenSource {
  return async audience => {
    let failure = ''
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (attempt > 0) await ports.clock.sleep(500 * 2 ** attempt * (0.5 + Math.random() / 2))
      const answer = await ask(request, audience)
      if ('token' in answer) {
        ports.mask(answer.token)
        return answer.token
      }
      failure = answer.failure
      if (!answer.isRetryable) break
    }
    throw new Error(
      `GitHub gave no OIDC token: ${failure}. Check that the job has the permission id-token: write.`
    )
  }
}

const claimsSchema = z.object({ sub: z.string().min(1) })

/** The `sub` that a token claims, sanitized, for messages; `null` where it cannot be read. Nothing is verified. */
export function subjectOf(token: string): string | null {
  try {
    const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')
    return sanitize(claimsSchema.parse(JSON.parse(claims)).sub)
  } catch {
    return null
  }
}

async function ask(
  { url, token }: OidcRequest,
  audience: string
): Promise<{ token: string } | { failure: string; isRetryable: boolean }> {
  const separator = url.includes('?') ? '&' : '?'
  try {
    const response = await fetch(`${url}${separator}audience=${encodeURIComponent(audience)}`, {
      headers: { authorization: `Bearer ${token}`, accept: 'application/json', 'user-agent': 'fleet-drift' },
      signal: AbortSignal.timeout(ATTEMPT_TIMEOUT)
    })
    if (!response.ok) {
      return {
        failure: `its token service answered ${response.status}`,
        isRetryable: response.status === 429 || response.status >= 500
      }
    }
    const value = tokenIn(await response.text())
    return value === null
      ? { failure: 'its token service sent no token', isRetryable: true }
      : { token: value }
  } catch (error) {
    return { failure: `its token service cannot be reached (${reasonOf(error)})`, isRetryable: true }
  }
}

function tokenIn(text: string): string | null {
  try {
    return answerSchema.parse(JSON.parse(text)).value
  } catch {
    return null
  }
}

/** What failed, such as `ECONNREFUSED` or `TimeoutError`, without a word of the request. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const cause = error.cause
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : error.name
}
