import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { parseBaseline } from '../../src/baseline/baseline.ts'
import type { RunContext } from '../../src/github/context.ts'
import { readIndicators } from '../../src/indicators/read.ts'
import { builtinPack } from '../../src/osquery/builtin-packs.ts'
import { repositoryPath } from '../../src/review/base-commit.ts'
import { readBaseVersion } from '../../src/review/base-version.ts'
import { judgeProposal } from '../../src/review/proposal.ts'
import { PULL_REQUEST } from '../support/reviews.ts'

const WORKFLOW = '.github/workflows/review.yml'
const context: RunContext = { ...PULL_REQUEST, workflow: WORKFLOW }
type Files = Record<string, string>
const gitHub = (base: Files, merge: Files) => ({
  firstParent: async () => 'base',
  mergeCommit: async () => 'merge',
  fileAt: async (path: string, sha: string) => (sha === 'base' ? base : merge)[path] ?? null
})
const workflow = (inputs: Record<string, string>, more = '') =>
  [
    'jobs:',
    '  review:',
    '    runs-on: ubuntu-latest',
    '    steps:',
    '      - uses: actions/checkout@v7',
    '        with: { persist-credentials: false }',
    '      - uses: fleet-drift/fleet-drift@v1',
    '        with:',
    ...Object.entries(inputs).map(([name, value]) => `          ${name}: ${JSON.stringify(value)}`),
    more
  ].join('\n')
const INPUTS = { targets: 'tag:A=b', baseline: 'b.json', packs: 'linux\nown.json', 'fail-on': 'high' }

const found = async (base: Files, merge: Files, indicators = '') => {
  const list = await readIndicators(indicators, async path => base[path]!)
  const definitions = { packs: [builtinPack('linux')!], indicators: list }
  const proposed = () =>
    readIndicators(indicators, async path => merge[path] ?? Promise.reject(new Error(path)))
  const { drafts } = await judgeProposal(definitions, proposed, true, context, gitHub(base, merge))
  return drafts.map(({ kind, severity, explanation }) => [kind, severity, explanation])
}
const foundInWorkflow = (before: string, after: string) =>
  found({ [WORKFLOW]: before }, { [WORKFLOW]: after })

test.each<[string, Files, RegExp]>([
  [
    'drops an indicator',
    { 'iocs.txt': 'evil.example\n' },
    /no longer searches for 1 indicator \(203\.0\.113\.9\)/
  ],
  ['empties the list', { 'iocs.txt': '# none\n' }, /no longer searches for 2 indicators/],
  ['deletes the list', {}, /no longer searches for 2 indicators/],
  ['breaks the list', { 'iocs.txt': 'table.column=\n/(/\n' }, /no longer searches for 2 indicators/],
  [
    'comments indicators out',
    { 'iocs.txt': '# evil.example\n# 203.0.113.9\nother.example\n' },
    /no longer searches for 2 indicators/
  ],
  ['narrows an indicator', { 'iocs.txt': 'evil.example.org\n203.0.113.9\n' }, /\(evil\.example\)/]
])('a pull request that %s is a high poisoning finding', async (_, merge, words) => {
  const base = { 'iocs.txt': 'evil.example\n203.0.113.9\n' }
  expect(await found(base, merge, 'iocs.txt')).toEqual([['poisoning', 'high', expect.stringMatching(words)]])
})

test('more indicators, in another order, are no finding', async () => {
  const base = { 'iocs.txt': 'evil.example\n203.0.113.9\n' }
  const merge = { 'iocs.txt': '203.0.113.9\r\nnew.example\r\nevil.example\r\n' }
  expect(await found(base, merge, 'iocs.txt')).toEqual([])
})

