import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { recordOf } from '../../src/collect/host-record.ts'
import { queryTally } from '../../src/collect/query-tally.ts'
import { builtinPack } from '../../src/osquery/builtin-packs.ts'
import { isTooOld, MINIMUM_OSQUERY } from '../../src/osquery/minimum-version.ts'
import type { QueryResult } from '../../src/snapshot/snapshot.ts'
import { facts } from '../support/fleets.ts'

const { queries } = builtinPack('linux')!
const ok: QueryResult = { status: 'ok', detail: null, rows: [{ a: '1' }] }
const lacking: QueryResult = { status: 'failed', detail: 'Error: no such column: cgroup_path', rows: [] }

/** The record of a host on which `failing` queries fail. */
function record(osqueryVersion: string | null, failing: readonly string[]) {
  const results = queries.map(({ name }) => [name, failing.includes(name) ? lacking : ok] as const)
  return recordOf(
    'i-1',
    {
      kind: 'answer',
      facts: { ...facts, osqueryVersion, root: true },
      queries: Object.fromEntries(results),
      isForged: false
    },
    {
      queries,
      shell: 'posix',
      platform: 'linux',
      collectedAt: '2026-01-01T00:00:00Z',
      silence: { reason: { code: 'no-answer' }, unanswered: true }
    }
  )
}

const names = queries.slice(0, 6).map(({ name }) => name)

test('an osquery that is too old is one reason of the host, not a list of failed queries', () => {
  const old = record('5.2.3', names)
  expect(old).toMatchObject({ status: 'partial', code: 'old-osquery', unanswered: false })
  expect(old.reason).toMatch(
    /^osquery 5\.2\.3 is older than 5\.8\.0, which the packs need, and queries were not answered: .* and 2 more$/
  )
  expect(record('5.8.0', names).code).toBe('queries-unanswered')
  expect(record(null, names).code).toBe('queries-unanswered')
})

test('an old osquery that answers every query is not a reason', () => {
  expect(record('5.2.3', [])).toMatchObject({ status: 'reported', code: null })
})

test('a fleet of old osqueries does not make the pack look broken', () => {
  const tally = queryTally(queries)
  for (let host = 0; host < 5; host++) tally.add(record('5.2.3', names))
  expect(tally.notices()).toEqual([])
  for (let host = 0; host < 5; host++) tally.add(record('5.23.0', names))
  expect(tally.notices()).toHaveLength(5)
})

test.each([
  ['5.8.0', false],
  ['5.7.9', true],
  ['5.10.1', false],
  ['4.9.0', true],
  ['5', true],
  ['6', false],
  ['5.8.0-1.linux', false],
  ['5.2.2-12-gabcdef', true],
  ['unknown', false],
  ['', false]
])('osquery %p is too old: %p', (version, expected) => {
  expect(isTooOld(version)).toBe(expected)
})

test.each(['linux', 'macos', 'windows', 'incident'])('the pack %s names the version that it needs', name => {
  const pack = JSON.parse(readFileSync(new URL(`../../packs/${name}.json`, import.meta.url), 'utf8'))
  expect(pack.version).toBe(MINIMUM_OSQUERY)
})
