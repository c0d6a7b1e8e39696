import { expect, test } from '@jest/globals'
import { queryTally } from '../../src/collect/query-tally.ts'
import type { QueryResult } from '../../src/snapshot/snapshot.ts'
import { query } from '../support/ssm-collection.ts'

const failed = (detail: string): QueryResult => ({ status: 'failed', detail, rows: [] })
const missing: QueryResult = { status: 'unsupported', detail: 'Error: no such table: nosuch', rows: [] }
const answered: QueryResult = { status: 'ok', detail: null, rows: [] }

/** The notices about a query with these results, one per host. */
function notices(results: readonly QueryResult[], platforms = query('mine').platforms): string[] {
  const tally = queryTally([{ ...query('mine'), platforms }])
  for (const [at, result] of results.entries())
    tally.add({
      host: `i-${at}`,
      status: 'partial',
      code: null,
      reason: null,
      unanswered: false,
      collectedAt: null,
      facts: null,
      queries: { mine: result }
    })
  return tally.notices()
}

test('a query that fails alike on all hosts is reported once, with what osquery says', () => {
  const wrong = failed('Error: no such column: nosuch\n::error::x')
  expect(notices([wrong, wrong, wrong])).toEqual([
    'The query mine failed alike on all 3 hosts that ran it: check its pack. osquery says: Error: no such column: nosuch⏎::error::x'
  ])
  expect(notices([missing, missing], [])).toHaveLength(1)
})

test('a query that some host answers, that fails for different reasons, or that is for other platforms is not', () => {
  const wrong = failed('Error: x')
  expect(notices([wrong, answered, wrong])).toEqual([])
  expect(notices([wrong, failed('Error: y')])).toEqual([])
  expect(notices([wrong])).toEqual([])
  expect(notices([missing, missing], ['darwin'])).toEqual([])
})
