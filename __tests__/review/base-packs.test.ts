import { createHash } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { type RunContext, readContext } from '../../src/github/context.ts'
import { builtinPack } from '../../src/osquery/builtin-packs.ts'
import type { Pack } from '../../src/osquery/pack.ts'
import { readPack } from '../../src/osquery/parse-pack.ts'
import { baseFirst } from '../../src/review/base-commit.ts'
import { judgingPacks } from '../../src/review/base-packs.ts'
import { PULL_REQUEST } from '../support/reviews.ts'

const context: RunContext = { ...PULL_REQUEST, workspace: '/work' }
const PATH = 'packs/own.json'
const MODULES = {
  query: 'SELECT name, size FROM kernel_modules',
  fleet_drift: { identity: ['name', 'size'], weight: 'integrity', control: true }
}
const CRON = { query: 'SELECT path, command FROM crontab' }
const text = (queries: object) => JSON.stringify({ queries })
const BASE = text({ modules: MODULES, cron: CRON })
const pack = (content: string): Pack => ({
  name: PATH,
  sha256: `sha256:${createHash('sha256').update(content).digest('hex')}`,
  queries: readPack(PATH, JSON.parse(content))
})
const gitHub = (base: string | null, merge: string | null = null) => ({
  firstParent: async () => 'base',
  mergeCommit: async () => null,
  fileAt: async (path: string, sha: string) => (path !== PATH ? null : sha === 'base' ? base : merge)
})
const judged = (proposed: string, base: string | null = BASE, reachesHosts = true) =>
  judgingPacks([pack(proposed)], reachesHosts, context, gitHub(base))
const findings = async (queries: object) =>
  (await judged(text(queries))).drafts.map(({ kind, severity, explanation }) => [kind, severity, explanation])

test('a pull request is judged by the packs of its base: its own SQL reaches no host', async () => {
  const { packs, drafts, notices } = await judged(
    text({ modules: MODULES, cron: CRON, new: { query: 'SELECT 1' } })
  )
  expect(packs).toEqual([pack(BASE)])
  expect(drafts).toEqual([])
  expect(notices.join()).toMatch(/runs after the merge: new/)
})

test.each<[string, object, RegExp]>([
  ['removes a query', { cron: CRON }, /no longer has the query modules/],
  [
    'looks past an implant',
    {
      modules: { ...MODULES, query: "SELECT name, size FROM kernel_modules WHERE name != 'diamorphine'" },
      cron: CRON
    },
    /changes the SQL of modules/
  ],
  [
    'lowers a weight',
    { modules: { ...MODULES, fleet_drift: { ...MODULES.fleet_drift, weight: 'context' } }, cron: CRON },
    /lowers the weight of modules to context/
  ],
  [
    'compares fewer columns',
    { modules: { ...MODULES, fleet_drift: { ...MODULES.fleet_drift, identity: ['name'] } }, cron: CRON },
    /no longer compares size of modules/
  ],
  [
    'compares only some columns of a query that compared all',
    { modules: MODULES, cron: { ...CRON, fleet_drift: { identity: ['path'] } } },
    /compares only some columns of cron/
  ],
  [
    'compares only equal versions',
    { modules: { ...MODULES, fleet_drift: { ...MODULES.fleet_drift, cohort: ['size'] } }, cron: CRON },
    /compares modules only where size agrees/
  ],
  [
    'no longer expects protections',
    { modules: { ...MODULES, fleet_drift: { ...MODULES.fleet_drift, control: false } }, cron: CRON },
    /no longer treats modules as protections/
  ],
  ['asks fewer platforms', { modules: { ...MODULES, platform: 'windows' }, cron: CRON }, /fewer platforms/],
  [
    'compares a column that differs on each host',
    {
      modules: { ...MODULES, fleet_drift: { ...MODULES.fleet_drift, identity: ['name', 'size', 'address'] } },
      cron: CRON
    },
    /also compares address of modules/
  ],
  [
    'no longer compares a column of a query that declares none',
    { modules: MODULES, cron: { ...CRON, fleet_drift: { volatile: ['command'] } } },
    /no longer compares command of cron/
  ],
  [
    'no longer says what identifies a row',
    {
      modules: { query: MODULES.query, fleet_drift: { weight: 'integrity', control: true } },
      cron: CRON
    },
    /no longer says which columns of modules are compared/
  ],
  [
    'takes another row for a changed one',
    { modules: { ...MODULES, fleet_drift: { ...MODULES.fleet_drift, changes: ['name'] } }, cron: CRON },
    /takes another name of modules for the same row/
  ],
  [
    'needs root',
    { modules: { ...MODULES, fleet_drift: { ...MODULES.fleet_drift, root: true } }, cron: CRON },
    /leaves out the rows of modules on hosts without root/
  ],
  [
    'asks no rows',
    { modules: { ...MODULES, query: `${MODULES.query} LIMIT 0` }, cron: CRON },
    /changes the SQL of modules/
  ],
  [
    'cannot be read',
    { modules: { ...MODULES, query: `${MODULES.query}; DROP TABLE x` }, cron: CRON },
    /no longer has the query modules/
  ],
  ['has a query of another name', { kernel_modules: MODULES, cron: CRON }, /no longer has the query modules/]
])('a pull request whose pack %s is a high poisoning finding', async (_, queries, words) => {
  expect(await findings(queries)).toEqual([['poisoning', 'high', expect.stringMatching(words)]])
})

