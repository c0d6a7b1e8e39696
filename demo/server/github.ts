import { type Reply, ServiceError } from './journal.ts'

export interface Comment {
  readonly id: number
  body: string
  readonly user: { readonly login: string; readonly type: string }
  readonly html_url: string
}

/** The GitHub endpoints that the action uses, and no others. */
export function githubService(token: string, isPrivate: boolean) {
  const comments = new Map<number, Comment[]>()
  let next = 1001
  const json = (status: number, value: unknown, headers: Record<string, string> = {}): Reply => ({
    status,
    body: JSON.stringify(value),
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers }
  })
  const write = (issue: number, body: string, login = 'github-actions[bot]'): Comment => {
    const id = next++
    const comment = {
      id,
      body,
      user: { login, type: login.endsWith('[bot]') ? 'Bot' : 'User' },
      html_url: `https://github.com/acme/infra/pull/${issue}#issuecomment-${id}`
    }
    comments.set(issue, [...(comments.get(issue) ?? []), comment])
    return comment
  }
  return {
    comments,
    write,
    /** @throws ServiceError */
    answer(method: string, url: URL, authorization: string | undefined, body: unknown, base: string): Reply {
      const path = url.pathname
      if (authorization !== `token ${token}` && authorization !== `Bearer ${token}`)
        throw new ServiceError('Bad credentials', 'Bad credentials', 401)
      if (method === 'GET' && path === '/user')
        throw new ServiceError('Forbidden', 'Resource not accessible by integration', 403)
      if (method === 'GET' && path === '/repos/acme/infra')
        return json(200, {
          full_name: 'acme/infra',
          private: isPrivate,
          visibility: isPrivate ? 'private' : 'public'
        })
      const list = /^\/repos\/acme\/infra\/issues\/(\d+)\/comments$/.exec(path)
      if (list !== null && method === 'GET') {
        const all = comments.get(Number(list[1])) ?? []
        const size = Math.min(100, Number(url.searchParams.get('per_page') ?? 30))
        const page = Number(url.searchParams.get('page') ?? 1)
        const more = page * size < all.length
        const link = `<${base}${path}?per_page=${size}&page=${page + 1}>; rel="next"`
        return json(200, all.slice((page - 1) * size, page * size), more ? { link } : {})
      }
      if (list !== null && method === 'POST') return json(201, write(Number(list[1]), bodyOf(body)))
      const one = /^\/repos\/acme\/infra\/issues\/comments\/(\d+)$/.exec(path)
      if (one !== null && method === 'PATCH') {
        const comment = [...comments.values()].flat().find(candidate => candidate.id === Number(one[1]))
        if (comment === undefined) throw new ServiceError('Not Found', 'Not Found', 404)
        comment.body = bodyOf(body)
        return json(200, comment)
      }
      throw new ServiceError('Not Found', 'Not Found', 404)
    },
    error: (error: ServiceError): Reply =>
      json(error.status, { message: error.message, documentation_url: 'https://docs.github.com/rest' })
  }
}

function bodyOf(value: unknown): string {
  const body = typeof value === 'object' && value !== null && 'body' in value ? value.body : undefined
  if (typeof body !== 'string' || body === '')
    throw new ServiceError('Validation Failed', 'body is missing', 422)
  if (Buffer.byteLength(body) > 262_144)
    throw new ServiceError('Validation Failed', 'Body is too long (maximum is 65536 characters)', 422)
  return body
}
