import type { IncomingMessage, ServerResponse } from 'node:http'

/** One request that a service answered. */
export interface Call {
  readonly service: 'oidc' | 'sts' | 'ssm' | 'github'
  /** Such as `SendCommand`, or `POST /repos/{owner}/{repo}/issues/{number}/comments`. */
  readonly action: string
  readonly input: unknown
}

/** What a fault makes of a call: an answer of its own, a cut connection, or a delay; `undefined` leaves it alone. */
export type Fault = (
  call: Call
) => { status: number; type: string; message?: string } | 'reset' | { delay: number } | undefined

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
