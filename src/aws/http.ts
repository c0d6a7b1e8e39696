import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'

type Environment = Readonly<Record<string, string | undefined>>

const PROXY_VARIABLES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']

/**
 * Agents that use the proxy of the environment and honor NO_PROXY, for the AWS SDK's clients too, which use none by
 * themselves. Empty where no proxy is set.
 * @param env by default that of the process, which the SDK reads as well
 */
export function proxyAgents(env: Environment = process.env): {
  httpAgent?: HttpAgent
  httpsAgent?: HttpsAgent
} {
  const proxies = PROXY_VARIABLES.flatMap(name => (env[name] ? [[name, withScheme(env[name])] as const] : []))
  if (proxies.length === 0) return {}
  const options = { keepAlive: true, proxyEnv: { ...env, ...Object.fromEntries(proxies) } }
  return { httpAgent: new HttpAgent(options), httpsAgent: new HttpsAgent(options) }
}

/** Node.js ignores a proxy without a scheme, which curl and others take for `http`. */
const withScheme = (proxy: string): string => (proxy.includes('://') ? proxy : `http://${proxy}`)

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** The answer has more bytes than allowed. */
export class TooLarge extends Error {}

/**
 * One GET, through the proxy of the environment; redirections are not followed.
 * @throws TooLarge; any other Error when there is no answer within the time limit
 */
export function get(
  url: URL,
  headers: Readonly<Record<string, string>>,
  limits: { readonly timeoutMs: number; readonly maxBytes: number },
  agents = proxyAgents()
): Promise<HttpAnswer> {
  const { httpAgent, httpsAgent } = agents
  const isPlain = url.protocol === 'http:'
  const agent = isPlain ? httpAgent : httpsAgent
  const options = {
    headers,
    signal: AbortSignal.timeout(limits.timeoutMs),
    ...(agent === undefined ? {} : { agent })
  }
  return new Promise((resolve, reject) => {
    const request = (isPlain ? httpRequest : httpsRequest)(url, options, response => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('error', reject)
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        bytes += chunk.length
        if (bytes > limits.maxBytes) request.destroy(new TooLarge('The answer is too large'))
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
      )
    })
    request.on('error', reject)
    request.end()
  })
}
