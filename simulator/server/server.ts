import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { SimulatedFleet } from '../fleet/host.ts'
import type { Agent } from './agent.ts'
import { type Call, type Fault, type Reply, rateLimiter, readBody, ServiceError, send } from './call-log.ts'
import { FIXED_RESULTS } from './fixed-results.ts'
import { githubService } from './github.ts'
import { identifyCall } from './identify-call.ts'
import { type Bucket, objectStore } from './s3.ts'
import { shellAgent } from './shell-agent.ts'
import { ssmService } from './ssm/service.ts'
import type { SsmOptions } from './ssm/state.ts'
import { type SessionOptions, tokenServices, xmlError } from './sts.ts'

export interface ServerOptions extends Partial<SsmOptions>, SessionOptions {
  readonly publicRepository?: boolean
  /** Whoever the job's token writes to GitHub as; by default the workflow's own token. */
  readonly login?: string
  readonly bucket?: Bucket
  /** Answers for these hosts; the other hosts run the script in real shells. */
  readonly scripted?: { readonly hosts: ReadonlySet<string>; readonly agent: Pick<Agent, 'run'> }
  readonly fault?: Fault
  /** Milliseconds that every answer takes. */
  readonly latencyMs?: number
  /** Calls per second that SSM allows, by action; it answers further ones with ThrottlingException. */
  readonly callsPerSecond?: Readonly<Record<string, number>>
}

export type SimulatorServer = Awaited<ReturnType<typeof startServer>>

/** Starts all services that a job calls, on loopback. */
export async function startServer(fleet: SimulatedFleet, options: ServerOptions = {}) {
  const calls: Call[] = []
  const started = performance.now()
  const elapsed = () => performance.now() - started
  const limits = new Map(
    Object.entries(options.callsPerSecond ?? {}).map(([action, rate]) => [action, rateLimiter(rate, elapsed)])
  )
  const githubToken = `ghs_${randomBytes(18).toString('hex')}`
  const github = githubService({
    token: githubToken,
    login: options.login ?? 'github-actions[bot]',
    isPrivate: options.publicRepository !== true
  })
  const tokens = tokenServices(() => Date.now(), options)
  const s3 = objectStore(options.bucket)
  const shells = await shellAgent()
  const agent: Agent = {
    run: async (host, ...command) => {
      const isScripted = options.scripted?.hosts.has(host.id) === true
      return (
        FIXED_RESULTS[host.behavior] ?? (isScripted ? options.scripted.agent : shells).run(host, ...command)
      )
    }
  }
  const ssm = ssmService(fleet, agent, {
    concurrency: options.concurrency ?? 4,
    unlistedMs: options.unlistedMs ?? 300,
    listLagMs: options.listLagMs ?? 0,
    ...(options.unending === undefined ? {} : { unending: options.unending }),
    ...(options.hidden === undefined ? {} : { hidden: options.hidden }),
    ...(options.agentPause === undefined ? {} : { agentPause: options.agentPause }),
    documents: options.documents ?? {},
    store: s3.write
  })
  let fault = options.fault
  let base = ''

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', base)
    const text = await readBody(request)
    const call: Call = { ...identifyCall(request, url, text), atMs: elapsed(), errorType: null }
    calls.push(call)
    const injected = fault?.(call)
    if (injected === 'reset') {
      request.socket.destroy()
      return
    }
    const isThrottled = call.service === 'ssm' && limits.get(call.action)?.() === false
    const isObject = typeof injected === 'object'
    const delay = isObject && 'delay' in injected ? injected.delay : (options.latencyMs ?? 0)
    if (delay > 0) await new Promise(resolve => setTimeout(resolve, delay))
    try {
      if (isThrottled) throw new ServiceError('ThrottlingException', 'Rate exceeded')
      if (isObject && 'status' in injected)
        throw new ServiceError(injected.type, injected.message ?? injected.type, injected.status)
      const reply = answer(call, request, url)
      if (injected === 'lost') request.socket.destroy()
      else send(response, isObject && 'body' in injected ? { ...reply, body: injected.body } : reply)
    } catch (error) {
      const failure =
        error instanceof ServiceError ? error : new ServiceError('InternalFailure', String(error), 500)
      call.errorType = failure.type
      send(response, errorReply(call, failure))
    }
  }

  function answer(call: Call, request: IncomingMessage, url: URL): Reply {
    const authorization = request.headers.authorization ?? ''
    switch (call.service) {
      case 'oidc':
        return tokens.idToken(url, authorization)
      case 'sts':
        return call.action === 'GetCallerIdentity'
          ? tokens.callerIdentity()
          : tokens.assumeRole(call.input as URLSearchParams)
      case 's3':
        return s3.read(url.pathname.slice(1), authorization)
      case 'ssm':
        checkCredentials(authorization, String(request.headers['x-amz-security-token'] ?? ''))
        return {
          status: 200,
          body: JSON.stringify(ssm(call.action, call.input)),
          headers: { 'content-type': 'application/x-amz-json-1.1' }
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

  /** @throws ServiceError if the credentials of a call to SSM are not valid */
  function checkCredentials(authorization: string, sessionToken: string): void {
    const accessKeyId = /Credential=([^/]+)\//.exec(authorization)?.[1] ?? ''
    const state = tokens.checkCredentials(accessKeyId, sessionToken)
    const message = (problem: string) => `The security token included in the request is ${problem}`
    if (state === 'expired') throw new ServiceError('ExpiredTokenException', message('expired'))
    if (state === 'unknown') throw new ServiceError('UnrecognizedClientException', message('invalid.'))
  }

  function errorReply(call: Call, error: ServiceError): Reply {
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
    leftovers: shells.leftovers,
    setFault(next: Fault | undefined): void {
      fault = next
    },
    /** The environment of a job that calls these services. */
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
      await shells.close()
    }
  }
}