test.each<[string, Partial<typeof INPUTS> & Record<string, string>, RegExp]>([
  ['another baseline', { baseline: 'c.json' }, /the inputs baseline/],
  ['fewer packs', { packs: 'linux' }, /the inputs packs/],
  ['a higher bar to fail', { 'fail-on': 'never' }, /the inputs fail-on/],
  ['other targets', { targets: 'i-0123456789abcdef0' }, /the inputs targets/],
  ['a lower coverage', { 'min-coverage': '1' }, /the inputs min-coverage/],
  ['another collector and files', { collector: 'files', files: 'x.gz' }, /the inputs files and collector/],
  ['another mode', { mode: 'collect' }, /the inputs mode/]
])('a pull request that gives its own review %s is a high finding', async (_, inputs, words) => {
  const after = workflow({ ...INPUTS, ...inputs })
  expect(await foundInWorkflow(workflow(INPUTS), after)).toEqual([
    ['poisoning', 'high', expect.stringMatching(words)]
  ])
})

test('a pull request that removes the baseline from its own review is a high finding', async () => {
  const { baseline: _, ...inputs } = INPUTS
  expect(await foundInWorkflow(workflow(INPUTS), workflow(inputs))).toEqual([
    ['poisoning', 'high', expect.stringMatching(/the inputs baseline/)]
  ])
})

test('a workflow that changes in other ways, or asks for more, is no finding', async () => {
  const before = workflow(INPUTS)
  expect(await foundInWorkflow(before, before.replaceAll('v7', 'v8'))).toEqual([])
  expect(await foundInWorkflow(before, before.replaceAll('\n', '\r\n'))).toEqual([])
  expect(await foundInWorkflow(before, workflow({ ...INPUTS, packs: 'own.json\nlinux\nincident' }))).toEqual(
    []
  )
  expect(await foundInWorkflow(before, workflow({ ...INPUTS, indicators: 'iocs.txt' }))).toEqual([])
  const scheduled = { ...context, pullRequest: null }
  const definitions = { packs: [], indicators: [] }
  const github = gitHub({ [WORKFLOW]: before }, { [WORKFLOW]: workflow({ targets: 'x' }) })
  expect((await judgeProposal(definitions, async () => [], true, scheduled, github)).drafts).toEqual([])
})

const BASE = JSON.stringify({
  version: 1,
  name: 'web',
  queries: { cron: { columns: ['path'], required: [['/etc/crontab']] } }
})
const MOVED = BASE.replace('["/etc/crontab"]', '["/etc/crontab"],["/etc/cron.d/x"]')
const file = (path: string, text: string) => ({ path, sha256: '', text, content: parseBaseline(path, text) })

test('a baseline at another path is compared with the one that the workflow of the base names', async () => {
  const before = { [WORKFLOW]: workflow(INPUTS), 'b.json': BASE }
  const after = { [WORKFLOW]: workflow({ ...INPUTS, baseline: 'c.json' }), 'c.json': MOVED }
  const moved = await readBaseVersion(file('c.json', MOVED), context, gitHub(before, after))
  expect(moved.content).toEqual(parseBaseline('b.json', BASE))
  expect(moved.notices.join()).toMatch(/c\.json takes the place of b\.json/)
})

test('a baseline that is added beside others is new', async () => {
  const step = `      - uses: fleet-drift/fleet-drift@v1\n        with: { baseline: c.json, targets: "tag:C=c" }`
  const before = { [WORKFLOW]: workflow(INPUTS), 'b.json': BASE }
  const after = { [WORKFLOW]: workflow(INPUTS, step), 'b.json': BASE, 'c.json': MOVED }
  expect((await readBaseVersion(file('c.json', MOVED), context, gitHub(before, after))).content).toBeNull()
})

test('a baseline that became part of a submodule is compared with the file that it was', () => {
  const workspace = mkdtempSync(join(tmpdir(), 'workspace-'))
  mkdirSync(join(workspace, 'baselines'))
  writeFileSync(join(workspace, 'baselines/.git'), 'gitdir: ../.git/modules/baselines\n')
  expect(repositoryPath(workspace, 'baselines/b.json')).toBe('baselines/b.json')
  rmSync(workspace, { recursive: true })
})
