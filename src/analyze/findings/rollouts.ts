import { type Scene, weightOf } from '../clustered-fleet.ts'
import type { Residual } from '../deviate/deviations.ts'
import { groupByHosts } from '../score/group-by-hosts.ts'
import type { Surprise } from '../score/surprise.ts'
import type { Draft } from './draft.ts'
import { draftOf, hostsOf, told, verdictOf } from './draft-from-deviations.ts'
import { explain } from './explain.ts'
import type { Verdict } from './finding.ts'

/** A rollout of at most so many rows that touches a table of integrity is wholly suspect; of a larger one those rows. */
const MOST_ROWS_OF_AN_IMPLANT = 12

/** A rollout is one finding for all; in a table of integrity it is no rollout, whatever its prevalence. */
export function rollouts(scene: Scene, residuals: readonly Residual[]): Draft[] {
  const isHeavy = (residual: Residual) => weightOf(scene, residual.item) === 'integrity'
  const tell = (rows: readonly Residual[], verdict: Verdict): Draft => {
    const hosts = hostsOf(rows)
    const plain = rows.every(row => weightOf(scene, row.item) === 'context')
    return draftOf(scene, rows, hosts, {
      verdict,
      severity: verdict !== 'rollout' ? 'high' : plain ? 'info' : 'medium',
      surprise: 0,
      explanation: explain({ ...told(scene, rows, hosts), verdict, quiet: undefined })
    })
  }
  const unweighed = residuals.map(
    (residual, at): Surprise => ({ residual, bits: 0, others: 0, among: 0, query: '', shape: at })
  )
  return groupByHosts(unweighed).flatMap(group => {
    const rows = group.members.map(member => member.residual)
    const heavy = rows.filter(isHeavy)
    if (heavy.length === 0) return [tell(rows, 'rollout')]
    if (rows.length <= MOST_ROWS_OF_AN_IMPLANT) return [tell(rows, verdictOf(scene, heavy))]
    return [
      tell(heavy, verdictOf(scene, heavy)),
      tell(
        rows.filter(row => !isHeavy(row)),
        'rollout'
      )
    ].filter(draft => draft.rows.length > 0)
  })
}
