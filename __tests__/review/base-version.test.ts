import { expect, test } from '@jest/globals'
import { parseBaseline } from '../../src/baseline/baseline.ts'
import { writeBaseline } from '../../src/baseline/write.ts'
import type { RunContext } from '../../src/github/context.ts'
import { readBaseVersion } from '../../src/review/base-version.ts'

const BASE = writeBaseline({
  version: 1,
  name: 'web',
  packs: {},
  queries: { ports: { columns: ['port'], required: [['22']], optional: [] } },
  accept: [],
  roles: {}
})
const HEAD = BASE.replace('["22"]', '["22"],\n        ["443"]')

const context = (event = 'pull_request'): RunContext => ({
  event,
  repository: { owner: 'acme', repo: 'infra' },
  isPrivate: true,
  sha: 'merge',
  runId: null,
  runUrl: null,
  workspace: '/',
  workflow: null,
  pullRequest: { number: 1, untrusted: false },
  oidc: null
})
const file = (text: string) => ({ path: 'b.json', sha256: '', text, content: parseBaseline('b.json', text) })
/** A repository whose merge commit has `base` as its first parent. */
const gitHub = (files: Record<string, string | null>, parent: string | null = 'base') => ({
  firstParent: async () => parent,
  fileAt: async (_: string, sha: string) => files[sha] ?? null
})

test('the base version is the file at the first parent of the merge commit', async () => {
  const replaced = await readBaseVersion(file(HEAD), context(), gitHub({ base: BASE, merge: HEAD }))
  expect(replaced).toEqual({ content: parseBaseline('b.json', BASE), notices: [] })
})

test.each([
  ['the same bytes', BASE],
  ['Windows line ends', BASE.replaceAll('\n', '\r\n')],
  ['a byte order mark', `\ufeff${BASE}`],
  ['other white space', BASE.replaceAll('  ', '\t')]
])('a file that differs only in %s is unchanged', async (_, text) => {
  const replaced = await readBaseVersion(file(text), context(), gitHub({ base: BASE }))
  expect(replaced).toEqual({ content: undefined, notices: [] })
})

test('under pull_request_target, whose commit is on the base branch, the base version is the file at that commit', async () => {
  const files = { base: HEAD, merge: BASE }
  expect((await readBaseVersion(file(HEAD), context('pull_request_target'), gitHub(files))).content).toEqual(
    parseBaseline('b.json', BASE)
  )
  expect(
    (await readBaseVersion(file(BASE), context('pull_request_target'), gitHub(files))).content
  ).toBeUndefined()
})

test('without a parent commit, all rows are reviewed as added', async () => {
  expect((await readBaseVersion(file(HEAD), context(), gitHub({}, null))).content).toBeNull()
})
