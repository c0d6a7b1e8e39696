import { type ClusteredFleet, weightOf } from '../clustered-fleet.ts'
import type { Deviation } from '../deviate/deviation.ts'
import type { Verdict } from '../finding.ts'
import { groupByHosts } from '../score/group-by-hosts.ts'
import type { Draft } from './draft.ts'
import { draftOf, explanationData, hostsOf, verdictOf } from './draft-from-deviations.ts'
import { explain } from './explain.ts'

/** A rollout of at most so many rows that touches an integrity table is suspect as a whole; of a larger one those rows. */
const MAX_ROWS_OF_AN_IMPLANT = 12

/** A rollout is one finding for all; in an integrity table it is not a rollout, whatever its prevalence. */
export function rollouts(fleet: ClusteredFleet, deviations: readonly Deviation[]): Draft[] {
  const isIntegrity = ({ item }: Deviation) => weightOf(fleet, item) === 'integrity'
  const draft = (rows: readonly Deviation[], verdict: Verdict): Draft => {
    const hosts = hostsOf(rows)
    const onlyContext = rows.every(row => weightOf(fleet, row.item) === 'context')
    return draftOf(fleet, rows, hosts, {
      verdict,
      severity: verdict !== 'rollout' ? 'high' : onlyContext ? 'info' : 'medium',
      surprise: 0,
      explanation: explain({ ...explanationData(fleet, rows, hosts), verdict, reasons: [] })
    })
  }
  const single = deviations.map(deviation => ({ hosts: deviation.hosts, rows: [deviation] }))
  return groupByHosts(single).flatMap(({ rows }) => {
    const integrity = rows.filter(isIntegrity)
    if (integrity.length === 0) return [draft(rows, 'rollout')]
    if (rows.length <= MAX_ROWS_OF_AN_IMPLANT) return [draft(rows, verdictOf(fleet, integrity))]
    return [
      draft(integrity, verdictOf(fleet, integrity)),
      draft(
        rows.filter(row => !isIntegrity(row)),
        'rollout'
      )
    ].filter(({ rows }) => rows.length > 0)
  })
}
