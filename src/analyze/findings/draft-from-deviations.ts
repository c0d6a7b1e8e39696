import { type ClusteredFleet, clustersOf, queryOfItem, weightOf } from '../clustered-fleet.ts'
import type { Deviation } from '../deviate/deviation.ts'
import type { Verdict } from '../finding.ts'
import { type Draft, type DraftRow, fingerprint, rowIdentity } from './draft.ts'

/** A draft of a finding about deviations. */
export function draftOf(
  clustered: ClusteredFleet,
  deviations: readonly Deviation[],
  hosts: readonly number[],
  outcome: Pick<Draft, 'verdict' | 'severity' | 'surprise' | 'explanation'>
): Draft {
  const rows = deviations.map(rowOf)
  const clusters = clustersOf(clustered, hosts)
  return {
    ...outcome,
    id: fingerprint(
      'deviation',
      rows.map(row => rowIdentity(clustered.fleet, row))
    ),
    kind: 'deviation',
    hosts,
    cluster: clusters.length === 1 ? (clustered.clusters[clusters[0] ?? -1]?.id ?? null) : null,
    rows,
    attack: [...new Set(deviations.flatMap(({ item }) => queryOfItem(clustered, item)?.attack ?? []))].sort(),
    acceptedBy: null
  }
}

/** A draft row of a deviation; its prevalence is counted when all findings are known. */
const rowOf = ({ kind, item, expected, baseline, hosts }: Deviation): DraftRow => ({
  kind,
  item,
  expected,
  baseline,
  hosts,
  prevalence: NOT_COUNTED
})

const NOT_COUNTED: DraftRow['prevalence'] = { cluster: [0, 0], fleet: [0, 0] }

export function verdictOf(clustered: ClusteredFleet, deviations: readonly Deviation[]): Verdict {
  if (deviations.some(({ kind, item }) => kind === 'unexpected' && weightOf(clustered, item) !== 'context'))
    return 'intruder'
  if (deviations.some(({ item }) => queryOfItem(clustered, item)?.control === true)) return 'broken-control'
  return deviations.some(({ kind }) => kind === 'changed') ? 'intruder' : 'missing'
}

export function explanationData(
  clustered: ClusteredFleet,
  deviations: readonly Deviation[],
  hosts: readonly number[]
) {
  const clusters = clustersOf(clustered, hosts)
  return {
    rows: deviations.length,
    hosts: hosts.length,
    compared: clusters.reduce((sum, index) => sum + (clustered.clusters[index]?.hosts.length ?? 0), 0),
    queries: [...new Set(deviations.map(({ item }) => queryOfItem(clustered, item)?.name ?? ''))],
    baseline: deviations.some(({ baseline }) => baseline !== 'none'),
    missing: deviations.every(({ kind }) => kind === 'missing'),
    shared: deviations.some(({ common, baseline }) => common && baseline === 'none'),
    variants: hosts.length > 1 && deviations.every(deviation => deviation.hosts.length === 1)
  }
}

export function hostsOf(deviations: readonly Deviation[]): number[] {
  return [...new Set(deviations.flatMap(({ hosts }) => hosts))].sort((a, b) => a - b)
}
