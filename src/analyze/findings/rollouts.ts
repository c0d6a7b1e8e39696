import { type ClusteredFleet, weightOf } from '../clustered-fleet.ts'
import type { Deviation } from '../deviate/deviation.ts'
import type { Verdict } from '../finding.ts'
import { groupByHosts } from '../score/group-by-hosts.ts'
import type { ScoredDeviation } from '../score/surprise.ts'
import type { Draft } from './draft.ts'
import { draftOf, explanationData, hostsOf, verdictOf } from './draft-from-deviations.ts'
import { explain } from './explain.ts'

/** A rollout of at most so many rows that touches a table of integrity is wholly suspect; of a larger one those rows. */
const MAX_ROWS_OF_AN_IMPLANT = 12

/** A rollout is one finding for all; in a table of integrity it is no rollout, whatever its prevalence. */
export function rollouts(scene: ClusteredFleet, residuals: readonly Deviation[]): Draft[] {
  const isHeavy = (residual: Deviation) => weightOf(scene, residual.item) === 'integrity'
  const tell = (rows: readonly Deviation[], verdict: Verdict): Draft => {
    const hosts = hostsOf(rows)
    const plain = rows.every(row => weightOf(scene, row.item) === 'context')
    return draftOf(scene, rows, hosts, {
      verdict,
      severity: verdict !== 'rollout' ? 'high' : plain ? 'info' : 'medium',
      surprise: 0,
      explanation: explain({ ...explanationData(scene, rows, hosts), verdict, quiet: undefined })
    })
  }
  const unweighed = residuals.map(
    (residual, at): ScoredDeviation => ({ residual, bits: 0, others: 0, among: 0, query: '', shape: at })
  )
  return groupByHosts(unweighed).flatMap(group => {
    const rows = group.members.map(member => member.residual)
    const heavy = rows.filter(isHeavy)
    if (heavy.length === 0) return [tell(rows, 'rollout')]
    if (rows.length <= MAX_ROWS_OF_AN_IMPLANT) return [tell(rows, verdictOf(scene, heavy))]
    return [
      tell(heavy, verdictOf(scene, heavy)),
      tell(
        rows.filter(row => !isHeavy(row)),
        'rollout'
      )
    ].filter(draft => draft.rows.length > 0)
  })
}
