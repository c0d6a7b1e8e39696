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
/** TLS failures of Node.js: the certificate is not one that it knows. */
const CERTIFICATE = /^(?:DEPTH_ZERO_|UNABLE_TO_|SELF_SIGNED_|CERT_|ERR_TLS_CERT_)/
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
  return (
    NETWORK.test(errorCode(error)) ||
    error.name === 'TimeoutError' ||
    error.name === 'AbortError' ||
    isNetworkFailure(error.cause)
  )
}

/** What to check where a service was not reached, as a sentence; `null`: it was reached, as far as is known. */
export function networkAdvice(error: unknown): string | null {
  const code = errorCode(error)
  if (code === 'ERR_PROXY_TUNNEL')
    return 'The proxy of HTTPS_PROXY refuses the connection: check its address, its user and its rules, or name the host in NO_PROXY.'
  if (CERTIFICATE.test(code))
    return 'Something on the way, such as a proxy, shows a certificate that Node.js does not know: name the file of its authority in NODE_EXTRA_CA_CERTS.'
  return isNetworkFailure(error)
    ? "The network between the runner and AWS failed; check aws-region and the runner's network."
    : null
}

/** The code of a failure of Node.js, such as `ECONNREFUSED`, of the error or of its cause; empty where there is none. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return ''
  return 'code' in error && typeof error.code === 'string' ? error.code : errorCode(error.cause)
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
  const advice = networkAdvice(error)
  return advice === null ? failure : `${failure} ${advice}`
}
