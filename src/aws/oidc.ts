import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { sanitize } from '../text/sanitize.ts'

/** Gives a new OIDC token (a JWT) for an audience each time it is called. */
export type TokenSource = (audience: string) => Promise<string>

export interface OidcRequest {
  readonly url: string
  readonly token: string
}

const answerSchema = z.object({ value: z.string().min(1) })

const ATTEMPTS = 5
/** A hung attempt must not outlive the token's own life (milliseconds). */
const ATTEMPT_TIMEOUT = 15_000

/**
 * The runner's token service. Network failures, 429 and 5xx are tried again, five times in all.
 * @throws Error when the service refuses or keeps failing; it never quotes a token.
 */
export function runnerTokens(
  request: OidcRequest,
  ports: { clock: Clock; mask: (secret: string) => void }
): TokenSource {
  return async audience => {
    let failure = ''
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt > 0) await ports.clock.sleep(500 * 2 ** attempt * (0.5 + Math.random() / 2))
      const answer = await ask(request, audience)
      if ('token' in answer) {
        ports.mask(answer.token)
        return answer.token
      }
      failure = answer.failure
      if (!answer.again) break
    }
    throw new Error(
      `GitHub gave no OIDC token: ${failure}. Check that the job has the permission id-token: write.`
    )
  }
}

const claimsSchema = z.object({ sub: z.string().min(1) })

/** The `sub` that a token claims, made inert, to tell it; `null` where it cannot be read. Nothing is verified. */
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
): Promise<{ token: string } | { failure: string; again: boolean }> {
  const separator = url.includes('?') ? '&' : '?'
  try {
    const response = await fetch(`${url}${separator}audience=${encodeURIComponent(audience)}`, {
      headers: { authorization: `Bearer ${token}`, accept: 'application/json', 'user-agent': 'fleet-drift' },
      signal: AbortSignal.timeout(ATTEMPT_TIMEOUT)
    })
    if (!response.ok) {
      return {
        failure: `its token service answered ${response.status}`,
        again: response.status === 429 || response.status >= 500
      }
    }
    const value = tokenIn(await response.text())
    return value === null ? { failure: 'its token service sent no token', again: true } : { token: value }
  } catch (error) {
    return { failure: `its token service cannot be reached (${reasonOf(error)})`, again: true }
  }
}

function tokenIn(text: string): string | null {
  try {
    return answerSchema.parse(JSON.parse(text)).value
  } catch {
    return null
  }
}

/** `ECONNREFUSED`, `TimeoutError` …: what failed, without a word of the request. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const cause = error.cause
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : error.name
}
