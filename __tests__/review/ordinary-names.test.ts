import { expect, test } from '@jest/globals'
import { assess } from '../../src/assess.ts'
import { parseBaseline } from '../../src/baseline/baseline.ts'
import { writeBaseline } from '../../src/baseline/write.ts'
import { learnFromFleet } from '../../src/learn/learn-from-fleet.ts'
import type { Row } from '../../src/snapshot/snapshot.ts'
import { facts, fleet, QUERIES, query } from '../support/fleets.ts'

const NAMES = [
  ...[
    'constructor',
    '__proto__',
    'toString',
    'hasOwnProperty',
    'valueOf',
    'toJSON',
    'then',
    'length',
    'prototype'
  ],
  ...['0', '1', '-1', '00', '1e3', 'NaN', 'null', 'undefined', '__defineGetter__', 'isPrototypeOf']
]
const TODAY = '2026-09-30'

function rowOf(entries: readonly (readonly [string, string])[]): Row {
  const row: Record<string, string> = Object.create(null)
  for (const [column, value] of entries) row[column] = value
  return row
}

test.each(NAMES)(
  '%j is an ordinary name of a column, a query, a host, a group, a role and an owner',
  async name => {
    const asked = /^[A-Za-z0-9]/.test(name) ? name : 'jobs'
    const hosts = fleet(12).map((record, at) => {
      const usual = rowOf([
        [name, 'v'],
        ['path', '/x']
      ])
      const rows =
        at === 4
          ? [
              usual,
              rowOf([
                [name, name],
                ['path', name]
              ])
            ]
          : [usual]
      const queries = Object.assign(Object.create(null), record.queries)
      queries[asked] = { status: 'ok', detail: null, rows }
      return { ...record, queries, facts: { ...facts, hostname: name, fqdn: name } }
    })
    const open = async function* () {
      yield* hosts
    }
    const question = { queries: [...QUERIES, query(asked, null)], indicators: [], today: TODAY }
    const options = { name, packs: {}, cleanHosts: [], previous: null, acceptRare: true }
    const { baseline, findings } = await learnFromFleet(options, question, open)
    expect(findings.flatMap(({ rows }) => rows.map(row => row.query))).toContain(asked)
    const learned = parseBaseline('b.json', writeBaseline(baseline), TODAY)
    const column = name === '__proto__' ? 'path' : name
    const accept = [
      { query: asked, match: { [column]: 'abc' }, reason: name, owner: name, expires: '2026-12-31' }
    ]
    const roles = { [asked]: { queries: {} }, other: { queries: {} } }
    const reviewed = await assess(
      { ...question, baseline: { ...learned, accept, roles }, replaced: learned },
      open
    )
    expect(reviewed.findings.map(({ kind, hosts }) => [kind, hosts])).toContainEqual(['poisoning', []])
    const again = await learnFromFleet({ ...options, previous: { ...learned, roles } }, question, open)
    expect(again.refused).toEqual([])
  }
)
