import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { SimulatedFleet } from '../fleet/host.ts'
import { type Agent, shellAgent } from './agent.ts'
import { type Call, type Fault, type Reply, rateLimiter, readBody, ServiceError, send } from './call-log.ts'
import { githubService } from './github.ts'
import { type SsmOptions, ssmService } from './ssm/service.ts'
import { tokenServices, xmlError } from './sts.ts'

export interface ServerOptions extends Partial<SsmOptions> {
  readonly publicRepository?: boolean
  /** The one bucket there is: its region, and whether the role may read it or the hosts write to it. */
  readonly bucket?: { readonly region: string; readonly readable?: boolean; readonly writable?: boolean }
  /** Answers for these hosts; real shells do for the others. */
  readonly scripted?: { readonly hosts: ReadonlySet<string>; readonly agent: Pick<Agent, 'run'> }
  readonly fault?: Fault
  /** Milliseconds that every answer of AWS takes. */
  readonly latencyMs?: number
  /** Calls a second that SSM allows, by action; beyond them it answers ThrottlingException. */
  readonly callsPerSecond?: Readonly<Record<string, number>>
  /** How long a role session really lasts, whatever its expiration says (seconds). */
  readonly sessionSeconds?: number
  /** Whether `sessionSeconds` is told as the expiration. */
  readonly reportsExpiration?: boolean
}

export type SimulatorServer = Awaited<ReturnType<typeof startServer>>

