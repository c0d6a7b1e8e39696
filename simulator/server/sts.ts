import { randomBytes, randomUUID } from 'node:crypto'
import { type Reply, ServiceError } from './call-log.ts'

const ACCOUNT = '111122223333'

export interface SessionOptions {
  /** How long a role session lasts, as STS reports it; by default as long as the job requests. */
  readonly sessionSeconds?: number
  /** A session expires after so many calls, whatever its reported expiration. */
  readonly callsPerSession?: number
}

interface Session {
  readonly sessionToken: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  callsLeft: number
}

/** The token service of the runner and AWS STS, as far as a job needs them. */
export function tokenServices(now: () => number, options: SessionOptions = {}) {
  const requestToken = randomBytes(12).toString('hex')
  const issued = new Map<string, { audience: string; used: boolean }>()
  const sessions = new Map<string, Session>()
  return {
    requestToken,

    /** Checks the credentials of one call. */
    checkCredentials(accessKeyId: string, sessionToken: string): 'valid' | 'unknown' | 'expired' {
      const session = sessions.get(accessKeyId)
      if (session === undefined || session.sessionToken !== sessionToken) return 'unknown'
      return session.expiresAt > now() && session.callsLeft-- > 0 ? 'valid' : 'expired'
    },

    idToken(url: URL, authorization: string | undefined): Reply {
      if (authorization !== `Bearer ${requestToken}`)
        return { status: 401, body: '{"message":"Bad credentials"}' }
      const audience = url.searchParams.get('audience') ?? 'https://github.com/acme'
      const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
      const claims = {
        jti: randomUUID(),
        sub: 'repo:acme@1234/infra@5678:ref:refs/heads/main',
        aud: audience,
        iss: 'https://token.actions.githubusercontent.com',
        exp: Math.floor(now() / 1000) + 300
      }
      const token = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}.${randomBytes(32).toString('base64url')}`
      issued.set(token, { audience, used: false })
      return {
        status: 200,
        body: JSON.stringify({ count: token.length, value: token }),
        headers: { 'content-type': 'application/json' }
      }
    },

    /** @throws ServiceError as STS does. */
    assumeRole(form: URLSearchParams): Reply {
      const token = issued.get(form.get('WebIdentityToken') ?? '')
      const arn = form.get('RoleArn') ?? ''
      const name = form.get('RoleSessionName') ?? ''
      const seconds = Number(form.get('DurationSeconds') ?? 3600)
      if (!/^[\w+=,.@-]{2,64}$/.test(name))
        throw new ServiceError('ValidationError', 'RoleSessionName is not valid')
      if (!(seconds >= 900 && seconds <= 43_200))
        throw new ServiceError('ValidationError', 'DurationSeconds is not valid')
      if (token === undefined || token.used)
        throw new ServiceError('InvalidIdentityToken', 'The web identity token is not valid')
      token.used = true
      if (token.audience !== 'sts.amazonaws.com')
        throw new ServiceError('InvalidIdentityToken', 'Incorrect token audience')
      const role = /^arn:aws:iam::(\d{12}):role\/(.+)$/.exec(arn)
      if (role === null || role[1] !== ACCOUNT || role[2] !== 'fleet-drift') {
        throw new ServiceError('AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity', 403)
      }
      const key = `ASIA${randomBytes(8).toString('hex').toUpperCase()}`
      const sessionToken = randomBytes(60).toString('base64')
      const expiresAt = now() + (options.sessionSeconds ?? seconds) * 1000
      const callsLeft = options.callsPerSession ?? Number.POSITIVE_INFINITY
      sessions.set(key, { sessionToken, expiresAt, callsLeft })
      return xml(
        'AssumeRoleWithWebIdentity',
        `<Credentials><AccessKeyId>${key}</AccessKeyId><SecretAccessKey>${randomBytes(30).toString('base64')}</SecretAccessKey>` +
          `<SessionToken>${sessionToken}</SessionToken><Expiration>${new Date(expiresAt).toISOString()}</Expiration></Credentials>` +
          `<AssumedRoleUser><Arn>arn:aws:sts::${ACCOUNT}:assumed-role/fleet-drift/${name}</Arn><AssumedRoleId>AROA1:${name}</AssumedRoleId></AssumedRoleUser>`
      )
    },

    callerIdentity: (): Reply =>
      xml(
        'GetCallerIdentity',
        `<Arn>arn:aws:iam::${ACCOUNT}:user/demo</Arn><UserId>AIDA1</UserId><Account>${ACCOUNT}</Account>`
      )
  }
}

function xml(action: string, result: string): Reply {
  const body =
    `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result>${result}</${action}Result>` +
    `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></${action}Response>`
  return { status: 200, body, headers: { 'content-type': 'text/xml' } }
}

export function xmlError(error: ServiceError): Reply {
  const body =
    `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${error.type}</Code>` +
    `<Message>${error.message}</Message></Error><RequestId>${randomUUID()}</RequestId></ErrorResponse>`
  return { status: error.status, body, headers: { 'content-type': 'text/xml' } }
}
