import { count } from '../../text/phrases.ts'
import type { ClusteredFleet } from '../clustered-fleet.ts'
import type { Deviation } from '../deviate/deviation.ts'
import type { ShortAnswer } from '../deviate/truncation.ts'
import type { Draft } from './draft.ts'
import { draftOf } from './draft-from-deviations.ts'

/** Hosts whose answer to a query is short in the same way: one low finding, for coverage. */
export function shortAnswerFindings(
  clustered: ClusteredFleet,
  shortAnswers: readonly ShortAnswer[]
): Draft[] {
  const alike = Map.groupBy(shortAnswers, ({ query, items }) => `${query}:${items.join()}`)
  return [...alike.values()].map(same => {
    const hosts = same.map(({ host }) => host).sort((a, b) => a - b)
    const { query, items, usual } = same[0] ?? { query: -1, items: [], usual: 0 }
    const rows = items.map(
      (item): Deviation => ({ kind: 'missing', item, expected: -1, baseline: 'none', common: false, hosts })
    )
    const name = clustered.fleet.queries[query]?.name ?? ''
    return draftOf(clustered, rows, hosts, {
      verdict: 'missing',
      severity: 'low',
      surprise: 0,
      explanation: `${items.length} of ${usual} usual rows of ${name} are missing at once on ${count(hosts.length, 'host')}: the answer may have been cut, or the rows were removed. Run the query again before you trust its answer.`
    })
  })
}
