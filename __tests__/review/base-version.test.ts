import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { parseBaseline } from '../../src/baseline/baseline.ts'
import { writeBaseline } from '../../src/baseline/write.ts'
import type { RunContext } from '../../src/github/context.ts'
import { repositoryPath } from '../../src/review/base-commit.ts'
import { readBaseVersion } from '../../src/review/base-version.ts'
import { PULL_REQUEST } from '../support/reviews.ts'

const BASE = writeBaseline({
  version: 1,
  name: 'web',
  packs: {},
  queries: { ports: { columns: ['port'], required: [['22']], optional: [] } },
  accept: [],
  roles: {}
})
const HEAD = BASE.replace('["22"]', '["22"],\n        ["443"]')

const context = (event = 'pull_request'): RunContext => ({ ...PULL_REQUEST, event })
const file = (text: string) => ({ path: 'b.json', sha256: '', text, content: parseBaseline('b.json', text) })
/** A repository whose merge commit has `base` as its first parent. */
const gitHub = (files: Record<string, string | null>, parent: string | null = 'base') => ({
  firstParent: async (commit: string) => (commit === 'old-merge' ? 'old-base' : parent),
  mergeCommit: async (pullRequest: number) => (pullRequest === 1 && files['old-merge'] ? 'old-merge' : null),
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

test.each([
  ['pull_request_target', {}],
  ['issue_comment', { pullRequest: null, baseCommit: 'merge' }],
  ['workflow_run', { pullRequest: null, baseCommit: 'merge' }]
])(
  'under %s with an old head checked out, what main gained since is not taken for removed',
  async (event, more) => {
    const gained = BASE.replace('["22"]', '["22"],\n        ["80"]')
    const run = { ...context(event), ...more, checkedOut: 1 }
    // GitHub's merge commit may be older than the base, too.
    const alone = { merge: gained, 'old-base': BASE, 'old-merge': BASE }
    const unchanged = await readBaseVersion(file(BASE), run, gitHub(alone))
    expect(unchanged.content).toBeUndefined()
    expect(unchanged.proposed?.content).toEqual(parseBaseline('b.json', gained))
    expect(unchanged.notices.join()).toMatch(/The checkout of b\.json is not that of the merge commit/)

    const both = BASE.replace('["22"]', '["22"],\n        ["443"],\n        ["80"]')
    const changing = { merge: gained, 'old-base': gained, 'old-merge': both }
    const changed = await readBaseVersion(file(HEAD), run, gitHub(changing))
    expect(changed.content).toEqual(parseBaseline('b.json', gained))
    expect(changed.proposed?.content).toEqual(parseBaseline('b.json', both))

    const conflict = await readBaseVersion(file(HEAD), run, gitHub({ merge: gained }))
    expect(conflict.content).toEqual(parseBaseline('b.json', gained))
  }
)

test('without a parent commit, all rows are reviewed as added', async () => {
  expect((await readBaseVersion(file(HEAD), context(), gitHub({}, null))).content).toBeNull()
})

test('if the head is checked out while main moved on, the version of the merge commit is judged, with a notice', async () => {
  const moved = BASE.replace('["22"]', '["22"],\n        ["80"]')
  const files = { base: moved, merge: moved }
  const unchanged = await readBaseVersion(file(BASE), context(), gitHub(files))
  expect(unchanged.content).toBeUndefined()
  expect(unchanged.proposed?.content).toEqual(parseBaseline('b.json', moved))
  expect(unchanged.notices.join()).toMatch(/The checkout of b\.json is not that of the merge commit/)

  const changed = await readBaseVersion(file(BASE), context(), gitHub({ base: moved, merge: HEAD }))
  expect(changed.content).toEqual(parseBaseline('b.json', moved))
  expect(changed.proposed?.content).toEqual(parseBaseline('b.json', HEAD))
})

test('in a merge group, the base version is the file at the base commit of the group', async () => {
  const group = { ...context('merge_group'), pullRequest: null, baseCommit: 'queue' }
  const replaced = await readBaseVersion(file(HEAD), group, gitHub({ queue: BASE, base: HEAD, merge: HEAD }))
  expect(replaced).toEqual({ content: parseBaseline('b.json', BASE), notices: [] })
})

test('a checkout into a folder is found by its path in the repository', () => {
  const workspace = mkdtempSync(join(tmpdir(), 'workspace-'))
  mkdirSync(join(workspace, 'infra/.git'), { recursive: true })
  expect(repositoryPath(workspace, 'infra/baselines/b.json')).toBe('baselines/b.json')
  expect(repositoryPath(workspace, './baselines/../b.json')).toBe('b.json')
  rmSync(workspace, { recursive: true })
})
