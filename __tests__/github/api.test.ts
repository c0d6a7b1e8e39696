import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { gitHub } from '../../src/github/api.ts'
import { ApiError } from '../../src/github/api-error.ts'
import { stickyComment } from '../../src/publish/channels/comment.ts'
import { markerOf } from '../../src/publish/find-or-create.ts'
import { recordingLog } from '../support/recording-log.ts'

interface Answer {
  readonly status?: number
  readonly json?: unknown
  readonly raw?: string
  /** Whether there is another page. */
  readonly more?: boolean
  readonly hangUp?: boolean
  readonly headers?: Record<string, string>
}
const servers: Server[] = []
let requests: string[] = []
let pauses: number[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** GitHub on loopback; every request is recorded. */
async function listening(answer: (request: string, body: string) => Answer): Promise<string> {
  requests = []
  pauses = []
  const read = async (request: IncomingMessage) => {
    let body = ''
    for await (const chunk of request) body += chunk
    return body
  }
  const server = createServer(async (request, response) => {
    const body = await read(request)
    const line = `${request.method} ${request.url}`
    requests.push(line)
    const { status = 200, json = {}, raw, more = false, hangUp = false, headers = {} } = answer(line, body)
    if (hangUp) return void response.destroy()
    const type =
      raw === undefined
        ? 'application/json'
        : String(request.headers.accept).replace('+json', '+json; charset=utf-8')
    response.writeHead(status, { 'content-type': type, ...headers, ...(more ? nextPage(request) : {}) })
    response.end(raw ?? JSON.stringify(json))
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The header with which GitHub names the next page of a list. */
function nextPage({ url = '', headers }: IncomingMessage): { link: string } {
  const next = new URL(url, `http://${headers.host}`)
  next.searchParams.set('page', String(Number(next.searchParams.get('page') ?? 1) + 1))
  return { link: `<${next}>; rel="next"` }
}

const pageOf = (request: string) => Number(/[?&]page=(\d+)/.exec(request)?.[1] ?? 1)

const comment = (id: number, body = '', login = 'someone') => ({
  id,
  body,
  html_url: `https://x/${id}`,
  user: { login }
})
const at = async (answer: (request: string, body: string) => Answer) =>
  gitHub(
    'token',
    { owner: 'acme', repo: 'fleet' },
    { apiUrl: await listening(answer), clock: { sleep: async pause => void pauses.push(pause) } }
  )

test('comments are listed page by page until one of ours is found', async () => {
  const marker = markerOf('checkout')
  const github = await at((request, body) => {
    const page = pageOf(request)
    if (request.startsWith('PATCH'))
      return { json: comment(150, JSON.parse(body).body, 'github-actions[bot]') }
    const first = (page - 1) * 100
    return {
      more: true,
      json: Array.from({ length: 100 }, (_, step) =>
        first + step === 150 ? comment(150, `${marker}\nold`, 'github-actions[bot]') : comment(first + step)
      )
    }
  })
  expect(
    await stickyComment(
      { marker, body: `${marker}\nnew`, isWorthCreating: true },
      github.comments(7),
      recordingLog()
    )
  ).toBe('https://x/150')
  expect(requests).toEqual([
    'GET /repos/acme/fleet/issues/7/comments?per_page=100',
    'GET /repos/acme/fleet/issues/7/comments?per_page=100&page=2',
    'PATCH /repos/acme/fleet/issues/comments/150'
  ])
})

test('a list is read up to a bound', async () => {
  const github = await at(request => ({ more: true, json: [comment(pageOf(request))] }))
  const ids = []
  for await (const { id } of github.comments(7).list()) ids.push(id)
  expect(ids).toEqual(Array.from({ length: 100 }, (_, at) => at + 1))
})

test('a list that is not a list is an error', async () => {
  const github = await at(() => ({ json: { message: 'odd' } }))
  await expect(github.comments(7).list()[Symbol.asyncIterator]().next()).rejects.toThrow()
})

test('reading and updating are retried when GitHub fails, creating is not', async () => {
  let failures = 2
  const github = await at(() => (failures-- > 0 ? { status: 502 } : { json: comment(1, 'x') }))
  expect((await github.comments(7).update(1, 'x')).id).toBe(1)
  expect(requests).toHaveLength(3)
  failures = 1
  requests = []
  await expect(github.comments(7).create('x')).rejects.toMatchObject({ status: 502 })
  expect(requests).toHaveLength(1)
})

test('retries are bounded, and a refusal is not retried', async () => {
  const failing = await at(() => ({ status: 503 }))
  await expect(failing.comments(7).update(1, 'x')).rejects.toBeInstanceOf(ApiError)
  expect(requests).toHaveLength(3)
  const refusing = await at(() => ({
    status: 403,
    json: { message: 'Resource not accessible by integration' }
  }))
  await expect(refusing.comments(7).create('x')).rejects.toMatchObject({ status: 403 })
  await expect(refusing.comments(7).update(1, 'x')).rejects.toMatchObject({ status: 403 })
  expect(requests).toHaveLength(2)
})

test('a broken connection has no status', async () => {
  const github = await at(() => ({ hangUp: true }))
  await expect(github.comments(7).create('x')).rejects.toMatchObject({ status: null })
})

test.each<[string, Answer]>([
  ['401', { status: 401 }],
  ['403', { status: 403, json: { message: 'Resource not accessible by integration' } }],
  ['404', { status: 404 }],
  ['an error of GraphQL', { json: { data: null, errors: [{ type: 'FORBIDDEN', message: 'no' }] } }],
  ['no viewer', { json: { data: { viewer: null } } }]
])('a token that gets %s for its user has none', async (_, answer) => {
  expect(await (await at(() => answer)).comments(7).whoami()).toBeNull()
  expect(requests).toEqual(['POST /graphql'])
})

test('the token’s user is read, and a failure is not mistaken for a token without a user', async () => {
  const user = { json: { data: { viewer: { login: 'acme-ci' } } } }
  let failures = 1
  const github = await at(() => (failures-- > 0 ? { status: 502 } : user))
  expect(await github.comments(7).whoami()).toBe('acme-ci')
  await expect((await at(() => ({ status: 500 }))).comments(7).whoami()).rejects.toBeInstanceOf(ApiError)
  const limited = await at(() => ({ status: 403, headers: { 'x-ratelimit-remaining': '0' } }))
  await expect(limited.comments(7).whoami()).rejects.toMatchObject({ limit: { kind: 'primary' } })
})

test('a repository is public, private or unknown', async () => {
  expect(await (await at(() => ({ json: { private: false } }))).isPublic()).toBe(true)
  expect(requests).toEqual(['GET /repos/acme/fleet'])
  expect(await (await at(() => ({ json: { private: true } }))).isPublic()).toBe(false)
  expect(await (await at(() => ({ status: 404 }))).isPublic()).toBeNull()
  expect(await (await at(() => ({ json: { odd: 1 } }))).isPublic()).toBeNull()
})

test('the issues of an author are listed page by page, without pull requests; an update sends only what changed', async () => {
  const issue = (number: number, more: object = {}) => ({
    number,
    state: 'open',
    body: 'x',
    html_url: `https://x/${number}`,
    user: { login: 'github-actions[bot]' },
    ...more
  })
  const bodies: string[] = []
  const github = await at((request, body) => {
    if (!request.startsWith('GET')) {
      bodies.push(body)
      return { json: issue(7, { state: 'closed' }) }
    }
    return pageOf(request) === 1
      ? {
          more: true,
          json: Array.from({ length: 100 }, (_, at) => issue(at, at > 1 ? { pull_request: {} } : {}))
        }
      : { json: [issue(200, { state: 'closed', user: null, body: null })] }
  })
  const found = []
  for await (const issue of github.issues().listBy('github-actions[bot]')) found.push(issue)
  expect(found.map(({ number, open, author }) => [number, open, author])).toEqual([
    [0, true, 'github-actions[bot]'],
    [1, true, 'github-actions[bot]'],
    [200, false, '']
  ])
  expect(requests[0]).toBe(
    'GET /repos/acme/fleet/issues?state=all&sort=created&direction=asc&creator=github-actions%5Bbot%5D&per_page=100'
  )
  await github.issues().create('title', 'body')
  expect((await github.issues().update(7, { open: false })).open).toBe(false)
  await github.issues().update(7, { body: 'new' })
  expect(requests.slice(2)).toEqual([
    'POST /repos/acme/fleet/issues',
    'PATCH /repos/acme/fleet/issues/7',
    'PATCH /repos/acme/fleet/issues/7'
  ])
  expect(bodies.map(body => JSON.parse(body))).toEqual([
    { title: 'title', body: 'body' },
    { state: 'closed' },
    { body: 'new' }
  ])
})

test('a file is read at the first parent of a merge commit, byte for byte', async () => {
  const github = await at(request =>
    request.includes('/commits/')
      ? { json: { parents: [{ sha: 'b1' }, { sha: 'c1' }] } }
      : { raw: '{"name": "é"}\n' }
  )
  expect(await github.firstParent('a1')).toBe('b1')
  expect(await github.fileAt('baselines/a b#1.json', 'b1')).toBe('{"name": "é"}\n')
  expect(requests).toEqual([
    'GET /repos/acme/fleet/commits/a1?per_page=1',
    'GET /repos/acme/fleet/contents/baselines/a%20b%231.json?ref=b1'
  ])
})

test('the merge commit of a pull request is read, and may be missing', async () => {
  const github = await at(() => ({ json: { ref: 'refs/pull/7/merge', object: { sha: 'm1' } } }))
  expect(await github.mergeCommit(7)).toBe('m1')
  expect(requests).toEqual(['GET /repos/acme/fleet/git/ref/pull/7/merge'])
  expect(await (await at(() => ({ status: 404 }))).mergeCommit(7)).toBeNull()
})

test('a missing file, a folder and a submodule have no text, and a refusal is thrown', async () => {
  const missing = await at(() => ({ status: 404, json: { message: 'Not Found' } }))
  expect(await missing.fileAt('b.json', 'b1')).toBeNull()
  await expect(missing.firstParent('a1')).rejects.toMatchObject({ status: 404 })
  const refused = await at(() => ({ status: 403, json: { message: 'no' } }))
  await expect(refused.fileAt('b.json', 'b1')).rejects.toMatchObject({ status: 403 })
  const submodule = await at(() => ({ json: { type: 'submodule' } }))
  expect(await submodule.fileAt('b.json', 'b1')).toBeNull()
})

test('a secondary limit is waited for as long as GitHub says, also before creating', async () => {
  let refusals = 1
  const limited = { status: 403, json: { message: 'You have exceeded a secondary rate limit' } }
  const github = await at(() =>
    refusals-- > 0 ? { ...limited, headers: { 'retry-after': '2' } } : { json: comment(1, 'x') }
  )
  expect((await github.comments(7).create('x')).id).toBe(1)
  expect([requests.length, pauses]).toEqual([2, [2_000]])

  refusals = 1
  const silent = await at(() => (refusals-- > 0 ? limited : { json: comment(1, 'x') }))
  await silent.comments(7).update(1, 'x')
  expect(pauses).toEqual([60_000])

  const long = await at(() => ({ ...limited, headers: { 'retry-after': '3600' } }))
  await expect(long.comments(7).create('x')).rejects.toMatchObject({ limit: { kind: 'secondary' } })
  expect([requests.length, pauses]).toEqual([1, []])
})

test('a comment that is refused because the rate limit is used up says so, and asks for no permission', async () => {
  const github = await at(request =>
    request.startsWith('POST')
      ? {
          status: 403,
          json: { message: 'API rate limit exceeded' },
          headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1790000000' }
        }
      : { json: [] }
  )
  const log = recordingLog()
  const marker = markerOf('checkout')
  await stickyComment({ marker, body: marker, isWorthCreating: true }, github.comments(7), log)
  expect(log.warnings).toEqual([
    expect.stringMatching(/The rate limit of the token is used up until 2026-09-21T\d\d:\d\dZ\./)
  ])
  expect(log.warnings[0]).not.toContain('permission')
})

test.each([
  ['a GitHub App', 'acme-drift[bot]'],
  ['a person', 'alice']
])('the token of %s updates its own comment and never posts another', async (_, login) => {
  const marker = markerOf('checkout')
  const posted: object[] = [comment(1, marker, 'mallory'), comment(3, marker, 'other-app[bot]')]
  const github = await at((request, body) => {
    if (request === 'POST /graphql') return { json: { data: { viewer: { login } } } }
    if (request.startsWith('GET')) return { json: posted }
    const entry = comment(2, JSON.parse(body).body, login)
    if (request.startsWith('POST')) posted.push(entry)
    return { json: entry }
  })
  const log = recordingLog()
  const post = (text: string) =>
    stickyComment({ marker, body: `${marker}\n${text}`, isWorthCreating: true }, github.comments(7), log)
  expect(await post('one')).toBe('https://x/2')
  expect(await post('two')).toBe('https://x/2')
  expect(posted).toHaveLength(3)
  expect(requests.at(-1)).toBe('PATCH /repos/acme/fleet/issues/comments/2')
  expect(log.warnings).toEqual([])
})
