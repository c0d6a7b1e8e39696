import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { types } from 'node:util'
import type { Clock } from '../../src/clock.ts'
import { recordingLog } from './recording-log.ts'

// Jest runs tests in a realm of their own, in which the errors of Node's network are not `instanceof Error`. Here they
// are, as on a runner, which has one realm.
Object.defineProperty(Error, Symbol.hasInstance, {
  value(this: unknown, thing: unknown) {
    return this === Error
      ? types.isNativeError(thing)
      : Function.prototype[Symbol.hasInstance].call(this, thing)
  }
})

/** What a service does with one request. */
export type Answer = { readonly status?: number; readonly body: string } | 'hangs' | 'resets'

export interface Services {
  /** The runner's token service, as a job knows it. */
  readonly oidc: { url: string; token: string }
  /** Forms sent to STS, in order. */
  readonly requests: URLSearchParams[]
  /** Tokens that were issued, in order. */
  readonly tokens: string[]
  readonly audiences: (string | null)[]
  /** Answers of STS and of the token service, one per request; the last one is repeated. */
  sts: Answer[]
  github: (Answer | 'token')[]
  /** Called when a request hangs: its time limits are set. */
  onHang: () => void
  close(): Promise<void>
}

const SUBJECT = 'repo:acme@1234/infra@5678:ref:refs/heads/main'

/** Both services on loopback; the environment points the SDK to them. */
export async function startServices(): Promise<Services> {
  const services: Omit<Services, 'oidc'> & { oidc: Services['oidc'] } = {
    oidc: { url: '', token: 'request-token' },
    requests: [],
    tokens: [],
    audiences: [],
    sts: [session()],
    github: ['token'],
    onHang: () => undefined,
    close: () => stop(server)
  }
  const server = createServer(async (request, response) => {
    const body = await textOf(request)
    const url = new URL(request.url ?? '/', 'http://loopback')
    const answer = url.pathname === '/token' ? issueToken(request, url) : assume(body)
    if (answer === 'hangs') return services.onHang()
    if (answer === 'resets') return void request.socket.destroy()
    response.writeHead(answer.status ?? 200, { 'content-type': 'text/xml' }).end(answer.body)
  })

  function issueToken(request: IncomingMessage, url: URL): Answer {
    services.audiences.push(url.searchParams.get('audience'))
    const next = services.github.length > 1 ? services.github.shift() : services.github[0]
    if (next !== 'token' && next !== undefined) return next
    if (request.headers.authorization !== `Bearer ${services.oidc.token}`) return { status: 401, body: '{}' }
    const claims = Buffer.from(JSON.stringify({ sub: SUBJECT, jti: services.tokens.length }))
    const token = `head.${claims.toString('base64url')}.signature`
    services.tokens.push(token)
    return { body: JSON.stringify({ value: token }) }
  }

  function assume(body: string): Answer {
    services.requests.push(new URLSearchParams(body))
    return (services.sts.length > 1 ? services.sts.shift() : services.sts[0]) ?? session()
  }

  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  services.oidc.url = `${base}/token?api-version=2.0`
  process.env.AWS_ENDPOINT_URL = base
  return services
}

async function stop(server: Server): Promise<void> {
  delete process.env.AWS_ENDPOINT_URL
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
}

async function textOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request) body += chunk
  return body
}

/** A role session that STS grants; `expires` in milliseconds since 1970. */
export function session(key = 'ASIAONE', expires = Date.now() + 3_600_000): Answer {
  return {
    body:
      '<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>' +
      `<Credentials><AccessKeyId>${key}</AccessKeyId><SecretAccessKey>secret-of-${key}</SecretAccessKey>` +
      `<SessionToken>session-of-${key}</SessionToken><Expiration>${new Date(expires).toISOString()}</Expiration></Credentials>` +
      '<AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/fleet-drift/run</Arn><AssumedRoleId>A:run</AssumedRoleId></AssumedRoleUser>' +
      '</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>'
  }
}

/** The account of ambient credentials, as STS reports it. */
export const identity = (account: string): Answer => ({
  body:
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>' +
    `<Account>${account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
})

/** An error as STS sends it. */
export const refusal = (code: string, message: string, status = 400): Answer => ({
  status,
  body:
    '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>' +
    `<Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`
})

/** Ports whose clock moves only by its sleeps, which take no time and are recorded. */
export function ports() {
  let now = Date.now()
  const slept: number[] = []
  const masked: string[] = []
  const clock: Clock & { advance(milliseconds: number): void } = {
    now: () => now,
    advance: milliseconds => {
      now += milliseconds
    },
    sleep: async milliseconds => {
      slept.push(milliseconds)
      now += milliseconds
    }
  }
  const log = recordingLog()
  return { clock, log, mask: (secret: string) => void masked.push(secret), slept, masked, lines: log.lines }
}

const realTimer = globalThis.setTimeout
const realTimeout = AbortSignal.timeout
const SPEED = 20
/** Shorter limits, such as the one of a connection, keep their time: a busy machine needs it. */
const MIN_HURRIED = 10_000

/**
 * Makes time limits pass twenty times as fast, until a request to the services hangs: what is sent after that one has
 * its real limits.
 */
export function hurry(services: Services): { restore(): void } {
  const hurried = (milliseconds: number) => (milliseconds < MIN_HURRIED ? milliseconds : milliseconds / SPEED)
  const faster = ((act: () => void, milliseconds = 0, ...rest: []) =>
    realTimer(act, hurried(milliseconds), ...rest)) as typeof setTimeout
  const restore = () => {
    globalThis.setTimeout = realTimer
    AbortSignal.timeout = realTimeout
  }
  globalThis.setTimeout = Object.assign(faster, realTimer)
  AbortSignal.timeout = milliseconds => realTimeout.call(AbortSignal, hurried(milliseconds))
  services.onHang = restore
  return { restore }
}
