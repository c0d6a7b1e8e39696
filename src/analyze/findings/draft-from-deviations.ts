import { type ClusteredFleet, clustersOf, queryOfItem, weightOf } from '../clustered-fleet.ts'
import type { Deviation } from '../deviate/deviation.ts'
import type { Verdict } from '../finding.ts'
import { type Draft, type DraftRow, fingerprint, rowIdentity } from './draft.ts'

/** A draft of a finding that tells of residuals. */
export function draftOf(
  scene: ClusteredFleet,
  residuals: readonly Deviation[],
  hosts: readonly number[],
  outcome: Pick<Draft, 'verdict' | 'severity' | 'surprise' | 'explanation'>
): Draft {
  const rows = residuals.map(rowOf)
  const clusters = clustersOf(scene, hosts)
  return {
    ...outcome,
    id: fingerprint(
      'deviation',
      rows.map(row => rowIdentity(scene.fleet, row))
    ),
    kind: 'deviation',
    hosts,
    cluster: clusters.length === 1 ? (scene.clusters[clusters[0] ?? -1]?.id ?? null) : null,
    rows,
    attack: [...new Set(residuals.flatMap(({ item }) => queryOfItem(scene, item)?.attack ?? []))].sort(),
    acceptedBy: null
  }
}

/** A draft row of a residual; its prevalence is counted when all findings are known. */
const rowOf = ({ kind, item, expected, baseline, hosts }: Deviation): DraftRow => ({
  kind,
  item,
  expected,
  baseline,
  hosts,
  prevalence: NOT_COUNTED
})

const NOT_COUNTED: DraftRow['prevalence'] = { cluster: [0, 0], fleet: [0, 0] }

export function verdictOf(scene: ClusteredFleet, residuals: readonly Deviation[]): Verdict {
  if (residuals.some(({ kind, item }) => kind === 'unexpected' && weightOf(scene, item) !== 'context'))
    return 'intruder'
  if (residuals.some(({ item }) => queryOfItem(scene, item)?.control === true)) return 'broken-control'
  return residuals.some(({ kind }) => kind === 'changed') ? 'intruder' : 'missing'
}

export function explanationData(
  scene: ClusteredFleet,
  residuals: readonly Deviation[],
  hosts: readonly number[]
) {
  const clusters = clustersOf(scene, hosts)
  return {
    rows: residuals.length,
    hosts: hosts.length,
    compared: clusters.reduce((sum, index) => sum + (scene.clusters[index]?.hosts.length ?? 0), 0),
    queries: [...new Set(residuals.map(({ item }) => queryOfItem(scene, item)?.name ?? ''))],
    baseline: residuals.some(({ baseline }) => baseline !== 'none'),
    missing: residuals.every(({ kind }) => kind === 'missing')
  }
}

export function hostsOf(residuals: readonly Deviation[]): number[] {
  return [...new Set(residuals.flatMap(({ hosts }) => hosts))].sort((a, b) => a - b)
}