/** Starts all services that a job talks to, on loopback. */
export async function startServer(fleet: SimulatedFleet, options: ServerOptions = {}) {
  const calls: Call[] = []
  const started = performance.now()
  const at = () => performance.now() - started
  const limits = new Map(
    Object.entries(options.callsPerSecond ?? {}).map(([action, rate]) => [action, rateLimiter(rate, at)])
  )
  const githubToken = `ghs_${randomBytes(18).toString('hex')}`
  const tokens = tokenServices(() => Date.now(), options)
  const agent = await shellAgent()
  const { scripted } = options
  const hands: Agent = {
    run: (host, ...rest) => (scripted?.hosts.has(host.id) ? scripted.agent : agent).run(host, ...rest)
  }
  const ssm = ssmService(fleet, hands, {
    concurrency: options.concurrency ?? 4,
    unlistedMs: options.unlistedMs ?? 300,
    listLagMs: options.listLagMs ?? 0,
    documents: options.documents ?? {},
    store: (path, content) => {
      if (options.bucket?.writable !== false) objects.set(path, content)
    }
  })
  const github = githubService(githubToken, options.publicRepository !== true)
  const objects = new Map<string, Buffer>()
  let fault = options.fault
  let base = ''

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', base)
    const text = await readBody(request)
    const call: Call = { ...nameCall(request, url, text), atMs: at(), errorType: null }
    calls.push(call)
    const made = fault?.(call)
    if (made === 'reset') {
      request.socket.destroy()
      return
    }
    const allowed = call.service !== 'ssm' || (limits.get(call.action)?.() ?? true)
    const delay = typeof made === 'object' && 'delay' in made ? made.delay : (options.latencyMs ?? 0)
    if (delay > 0) await new Promise(resolve => setTimeout(resolve, delay))
    try {
      if (!allowed) throw new ServiceError('ThrottlingException', 'Rate exceeded')
      if (typeof made === 'object' && 'status' in made)
        throw new ServiceError(made.type, made.message ?? made.type, made.status)
      const whole = answer(call, request, url)
      if (made === 'lost') request.socket.destroy()
      else send(response, typeof made === 'object' && 'body' in made ? { ...whole, body: made.body } : whole)
    } catch (error) {
      const told =
        error instanceof ServiceError ? error : new ServiceError('InternalFailure', String(error), 500)
      call.errorType = told.type
      send(response, refuse(call, told))
    }
  }

  function answer(call: Call, request: IncomingMessage, url: URL): Reply {
    switch (call.service) {
      case 'oidc':
        return tokens.idToken(url, request.headers.authorization)
      case 'sts':
        return call.action === 'GetCallerIdentity'
          ? tokens.callerIdentity()
          : tokens.assumeRole(call.input as URLSearchParams)
      case 's3':
        return readObject(url.pathname.slice(1), request.headers.authorization ?? '')
      case 'ssm': {
        const key = /Credential=([^/]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? ''
        const known = tokens.knows(key, String(request.headers['x-amz-security-token'] ?? ''))
        if (known === 'expired')
          throw new ServiceError(
            'ExpiredTokenException',
            'The security token included in the request is expired'
          )
        if (known === 'no')
          throw new ServiceError(
            'UnrecognizedClientException',
            'The security token included in the request is invalid.'
          )
        return {
          status: 200,
          body: JSON.stringify(ssm(call.action, call.input)),
          headers: { 'content-type': 'application/x-amz-json-1.1' }
        }
      }
      default:
        return github.answer(
          request.method ?? 'GET',
          new URL(`${base}${url.pathname.replace(/^\/github/, '')}${url.search}`),
          request.headers.authorization,
          call.input,
          `${base}/github`
        )
    }
  }

  function readObject(path: string, authorization: string): Reply {
    const region = options.bucket?.region ?? 'eu-west-1'
    const headers = { 'x-amz-bucket-region': region, 'content-type': 'binary/octet-stream' }
    if (!authorization.includes(`/${region}/s3/aws4_request`)) return { status: 301, body: '', headers }
    if (options.bucket?.readable === false) return { status: 403, body: '', headers }
    const object = objects.get(path)
    return object === undefined
      ? { status: 404, body: '', headers }
      : { status: 200, body: object.toString('latin1'), headers }
  }

  function refuse(call: Call, error: ServiceError): Reply {
    if (call.service === 'sts') return xmlError(error)
    if (call.service === 'github') return github.error(error)
    const body = JSON.stringify({ __type: error.type, message: error.message })
    return {
      status: error.status,
      body,
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-errortype': error.type }
    }
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  base = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`

  return {
    url: base,
    calls,
    github,
    leftovers: agent.leftovers,
    setFault(next: Fault | undefined): void {
      fault = next
    },
    /** What a job's environment must hold to reach these services. */
    env: (): Record<string, string> => ({
      AWS_ENDPOINT_URL: base,
      AWS_EC2_METADATA_DISABLED: 'true',
      ACTIONS_ID_TOKEN_REQUEST_URL: `${base}/oidc/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: tokens.requestToken,
      GITHUB_API_URL: `${base}/github`,
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_REPOSITORY: 'acme/infra',
      'INPUT_GITHUB-TOKEN': githubToken
    }),
    async close(): Promise<void> {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
      await agent.close()
    }
  }
}

function nameCall(
  request: IncomingMessage,
  url: URL,
  text: string
): Pick<Call, 'service' | 'action' | 'input'> {
  const target = request.headers['x-amz-target']
  if (typeof target === 'string')
    return { service: 'ssm', action: target.split('.').at(-1) ?? '', input: parse(text) }
  if (url.pathname.startsWith('/oidc/'))
    return { service: 'oidc', action: 'GetIdToken', input: Object.fromEntries(url.searchParams) }
  if (url.pathname.startsWith('/github/')) {
    return {
      service: 'github',
      action: `${request.method} ${url.pathname.replace(/^\/github/, '')}`,
      input: parse(text)
    }
  }
  if (request.headers.authorization?.includes('/s3/aws4_request'))
    return { service: 's3', action: `${request.method} ${url.pathname}`, input: {} }
  const form = new URLSearchParams(text)
  return { service: 'sts', action: form.get('Action') ?? '', input: form }
}

function parse(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text)
  } catch {
    return {}
  }
}