test.each<[string, object]>([
  ['merge_group', { merge_group: { base_sha: 'base' } }],
  ['issue_comment', { issue: { number: 5, pull_request: {} } }],
  ['workflow_run', { workflow_run: { event: 'pull_request', pull_requests: [] } }],
  ['workflow_run', { workflow_run: { event: 'push', head_repository: { full_name: 'mallory/infra' } } }],
  ['check_suite', { check_suite: { head_sha: 'head', pull_requests: [] } }]
])('under %s, too, no SQL of a proposal reaches a host', async (event, payload) => {
  const env = {
    GITHUB_EVENT_NAME: event,
    GITHUB_EVENT_PATH: '/event.json',
    GITHUB_REPOSITORY: 'acme/infra',
    GITHUB_SHA: 'base'
  }
  const run = await readContext(env, async () => JSON.stringify(payload))
  const evil = text({ modules: MODULES, cron: { query: "SELECT * FROM file WHERE path = '/etc/shadow'" } })
  expect((await judgingPacks([pack(evil)], true, run, gitHub(BASE))).packs).toEqual([pack(BASE)])
  expect((await judgingPacks([pack(evil)], true, run, gitHub(null))).packs).toEqual([])
})

test('white space in SQL and a stricter pack are no findings', async () => {
  const query = 'SELECT name,\n  size FROM kernel_modules'.replace('name,\n  size', 'name, size')
  const stricter = { ...CRON, fleet_drift: { identity: ['command', 'path'], weight: 'integrity' } }
  const base = text({ modules: MODULES, cron: { ...CRON, fleet_drift: { identity: ['path', 'command'] } } })
  const { drafts } = await judged(text({ modules: { ...MODULES, query: `${query} ` }, cron: stricter }), base)
  expect(drafts).toEqual([])
})

test('a blank within quotes of SQL is no white space: it decides which rows are shown', async () => {
  const looking = (name: string) =>
    text({ modules: MODULES, cron: { query: `SELECT path, command FROM crontab WHERE path <> '${name}'` } })
  const { drafts } = await judged(looking('/etc/a b'), looking('/etc/a  b'))
  expect(drafts.map(({ explanation }) => explanation)).toEqual([
    expect.stringMatching(/changes the SQL of cron/)
  ])
})

test('a technique in a foreign pack must not turn kernel modules into an ordinary table', async () => {
  const foreign = { query: MODULES.query }
  const tagged = { ...foreign, fleet_drift: { attack: ['T1082'] } }
  const { drafts } = await judged(text({ modules: tagged }), text({ modules: foreign }))
  expect(drafts.map(({ explanation }) => explanation)).toEqual([
    expect.stringMatching(/lowers the weight of modules to normal/)
  ])
})

test('of two packs with one query the first decides, in the base and in the proposal', async () => {
  const linux = builtinPack('linux')!
  const [modules] = linux.queries.filter(({ weight }) => weight === 'integrity')
  const lax = { [modules!.name]: { query: modules!.sql, fleet_drift: { weight: 'context' } } }
  const proposed = pack(text({ cron: CRON, ...lax }))
  const base = text({ cron: CRON })
  const first = await judgingPacks([proposed, linux], true, context, gitHub(base))
  expect(first.drafts.map(({ severity }) => severity)).toEqual(['high'])
  const second = await judgingPacks([linux, proposed], true, context, gitHub(base))
  expect(second.drafts).toEqual([])
})

test('a pack that is not on the base branch runs on no host, and may judge files', async () => {
  const onHosts = await judged(BASE, null)
  expect(onHosts.packs).toEqual([])
  expect(onHosts.notices.join()).toMatch(/packs\/own\.json is not on the base branch yet/)
  expect((await judged(BASE, null, false)).packs).toEqual([pack(BASE)])
})

test('built-in packs and runs that are no proposal need no look at the base branch', async () => {
  const linux = builtinPack('linux')!
  expect((await judgingPacks([linux], true, context, null)).packs).toEqual([linux])
  const scheduled = { ...context, event: 'schedule', pullRequest: null }
  expect((await judgingPacks([pack(BASE)], true, scheduled, null)).packs).toEqual([pack(BASE)])
})

test('without a way to read the base branch a pack of the repository does not run', async () => {
  await expect(judgingPacks([pack(BASE)], true, context, null)).rejects.toThrow(/contents: read/)
  const fork = { ...context, pullRequest: { number: 1, untrusted: true } }
  const { packs, notices } = await judgingPacks([pack(BASE)], true, fork, null)
  expect(packs).toEqual([])
  expect(notices).toHaveLength(1)
})

test('the indicators of the base are searched for, whatever the pull request says', async () => {
  const onDisk = async (path: string) => `disk ${path}`
  const github = {
    firstParent: async () => 'base',
    fileAt: async (path: string) => (path === 'iocs.txt' ? 'diamorphine' : null)
  }
  const read = baseFirst(onDisk, context, github)
  expect(await read('iocs.txt')).toBe('diamorphine')
  expect(await read('new.txt')).toBe('disk new.txt')
  expect(await baseFirst(onDisk, { ...context, pullRequest: null }, github)('iocs.txt')).toBe('disk iocs.txt')
})
