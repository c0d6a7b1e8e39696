import type { ClusteredFleet } from '../clustered-fleet.ts'
import type { JudgedGroup } from '../score/judge.ts'
import type { Draft } from './draft.ts'
import { draftOf, explanationData, verdictOf } from './draft-from-deviations.ts'
import { explain } from './explain.ts'

/** The findings of rare deviations, each with its verdict and its sentence. */
export function deviationFindings(fleet: ClusteredFleet, groups: readonly JudgedGroup[]): Draft[] {
  return groups.map(({ hosts, deviations, accusing, severity, surprise, reasons, unlike }) => {
    const verdict = unlike ? 'variation' : verdictOf(fleet, accusing)
    return draftOf(fleet, deviations, hosts, {
      verdict,
      severity,
      surprise,
      explanation: explain({
        ...explanationData(fleet, accusing.length > 0 ? accusing : deviations, hosts),
        verdict,
        reasons
      })
    })
  })
}
