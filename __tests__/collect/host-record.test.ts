import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { type Asked, recordOf } from '../../src/collect/host-record.ts'
import { queryTally } from '../../src/collect/query-tally.ts'
import { builtinPack } from '../../src/osquery/builtin-packs.ts'
import { isOlder, MINIMUM_OSQUERY } from '../../src/osquery/minimum-version.ts'
import type { Query } from '../../src/osquery/pack.ts'
import type { QueryResult } from '../../src/snapshot/snapshot.ts'
import { facts } from '../support/fleets.ts'

const { queries } = builtinPack('linux')!
const ok: QueryResult = { status: 'ok', detail: null, rows: [{ a: '1' }] }
const lacking: QueryResult = { status: 'failed', detail: 'Error: no such column: cgroup_path', rows: [] }

/** The record of a host on which `failing` queries fail. */
function record(osqueryVersion: string | null, failing: readonly string[]) {
  const results = queries.map(({ name }) => [name, failing.includes(name) ? lacking : ok] as const)
  return recordOf('i-1', answer(osqueryVersion, Object.fromEntries(results)), sent(queries))
}

const answer = (osqueryVersion: string | null, results: Readonly<Record<string, QueryResult>>) => ({
  kind: 'answer' as const,
  facts: { ...facts, osqueryVersion, root: true },
  queries: results,
  isForged: false
})

const sent = (asked: readonly Query[]): Asked => ({
  queries: asked,
  shell: 'posix',
  platform: 'linux',
  collectedAt: '2026-01-01T00:00:00Z',
  silence: { reason: { code: 'no-answer' }, unanswered: true }
})

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

test.each([
  ['of weight context, on an osquery that is older', '5.18.0', 'context', null],
  ['of weight context, on one that is not', '5.19.0', 'context', 'queries-unanswered'],
  ['that accuses, on an osquery that is older', '5.18.0', 'normal', 'queries-unanswered'],
  ['of weight context, on an osquery that does not say its version', null, 'context', 'queries-unanswered']
] as const)('a table is lacking for a query %s', (_, osqueryVersion, weight, code) => {
  const late = { ...queries[0]!, name: 'late', version: '5.19.0', weight, platforms: [] }
  const results = { late: { ...lacking, status: 'unsupported' as const }, [queries[1]!.name]: ok }
  const asked = [late, queries[1]!]
  expect(recordOf('i-1', answer(osqueryVersion, results), sent(asked)).code).toBe(code)
  const tally = queryTally(asked)
  for (let host = 0; host < 5; host++) tally.add(recordOf('i-1', answer('5.18.0', results), sent(asked)))
  expect(tally.notices()).toHaveLength(weight === 'context' ? 0 : 1)
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
])('osquery %p is older than 5.8.0: %p', (version, expected) => {
  expect(isOlder(version, '5.8.0')).toBe(expected)
})

test.each(['linux', 'macos', 'windows', 'incident'])('the pack %s names the version that it needs', name => {
  const pack = JSON.parse(readFileSync(new URL(`../../packs/${name}.json`, import.meta.url), 'utf8'))
  expect(pack.version).toBe(MINIMUM_OSQUERY)
})
