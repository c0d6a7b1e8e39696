import { errorMessage } from '../lib/error-message.ts'
import { sanitize } from '../text/sanitize.ts'

/** The name of an error, as AWS gives it. */
export function errorName(error: unknown): string {
  return error instanceof Error ? error.name : ''
}

/** Ids of hosts, which the log of a public repository must not show. */
const HOST_ID = /\b(m?i)-[0-9a-f]{8,17}\b/g

/** The text of an error without its final period and without host ids; sanitized, because it may quote a service. */
export function errorText(error: unknown): string {
  const text = errorMessage(error)
  return sanitize(text, 600).replace(/\.$/, '').replace(HOST_ID, '$1-…')
}

const THROTTLED = /Throttl|TooManyRequests|RequestLimitExceeded|RateExceeded|SlowDown/
const NETWORK = /^(ECONNRESET|ECONNREFUSED|EPIPE|ETIMEDOUT|EAI_AGAIN|ENOTFOUND|EHOSTUNREACH|ENETUNREACH)$/

export function isThrottled(error: unknown): boolean {
  return THROTTLED.test(errorName(error))
}

/** Whether AWS no longer accepts the credentials of the call because of their age. */
export function hasExpired(error: unknown): boolean {
  return /^(ExpiredToken|ExpiredTokenException|RequestExpired)$/.test(errorName(error))
}

/** Whether the same call may succeed a little later: it was throttled, or the service or the network failed. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const status = statusOf(error) ?? 0
  return (
    THROTTLED.test(error.name) ||
    status === 429 ||
    status >= 500 ||
    isNetworkFailure(error) ||
    // A response that does not parse comes from something between here and AWS.
    error.name === 'SyntaxError'
  )
}

export function isNetworkFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return (
    NETWORK.test(code) ||
    error.name === 'TimeoutError' ||
    error.name === 'AbortError' ||
    isNetworkFailure(error.cause)
  )
}

function statusOf(error: Error): number | undefined {
  const metadata = '$metadata' in error ? error.$metadata : undefined
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined
}

/** What to do where a policy denies an action explicitly: no other policy can allow it. */
export const EXPLICIT_DENY =
  'A policy denies this explicitly, and no permission that is added can change that: the error says what kind of policy it is (a service control policy belongs to the organization).'

/** What an AWS error means for the user, and what to do. @param action the IAM action, such as `ssm:SendCommand` */
export function explainAwsError(error: unknown, action: string): string {
  const name = errorName(error)
  const failure = `${action} failed: ${name}: ${errorText(error)}.`
  if (/explicit deny/i.test(errorText(error))) return `${failure} ${EXPLICIT_DENY}`
  if (/AccessDenied|UnauthorizedOperation/.test(name))
    return `${failure} Allow ${action} in the role's permissions (docs/credentials.md).`
  if (
    /ExpiredToken|InvalidClientTokenId|UnrecognizedClient|InvalidSignature|CredentialsProvider/.test(name)
  ) {
    return `${failure} The AWS credentials are not valid: check role-to-assume, or the credentials of the environment.`
  }
  if (name === 'InvalidDocument' || name === 'InvalidDocumentVersion') {
    return `${failure} Check the document input: it must exist in this region and be shared with this account.`
  }
  if (THROTTLED.test(name))
    return `${failure} AWS kept throttling this account; try again later, or target fewer hosts at once.`
  if (isNetworkFailure(error))
    return `${failure} The network between the runner and AWS failed; check aws-region and the runner's network.`
  return failure
}
