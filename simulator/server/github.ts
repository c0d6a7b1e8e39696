import { type Reply, ServiceError } from './call-log.ts'

export interface Comment {
  readonly id: number
  body: string
  readonly user: { readonly login: string; readonly type: string }
  readonly html_url: string
}

export interface Issue {
  readonly number: number
  readonly title: string
  body: string
  state: 'open' | 'closed'
  readonly user: { readonly login: string; readonly type: string }
  readonly html_url: string
  readonly pull_request?: object
}

const userOf = (login: string) => ({ login, type: login.endsWith('[bot]') ? 'Bot' : 'User' })
/** The head of the base branch: the first parent of every merge commit. */
const BASE = 'b'.repeat(40)
const MERGE = 'd'.repeat(40)

export interface GitHubOptions {
  readonly token: string
  /** Whoever the token writes as. */
  readonly login: string
  readonly isPrivate: boolean
}

/** The GitHub endpoints that the action uses, and no others. */
export function githubService({ token, login: self, isPrivate }: GitHubOptions) {
  const comments = new Map<number, Comment[]>()
  const issues: Issue[] = []
  /** Files of the base branch, by path. */
  const baseFiles = new Map<string, string>()
  let next = 1001
  const json = (status: number, value: unknown, headers: Record<string, string> = {}): Reply => ({
    status,
    body: JSON.stringify(value),
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers }
  })
  const write = (issue: number, body: string, login = self): Comment => {
    const id = next++
    const comment = {
      id,
      body,
      user: userOf(login),
      html_url: `https://github.com/acme/infra/pull/${issue}#issuecomment-${id}`
    }
    comments.set(issue, [...(comments.get(issue) ?? []), comment])
    return comment
  }
  const open = (title: string, body: string, login = self): Issue => {
    const number = issues.length + 101
    const url = `https://github.com/acme/infra/issues/${number}`
    const issue: Issue = { number, title, body, state: 'open', user: userOf(login), html_url: url }
    issues.push(issue)
    return issue
  }
  /** One page of a list, with the header that names the next. */
  const page = (all: readonly unknown[], url: URL, base: string): Reply => {
    const size = Math.min(100, Number(url.searchParams.get('per_page') ?? 30))
    const at = Number(url.searchParams.get('page') ?? 1)
    const link = `<${base}${url.pathname}?per_page=${size}&page=${at + 1}>; rel="next"`
    return json(200, all.slice((at - 1) * size, at * size), at * size < all.length ? { link } : {})
  }
  return {
    comments,
    issues,
    baseFiles,
    write,
    open,
    /** @throws ServiceError */
    answer(method: string, url: URL, authorization: string | undefined, body: unknown, base: string): Reply {
      const path = url.pathname
      if (authorization !== `token ${token}` && authorization !== `Bearer ${token}`)
        throw new ServiceError('Bad credentials', 'Bad credentials', 401)
      if (method === 'POST' && path === '/graphql') {
        if (textOf(body, 'query') !== '{ viewer { login } }')
          return json(200, { data: null, errors: [{ message: 'The query is not known' }] })
        return json(200, { data: { viewer: { login: self } } })
      }
      if (method === 'GET' && path === '/repos/acme/infra')
        return json(200, {
          full_name: 'acme/infra',
          private: isPrivate,
          visibility: isPrivate ? 'private' : 'public'
        })
      if (method === 'GET' && /^\/repos\/acme\/infra\/commits\/[0-9a-f]{40}$/.test(path))
        return json(200, { sha: path.slice(-40), parents: [{ sha: BASE }, { sha: 'c'.repeat(40) }] })
      if (method === 'GET' && /^\/repos\/acme\/infra\/git\/ref\/pull\/\d+\/merge$/.test(path))
        return json(200, { ref: path.slice(path.indexOf('pull')), object: { type: 'commit', sha: MERGE } })
      const file = /^\/repos\/acme\/infra\/contents\/(.+)$/.exec(path)
      if (file !== null && method === 'GET') {
        const text =
          url.searchParams.get('ref') === BASE ? baseFiles.get(decodeURIComponent(file[1] ?? '')) : undefined
        if (text === undefined) throw new ServiceError('Not Found', 'Not Found', 404)
        const type = 'application/vnd.github.raw+json; charset=utf-8'
        return { status: 200, body: text, headers: { 'content-type': type } }
      }
      const list = /^\/repos\/acme\/infra\/issues\/(\d+)\/comments$/.exec(path)
      if (list !== null && method === 'GET') return page(comments.get(Number(list[1])) ?? [], url, base)
      if (list !== null && method === 'POST') return json(201, write(Number(list[1]), bodyOf(body)))
      const one = /^\/repos\/acme\/infra\/issues\/comments\/(\d+)$/.exec(path)
      if (one !== null && method === 'PATCH') {
        const comment = [...comments.values()].flat().find(candidate => candidate.id === Number(one[1]))
        if (comment === undefined) throw new ServiceError('Not Found', 'Not Found', 404)
        comment.body = bodyOf(body)
        return json(200, comment)
      }
      if (path === '/repos/acme/infra/issues' && method === 'GET') {
        const creator = url.searchParams.get('creator')
        const state = url.searchParams.get('state') ?? 'open'
        const found = issues.filter(
          issue =>
            (creator === null || issue.user.login === creator) && (state === 'all' || issue.state === state)
        )
        return page(found, url, base)
      }
      if (path === '/repos/acme/infra/issues' && method === 'POST')
        return json(201, open(textOf(body, 'title') ?? '', bodyOf(body)))
      const issue = /^\/repos\/acme\/infra\/issues\/(\d+)$/.exec(path)
      if (issue !== null && method === 'PATCH') {
        const existing = issues.find(candidate => candidate.number === Number(issue[1]))
        if (existing === undefined) throw new ServiceError('Not Found', 'Not Found', 404)
        if (textOf(body, 'body') !== undefined) existing.body = bodyOf(body)
        const state = textOf(body, 'state')
        if (state === 'open' || state === 'closed') existing.state = state
        return json(200, existing)
      }
      throw new ServiceError('Not Found', 'Not Found', 404)
    },
    error: (error: ServiceError): Reply =>
      json(error.status, { message: error.message, documentation_url: 'https://docs.github.com/rest' })
  }
}

function textOf(value: unknown, name: string): string | undefined {
  const text = Object.entries(Object(value)).find(([key]) => key === name)?.[1]
  return typeof text === 'string' ? text : undefined
}

function bodyOf(value: unknown): string {
  const body = textOf(value, 'body')
  if (body === undefined || body === '') throw new ServiceError('Validation Failed', 'body is missing', 422)
  if (Buffer.byteLength(body) > 262_144)
    throw new ServiceError('Validation Failed', 'Body is too long (maximum is 65536 characters)', 422)
  return body
}
