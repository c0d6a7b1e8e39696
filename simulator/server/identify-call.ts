import type { IncomingMessage } from 'node:http'
import type { Call } from './call-log.ts'

/** Which service and action a request is for, and its input. */
export function identifyCall(
  { headers, method }: IncomingMessage,
  { pathname, searchParams }: URL,
  text: string
): Pick<Call, 'service' | 'action' | 'input'> {
  const target = headers['x-amz-target']
  if (typeof target === 'string')
    return { service: 'ssm', action: target.split('.').at(-1) ?? '', input: parseJson(text) }
  if (pathname.startsWith('/oidc/'))
    return { service: 'oidc', action: 'GetIdToken', input: Object.fromEntries(searchParams) }
  if (pathname.startsWith('/github/')) {
    const action = `${method} ${pathname.replace(/^\/github/, '')}`
    return { service: 'github', action, input: parseJson(text) }
  }
  if (headers.authorization?.includes('/s3/aws4_request'))
    return { service: 's3', action: `${method} ${pathname}`, input: {} }
  const form = new URLSearchParams(text)
  return { service: 'sts', action: form.get('Action') ?? '', input: form }
}

function parseJson(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text)
  } catch {
    return {}
  }
}
