import type { IncomingMessage, ServerResponse } from 'node:http'

/** One request that a service answered. */
export interface Call {
  readonly service: 'oidc' | 'sts' | 'ssm' | 's3' | 'github'
  /** For example `SendCommand`, or `POST /repos/{owner}/{repo}/issues/{number}/comments`. */
  readonly action: string
  readonly input: unknown
  /** Milliseconds since the services started. */
  readonly atMs: number
  /** The name of the error that it was answered with, if any. */
  errorType: string | null
}

/**
 * What happens to a call: an error, another body, a connection reset, a lost answer (the call has its effect, and the
 * connection is reset before the answer), or a delay in milliseconds. `undefined` changes nothing.
 */
export type Fault = (
  call: Call
) =>
  | { status: number; type: string; message?: string }
  | { body: string }
  | 'reset'
  | 'lost'
  | { delay: number }
  | undefined

/** A token bucket that holds one second of calls: `false` if it is empty. */
export function rateLimiter(rate: number, now: () => number): () => boolean {
  let left = rate
  let last = now()
  return () => {
    left = Math.min(rate, left + ((now() - last) / 1000) * rate)
    last = now()
    if (left < 1) return false
    left--
    return true
  }
}

export interface Reply {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** An error that a service answers with. */
export class ServiceError extends Error {
  readonly type: string
  readonly status: number

  constructor(type: string, message: string, status = 400) {
    super(message)
    this.type = type
    this.status = status
  }
}

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

export function send(response: ServerResponse, { status, body, headers }: Reply): void {
  response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers })
  response.end(body)
}
