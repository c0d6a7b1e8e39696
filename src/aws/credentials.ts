import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { EXPLICIT_DENY, errorName, errorText, isTransient, networkAdvice } from './errors.ts'
import { proxyAgents } from './http.ts'
import { type Claims, claimsOf, type TokenSource } from './oidc.ts'

/** AWS credentials, handed to clients explicitly and never exported. */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly expiration: Date
}

/** A credential provider for the AWS SDK's clients, and the account that the role belongs to. */
export interface RoleSession {
  /** @param refused credentials that AWS no longer accepts: new ones are returned */
  credentials(refused?: Credentials): Promise<Credentials>
  account(): Promise<string>
}

export interface RoleRequest {
  readonly arn: string
  readonly sessionName: string
  readonly durationSeconds: number
  readonly audience: string
  readonly inlineSessionPolicy: string | null
  readonly region: string
  /** `owner/repo`, for the forms of `sub` that this job may send. */
  readonly repository: string
}

/** The role could not be assumed; the message says what to change. */
export class CredentialsError extends Error {}

export interface CredentialPorts {
  readonly tokens: TokenSource
  readonly clock: Clock
  readonly log: Log
  readonly mask: (secret: string) => void
}

const MAX_ATTEMPTS = 6
/** Credentials are renewed when less than this remains (milliseconds). */
const RENEW_BEFORE = 5 * 60_000

/**
 * Assumes the role through OIDC when credentials are first requested, and again before they expire. Each attempt uses a
 * new token, because a used or old one may be what was refused.
 * @throws CredentialsError from both methods, with what to change.
 */
export function assumeRole(request: RoleRequest, ports: CredentialPorts): RoleSession {
  let current: { credentials: Credentials; account: string } | null = null
  let pending: Promise<{ credentials: Credentials; account: string }> | null = null
  const session = async (refused?: Credentials) => {
    if (refused !== undefined && current?.credentials === refused) current = null
    if (current !== null && current.credentials.expiration.getTime() - ports.clock.now() > RENEW_BEFORE)
      return current
    pending ??= assume(request, ports).finally(() => {
      pending = null
    })
    current = await pending
    return current
  }
  return {
    credentials: async refused => (await session(refused)).credentials,
    account: async () => (await session()).account
  }
}

async function assume(request: RoleRequest, ports: CredentialPorts) {
  const sts = new STSClient({
    region: request.region,
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: 5_000,
      requestTimeout: 15_000,
      throwOnRequestTimeout: true,
      ...proxyAgents()
    },
    // AssumeRoleWithWebIdentity is not signed: the token is the proof.
    credentials: { accessKeyId: 'unsigned', secretAccessKey: 'unsigned' }
  })
  try {
    for (let attempt = 1; ; attempt++) {
      const token = await ports.tokens(request.audience).catch(error => {
        throw new CredentialsError(errorText(error))
      })
      try {
        const answer = await sts.send(
          new AssumeRoleWithWebIdentityCommand({
            RoleArn: request.arn,
            RoleSessionName: request.sessionName,
            DurationSeconds: request.durationSeconds,
            WebIdentityToken: token,
            ...(request.inlineSessionPolicy === null ? {} : { Policy: request.inlineSessionPolicy })
          })
        )
        return readAnswer(answer, ports)
      } catch (error) {
        if (error instanceof CredentialsError) throw error
        if (attempt >= MAX_ATTEMPTS || !isRetryable(error))
          throw new CredentialsError(explain(error, request, claimsOf(token)))
        ports.log.debug(`Assuming the role failed (${errorName(error)}); trying again with a new token.`)
        await ports.clock.sleep(Math.min(15_000, 500 * 2 ** attempt) * (0.5 + Math.random() / 2))
      }
    }
  } finally {
    sts.destroy()
  }
}

function readAnswer(
  answer: {
    Credentials?:
      | (Partial<Record<'AccessKeyId' | 'SecretAccessKey' | 'SessionToken', string | undefined>> & {
          Expiration?: Date | undefined
        })
      | undefined
    AssumedRoleUser?: { Arn?: string | undefined } | undefined
  },
  ports: CredentialPorts
) {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = answer.Credentials ?? {}
  if (!AccessKeyId || !SecretAccessKey || !SessionToken)
    throw new CredentialsError('STS answered without credentials')
  for (const secret of [AccessKeyId, SecretAccessKey, SessionToken]) ports.mask(secret)
  return {
    credentials: {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
      expiration: Expiration ?? new Date(ports.clock.now() + 15 * 60_000)
    },
    account: answer.AssumedRoleUser?.Arn?.split(':')[4] ?? ''
  }
}

/** AWS could not reach GitHub's keys, the token expired on the way, or the failure is transient. */
function isRetryable(error: unknown): boolean {
  const name = errorName(error)
  if (/^(?:IDPCommunicationError|ExpiredToken)/.test(name)) return true
  if (name === 'InvalidIdentityToken' || name === 'InvalidIdentityTokenException') {
    return /retrieve verification key/i.test(errorText(error))
  }
  return isTransient(error)
}

/** @param claims those of the refused token */
function explain(error: unknown, request: RoleRequest, claims: Claims): string {
  const name = errorName(error)
  const failure = `The role ${request.arn} could not be assumed: ${name}: ${errorText(error)}.`
  const advice = networkAdvice(error)
  if (advice !== null) return `${failure} ${advice}`
  switch (true) {
    case /explicit deny/i.test(errorText(error)):
      return `${failure} ${EXPLICIT_DENY}`
    case /AccessDenied/.test(name):
      return `${failure} ${trustPolicyAdvice(request, claims)}`
    case /thumbprint|certificate/i.test(errorText(error)):
      return `${failure} Check the thumbprints of the OIDC provider ${claims.issuer} in the account.`
    case /InvalidIdentityToken/.test(name):
      return `${failure} Check that the account has the OIDC provider ${claims.issuer} with audience "${request.audience}".`
    case /MalformedPolicyDocument|PackedPolicyTooLarge/.test(name):
      return `${failure} Check inline-session-policy.`
    case /DurationSeconds/.test(errorText(error)):
      return `${failure} role-duration-seconds may exceed the role's maximum session duration.`
    case name === 'ValidationError':
      return `${failure} Check role-to-assume and the other inputs of the role.`
    case /^RegionDisabled/.test(name):
      return `${failure} STS is not active in ${request.region} for this account.`
    default:
      return failure
  }
}

function trustPolicyAdvice({ audience, repository }: RoleRequest, { issuer, subject }: Claims): string {
  const [owner, repo] = repository.split('/')
  const [first, second] = [owner || 'OWNER', repo || 'REPOSITORY']
  return (
    'Check that the role exists and that its trust policy allows sts:AssumeRoleWithWebIdentity for ' +
    `${issuer}:aud "${audience}" and a ${issuer}:sub that ` +
    `matches this job: "repo:${first}/${second}:…", or, for repositories created, renamed or transferred since 2026-07-15, ` +
    `"repo:${first}@OWNER_ID/${second}@REPOSITORY_ID:…"` +
    `${subject === null ? '' : `; this job's token says "${subject}"`} (docs/credentials.md).`
  )
}
