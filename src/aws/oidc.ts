import * as z from 'zod'
import type { Clock } from '../clock.ts'
import { sanitize } from '../text/sanitize.ts'
import { errorCode, errorName, isNetworkFailure, networkAdvice } from './errors.ts'
import { get } from './http.ts'

/** Returns a new OIDC token (a JWT) for an audience each time it is called. */
export type TokenSource = (audience: string) => Promise<string>

export interface OidcRequest {
  readonly url: string
  readonly token: string
}

const PERMISSION_ADVICE = 'Check that the job has the permission id-token: write.'
const NETWORK_ADVICE =
  "Check the runner's network: it must reach *.actions.githubusercontent.com, or a proxy that HTTPS_PROXY names."

const answerSchema = z.object({ value: z.string().min(1) })

const MAX_ATTEMPTS = 5
/** An attempt must end within the lifetime of the token (milliseconds). */
const ATTEMPT_TIMEOUT = 15_000
const MAX_ANSWER_BYTES = 256 * 1024

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
    let advice = ''
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (attempt > 0) await ports.clock.sleep(500 * 2 ** attempt * (0.5 + Math.random() / 2))
      const answer = await ask(request, audience)
      if ('token' in answer) {
        ports.mask(answer.token)
        return answer.token
      }
      failure = answer.failure
      advice = answer.advice ?? PERMISSION_ADVICE
      if (!answer.isRetryable) break
    }
    throw new Error(`GitHub gave no OIDC token: ${failure}. ${advice}`)
  }
}

/** What a token claims, sanitized, for messages. Nothing is verified. */
export interface Claims {
  /** Without its scheme, as AWS names an OIDC provider; that of github.com where it cannot be read. */
  readonly issuer: string
  /** `null`: it cannot be read. */
  readonly subject: string | null
}

const GITHUB_ISSUER = 'token.actions.githubusercontent.com'
const claimsSchema = z.object({ sub: z.string().min(1), iss: z.string().optional() })

/** GitHub Enterprise Server and GHE.com have issuers of their own. */
export function claimsOf(token: string): Claims {
  try {
    const text = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')
    const { sub, iss = '' } = claimsSchema.parse(JSON.parse(text))
    const issuer = sanitize(iss.replace(/^https:\/\//, '').replace(/\/$/, ''))
    return { issuer: issuer || GITHUB_ISSUER, subject: sanitize(sub) }
  } catch {
    return { issuer: GITHUB_ISSUER, subject: null }
  }
}

async function ask(
  { url, token }: OidcRequest,
  audience: string
): Promise<{ token: string } | { failure: string; isRetryable: boolean; advice?: string }> {
  const separator = url.includes('?') ? '&' : '?'
  try {
    const { status, body } = await get(
      new URL(`${url}${separator}audience=${encodeURIComponent(audience)}`),
      { authorization: `Bearer ${token}`, accept: 'application/json', 'user-agent': 'fleet-drift' },
      { timeoutMs: ATTEMPT_TIMEOUT, maxBytes: MAX_ANSWER_BYTES }
    )
    if (status !== 200) {
      return {
        failure: `its token service answered ${status}`,
        isRetryable: status === 429 || status >= 500
      }
    }
    const value = tokenIn(body.toString('utf8'))
    return value === null
      ? { failure: 'its token service sent no token', isRetryable: true }
      : { token: value }
  } catch (error) {
    return {
      failure: `its token service cannot be reached (${reasonOf(error)})`,
      isRetryable: true,
      advice: isNetworkFailure(error) ? NETWORK_ADVICE : (networkAdvice(error) ?? NETWORK_ADVICE)
    }
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
  return errorCode(error) || errorName(error) || 'unknown'
}
