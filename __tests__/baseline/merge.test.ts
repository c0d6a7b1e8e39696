import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { type Baseline, parseBaseline } from '../../src/baseline/baseline.ts'
import { writeBaseline } from '../../src/baseline/write.ts'

const ports = (...list: string[]) => list.map(port => ['6', port])
const base: Baseline = {
  version: 1,
  name: 'checkout',
  packs: { linux: 'sha256:00' },
  queries: {
    modules: { columns: ['name'], required: [], optional: [] },
    ports: { columns: ['protocol', 'port'], required: ports('443'), optional: ports('8080') }
  },
  accept: [{ query: 'ports', match: { port: '99' }, reason: 'r', owner: 'o', expires: '2026-12-31' }],
  roles: {}
}
const withPorts = (required: string[], optional: string[]): Baseline => ({
  ...base,
  queries: {
    ...base.queries,
    ports: { columns: ['protocol', 'port'], required: ports(...required), optional: ports(...optional) }
  }
})
const withAcceptance = (query: string): Baseline => ({
  ...base,
  accept: [...base.accept, { query, match: { port: '1' }, reason: 'r', owner: 'o', expires: '2026-12-31' }]
})
const withQuery = (name: string): Baseline => ({
  ...base,
  queries: { ...base.queries, [name]: { columns: ['name'], required: [['x']], optional: [] } }
})
const withModules = (required: string[], optional: string[]): Baseline => ({
  ...base,
  queries: {
    ...base.queries,
    modules: {
      columns: ['name'],
      required: required.map(name => [name]),
      optional: optional.map(name => [name])
    }
  }
})

let repository = ''
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
    cwd: repository,
    stdio: 'pipe',
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' }
  })
const commit = (baseline: Baseline, message: string) => {
  writeFileSync(join(repository, 'b.json'), writeBaseline(baseline))
  git('add', 'b.json')
  git('commit', '-qm', message)
}

beforeEach(() => {
  repository = mkdtempSync(join(tmpdir(), 'merge-'))
  git('init', '-qb', 'main')
  commit(base, 'base')
})
afterEach(() => rmSync(repository, { recursive: true, force: true }))

function merged(ours: Baseline, theirs: Baseline): { status: number | null; text: string } {
  git('checkout', '-qb', 'theirs')
  commit(theirs, 'theirs')
  git('checkout', '-q', 'main')
  commit(ours, 'ours')
  const { status } = spawnSync(
    'git',
    ['-c', 'user.name=t', '-c', 'user.email=t@example.org', 'merge', '-q', 'theirs'],
    { cwd: repository }
  )
  return { status, text: readFileSync(join(repository, 'b.json'), 'utf8') }
}

test.each<[string, Baseline, Baseline, Baseline]>([
  [
    'before and after the only row of a list',
    withPorts(['22', '443'], ['8080']),
    withPorts(['443', '80'], ['8080']),
    withPorts(['22', '443', '80'], ['8080'])
  ],
  [
    'at the last place of two lists',
    withPorts(['443', '9'], ['8080']),
    withPorts(['443'], ['8080', '9000']),
    withPorts(['443', '9'], ['8080', '9000'])
  ],
  [
    'in two lists that were empty',
    withModules(['ext4'], []),
    withModules([], ['loop']),
    withModules(['ext4'], ['loop'])
  ],
  [
    'of acceptances before and after the only one',
    withAcceptance('a'),
    withAcceptance('z'),
    { ...base, accept: [...base.accept, withAcceptance('a').accept[1]!, withAcceptance('z').accept[1]!] }
  ],
  [
    'of a whole query and of a row at the end of the last one',
    withQuery('zeta'),
    withPorts(['443'], ['8080', '9']),
    {
      ...withPorts(['443'], ['8080', '9']),
      queries: {
        ...withPorts(['443'], ['8080', '9']).queries,
        ...withQuery('zeta').queries,
        ports: withPorts(['443'], ['8080', '9']).queries.ports!
      }
    }
  ],
  [
    'of the same row',
    withPorts(['22', '443'], ['8080']),
    withPorts(['22', '443'], ['8080']),
    withPorts(['22', '443'], ['8080'])
  ]
])('Git merges additions %s without conflict, into a canonical baseline', (_, ours, theirs, wanted) => {
  const { status, text } = merged(ours, theirs)
  expect(status).toBe(0)
  expect(text).toBe(writeBaseline(wanted))
  expect(writeBaseline(parseBaseline('b.json', text))).toBe(text)
})

test('additions at the same place conflict, and the conflict is reported with its line', () => {
  const { status, text } = merged(withPorts(['443', '80'], ['8080']), withPorts(['443', '81'], ['8080']))
  expect(status).toBe(1)
  const line = text.split('\n').findIndex(one => one.startsWith('<<<<<<<')) + 1
  expect(() => parseBaseline('b.json', text)).toThrow(`b.json:${line}:1: unresolved Git merge markers`)
})
