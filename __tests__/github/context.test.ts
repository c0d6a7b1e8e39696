import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { readContext } from '../../src/github/context.ts'

const env = {
  GITHUB_EVENT_NAME: 'pull_request',
  GITHUB_EVENT_PATH: '/event.json',
  GITHUB_REPOSITORY: 'acme/infra',
  GITHUB_RUN_ID: '7',
  GITHUB_WORKSPACE: '/work space',
  GITHUB_ACTOR: 'alice',
  ACTIONS_ID_TOKEN_REQUEST_URL: 'https://tokens/?v=1',
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'secret'
}
const at = (payload: unknown, more: Record<string, string | undefined> = {}) =>
  readContext({ ...env, ...more }, async path => {
    if (path !== '/event.json') throw new Error('ENOENT')
    return typeof payload === 'string' ? payload : JSON.stringify(payload)
  })
const pull = (head: unknown, more: object = {}) => ({
  repository: { private: true },
  pull_request: { number: 5, head, base: { repo: { full_name: 'acme/infra' } }, ...more }
})
const sameRepository = { repo: { full_name: 'acme/infra' } }

test('the context has the repository, the URL of the run and where to request a token', async () => {
  expect(await at(pull(sameRepository))).toEqual({
    event: 'pull_request',
    repository: { owner: 'acme', repo: 'infra' },
    isPrivate: true,
    sha: null,
    runId: '7',
    runUrl: 'https://github.com/acme/infra/actions/runs/7',
    workspace: '/work space',
    workflow: null,
    pullRequest: { number: 5, untrusted: false },
    oidc: { url: 'https://tokens/?v=1', token: 'secret' }
  })
})

test('the workflow file is known if it is in this repository', async () => {
  const workflow = async (ref: string) => (await at({}, { GITHUB_WORKFLOW_REF: ref })).workflow
  expect(await workflow('acme/infra/.github/workflows/drift.yml@refs/heads/a@b')).toBe(
    '.github/workflows/drift.yml'
  )
  expect(await workflow('acme/other/.github/workflows/drift.yml@refs/heads/main')).toBeNull()
  expect(await workflow('')).toBeNull()
})

test('a job without the permission cannot request a token', async () => {
  for (const name of ['ACTIONS_ID_TOKEN_REQUEST_URL', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN']) {
    expect((await at({}, { [name]: '' })).oidc).toBeNull()
    expect((await at({}, { [name]: undefined })).oidc).toBeNull()
  }
})

test('URLs are those of the GitHub server of the run', async () => {
  expect((await at({}, { GITHUB_SERVER_URL: 'https://ghe.example' })).runUrl).toBe(
    'https://ghe.example/acme/infra/actions/runs/7'
  )
  expect((await at({}, { GITHUB_SERVER_URL: '' })).runUrl).toMatch(/^https:\/\/github\.com\//)
})

describe('a pull request is untrusted', () => {
  test.each([
    ['from a fork', pull({ repo: { full_name: 'mallory/infra' } }), {}],
    ['from a fork that was deleted', pull({ repo: null }), {}],
    ['from nowhere to nowhere', pull({ repo: null }, { base: { repo: null } }), {}],
    ['by Dependabot', pull(sameRepository, { user: { login: 'dependabot[bot]' } }), {}],
    ['run by Dependabot', pull(sameRepository), { GITHUB_ACTOR: 'dependabot[bot]' }]
  ])('%s', async (_name, payload, more) => {
    expect((await at(payload, more)).pullRequest).toEqual({ number: 5, untrusted: true })
  })
})

test('the visibility of a repository is never guessed', async () => {
  expect((await at({ repository: { private: false } })).isPrivate).toBe(false)
  for (const payload of [
    {},
    { repository: {} },
    { repository: { private: 'no' } },
    '{broken',
    '',
    'null',
    '[]'
  ])
    expect((await at(payload)).isPrivate).toBeNull()
})

test('a missing event file, repository or runner is not an error', async () => {
  const context = await readContext({}, async () => {
    throw new Error('ENOENT')
  })
  expect(context).toEqual({
    event: '',
    repository: null,
    isPrivate: null,
    sha: null,
    runId: null,
    runUrl: null,
    workspace: process.cwd(),
    workflow: null,
    pullRequest: null,
    oidc: null
  })
})

test('no event payload is an error', async () => {
  const names = fc.constantFrom(
    'repository',
    'pull_request',
    'number',
    'head',
    'base',
    'repo',
    'private',
    'user'
  )
  const payload = fc.object({ key: names, maxDepth: 4 })
  await fc.assert(
    fc.asyncProperty(fc.oneof(payload, fc.string()), async value => {
      const { pullRequest } = await at(value)
      if (pullRequest !== null) expect(pullRequest.number).toBeGreaterThan(0)
    })
  )
})

test('a merge group, and events on the default branch that concern a pull request, name the base commit', async () => {
  const baseCommit = async (payload: unknown) => (await at(payload, { GITHUB_SHA: 'main' })).baseCommit
  expect(await baseCommit({ merge_group: { base_sha: 'queue' } })).toBe('queue')
  expect(await baseCommit({ issue: { number: 5, pull_request: { url: '' } } })).toBe('main')
  expect(await baseCommit({ issue: { number: 5 } })).toBeUndefined()
  expect(await baseCommit({ check_suite: { head_sha: 'other', pull_requests: [] } })).toBe('main')
  expect(await baseCommit({ check_run: { head_sha: 'main' } })).toBeUndefined()
  expect(await baseCommit(pull(sameRepository))).toBeUndefined()
})

test('a run that follows another one judges a proposal, unless that one was of what is merged here', async () => {
  const isProposal = async (event: string, from = 'acme/infra') => {
    const payload = { workflow_run: { event, head_repository: { full_name: from } } }
    return (await at(payload, { GITHUB_SHA: 'main' })).baseCommit === 'main'
  }
  for (const event of ['pull_request', 'pull_request_target', 'merge_group', 'issue_comment', 'workflow_run'])
    expect([event, await isProposal(event)]).toEqual([event, true])
  for (const event of ['push', 'schedule', 'workflow_dispatch']) {
    expect([event, await isProposal(event)]).toEqual([event, false])
    expect([event, await isProposal(event, 'mallory/infra')]).toEqual([event, true])
  }
})

test('the pull request that may be checked out on the base branch is known where the event says it', async () => {
  const checkedOut = async (payload: unknown, name: string) =>
    (await at(payload, { GITHUB_EVENT_NAME: name })).checkedOut
  expect(await checkedOut(pull(sameRepository), 'pull_request_target')).toBe(5)
  expect(await checkedOut({ issue: { number: 6, pull_request: {} } }, 'issue_comment')).toBe(6)
  const run = { event: 'pull_request', pull_requests: [{ number: 7 }] }
  expect(await checkedOut({ workflow_run: run }, 'workflow_run')).toBe(7)
  expect(await checkedOut({ workflow_run: { ...run, pull_requests: [] } }, 'workflow_run')).toBeUndefined()
  expect(await checkedOut({ check_run: { head_sha: 'x', ...run } }, 'check_run')).toBe(7)
  expect(await checkedOut(pull(sameRepository), 'pull_request')).toBeUndefined()
})
