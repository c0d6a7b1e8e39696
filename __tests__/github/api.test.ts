import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { gitHub } from '../../src/github/api.ts'
import { Refusal } from '../../src/github/api-error.ts'
import { markerOf } from '../../src/github/author.ts'
import { upsertComment } from '../../src/publish/comment.ts'
import { keptLog } from '../support/publish-ports.ts'

type Answer = { status?: number; json?: unknown; raw?: string; hangUp?: boolean }
const servers: Server[] = []
let asked: string[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** GitHub on loopback; every request is noted. */
async function listening(answer: (request: string, body: string) => Answer): Promise<string> {
  asked = []
  const read = async (request: IncomingMessage) => {
    let body = ''
    for await (const chunk of request) body += chunk
    return body
  }
  const server = createServer(async (request, response) => {
    const body = await read(request)
    const line = `${request.method} ${request.url}`
    asked.push(line)
    const { status = 200, json = {}, raw, hangUp = false } = answer(line, body)
    if (hangUp) return void response.destroy()
    const type =
      raw === undefined
        ? 'application/json'
        : String(request.headers.accept).replace('+json', '+json; charset=utf-8')
    response.writeHead(status, { 'content-type': type }).end(raw ?? JSON.stringify(json))
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const comment = (id: number, body = '', login = 'someone') => ({
  id,
  body,
  html_url: `https://x/${id}`,
  user: { login }
})
const at = async (answer: (request: string, body: string) => Answer) =>
  gitHub('token', 'acme', 'fleet', { apiUrl: await listening(answer), pause: 1 })

test('comments are listed page by page until one of ours is found', async () => {
  const marker = markerOf('checkout')
  const github = await at((request, body) => {
    const page = Number(/[?&]page=(\d+)/.exec(request)?.[1])
    if (request.startsWith('PATCH'))
      return { json: comment(150, JSON.parse(body).body, 'github-actions[bot]') }
    const first = (page - 1) * 100
    return {
      json: Array.from({ length: 100 }, (_, step) =>
        first + step === 150 ? comment(150, `${marker}\nold`, 'github-actions[bot]') : comment(first + step)
      )
    }
  })
  expect(await upsertComment(marker, `${marker}\nnew`, true, github.comments(7), keptLog())).toBe(
    'https://x/150'
  )
  expect(asked).toEqual([
    'GET /repos/acme/fleet/issues/7/comments?per_page=100&page=1',
    'GET /repos/acme/fleet/issues/7/comments?per_page=100&page=2',
    'PATCH /repos/acme/fleet/issues/comments/150'
  ])
})

test('reading and updating are tried again when GitHub fails, creating is not', async () => {
  let failures = 2
  const github = await at(() => (failures-- > 0 ? { status: 502 } : { json: comment(1, 'x') }))
  expect((await github.comments(7).update(1, 'x')).id).toBe(1)
  expect(asked).toHaveLength(3)
  failures = 1
  asked = []
  await expect(github.comments(7).create('x')).rejects.toMatchObject({ status: 502 })
  expect(asked).toHaveLength(1)
})

test('tries are bounded, and a refusal is not tried again', async () => {
  const failing = await at(() => ({ status: 503 }))
  await expect(failing.comments(7).update(1, 'x')).rejects.toBeInstanceOf(Refusal)
  expect(asked).toHaveLength(3)
  const refusing = await at(() => ({
    status: 403,
    json: { message: 'Resource not accessible by integration' }
  }))
  await expect(refusing.comments(7).create('x')).rejects.toMatchObject({ status: 403 })
  await expect(refusing.comments(7).update(1, 'x')).rejects.toMatchObject({ status: 403 })
  expect(asked).toHaveLength(2)
})

test('a connection that breaks is no answer', async () => {
  const github = await at(() => ({ hangUp: true }))
  await expect(github.comments(7).create('x')).rejects.toMatchObject({ status: null })
})

test.each([401, 403, 404])('a token that gets %d for its user is nobody’s', async status => {
  expect(await (await at(() => ({ status }))).comments(7).whoami()).toBeNull()
})

test('the token’s user is told where GitHub tells it, and a failing GitHub is no answer', async () => {
  expect(await (await at(() => ({ json: { login: 'acme-ci' } }))).comments(7).whoami()).toBe('acme-ci')
  await expect((await at(() => ({ status: 500 }))).comments(7).whoami()).rejects.toBeInstanceOf(Refusal)
})

test('a repository is public, not public, or it is not known', async () => {
  expect(await (await at(() => ({ json: { private: false } }))).isPublic()).toBe(true)
  expect(asked).toEqual(['GET /repos/acme/fleet'])
  expect(await (await at(() => ({ json: { private: true } }))).isPublic()).toBe(false)
  expect(await (await at(() => ({ status: 404 }))).isPublic()).toBeNull()
  expect(await (await at(() => ({ json: { odd: 1 } }))).isPublic()).toBeNull()
})

test('issues of one author are listed page by page, without pull requests, and updated in what changed alone', async () => {
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
    const page = Number(/[?&]page=(\d+)/.exec(request)?.[1])
    return page === 1
      ? { json: Array.from({ length: 100 }, (_, at) => issue(at, at > 1 ? { pull_request: {} } : {})) }
      : { json: [issue(200, { state: 'closed', user: null, body: null })] }
  })
  const listed = []
  for await (const found of github.issues().listBy('github-actions[bot]')) listed.push(found)
  expect(listed.map(({ number, open, author }) => [number, open, author])).toEqual([
    [0, true, 'github-actions[bot]'],
    [1, true, 'github-actions[bot]'],
    [200, false, '']
  ])
  expect(asked[0]).toBe(
    'GET /repos/acme/fleet/issues?state=all&sort=created&direction=asc&creator=github-actions%5Bbot%5D&per_page=100&page=1'
  )
  await github.issues().create('title', 'body')
  expect((await github.issues().update(7, { open: false })).open).toBe(false)
  await github.issues().update(7, { body: 'new' })
  expect(asked.slice(2)).toEqual([
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

test('a file is read at the first parent of a merge commit, as its bytes are', async () => {
  const github = await at(request =>
    request.includes('/commits/')
      ? { json: { parents: [{ sha: 'b1' }, { sha: 'c1' }] } }
      : { raw: '{"name": "é"}\n' }
  )
  expect(await github.firstParent('a1')).toBe('b1')
  expect(await github.fileAt('baselines/a b#1.json', 'b1')).toBe('{"name": "é"}\n')
  expect(asked).toEqual([
    'GET /repos/acme/fleet/commits/a1?per_page=1',
    'GET /repos/acme/fleet/contents/baselines/a%20b%231.json?ref=b1'
  ])
})

test('a file that is not there is none, nor is a folder or a submodule, and a refusal is thrown', async () => {
  const missing = await at(() => ({ status: 404, json: { message: 'Not Found' } }))
  expect(await missing.fileAt('b.json', 'b1')).toBeNull()
  await expect(missing.firstParent('a1')).rejects.toMatchObject({ status: 404 })
  const refused = await at(() => ({ status: 403, json: { message: 'no' } }))
  await expect(refused.fileAt('b.json', 'b1')).rejects.toMatchObject({ status: 403 })
  const submodule = await at(() => ({ json: { type: 'submodule' } }))
  expect(await submodule.fileAt('b.json', 'b1')).toBeNull()
})
