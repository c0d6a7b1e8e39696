import type { Expectation } from '../../baseline/match.ts'
import type { Fleet } from '../../normalize/fleet.ts'
import type { Cluster } from '../cluster/clusters.ts'
import { type Counts, countItems, queriesOf } from '../counts.ts'
import { weightOfQuery } from '../table-weight.ts'
import { type Cohorts, findCohorts } from './cohorts.ts'
import type { Deviation } from './deviation.ts'
import { deviationTable } from './deviation-table.ts'
import { coreItems, countAbsent, lackingOf } from './missing.ts'
import { changePairer } from './pair-changes.ts'
import { type Place, SMALL_CLUSTER } from './place.ts'
import { type ShortAnswer, takeShortAnswers } from './truncation.ts'
import { extraOf, PLAIN } from './unexpected.ts'

export interface Found {
  readonly deviations: readonly Deviation[]
  /** Answers that look short; their missing rows are not deviations. */
  readonly shortAnswers: readonly ShortAnswer[]
  /** Rows of hosts with very many that no other host has, which were counted alone; see {@link MAX_ROWS_OF_ONE_HOST}. */
  readonly unscored: number
}

/**
 * Of the rows of a query that one host alone has so many are weighed, in their order; what is beyond says no more of
 * that host, and would take the memory that all others need.
 */
export const MAX_ROWS_OF_ONE_HOST = 20_000

/**
 * What differs from the baseline, or, where that says nothing, from the host's own cluster: a row is unexpected where at
 * most 15 % of the cluster have it, missing where at most 15 % lack it. In a cluster of fewer than eight hosts the others
 * are asked, with the fleet as a prior. A row whose query declares a cohort is compared within that cohort only.
 * O(rows + core rows × hosts).
 */
export function findDeviations(
  fleet: Fleet,
  clusters: readonly Cluster[],
  inFleet: Counts,
  expectationOf: (host: number) => Expectation | null
): Found {
  const everyone = clusters.flatMap(cluster => cluster.hosts)
  const cohorts = findCohorts(fleet, everyone, inFleet)
  const queries = queriesOf(fleet)
  const isIntegrity = Uint8Array.from(fleet.queries, query => (weightOfQuery(query) === 'integrity' ? 1 : 0))
  const found = deviationTable(fleet)
  const shortAnswers: ShortAnswer[] = []
  let unscored = 0
  for (const cluster of clusters) {
    const place: Place = {
      fleet,
      isIntegrity,
      isYoung: clusters.length > 1 && (cluster.hosts.length < SMALL_CLUSTER || cluster.splitFrom !== null),
      queries,
      cohorts,
      inFleet,
      inCluster: countItems(fleet, cluster.hosts),
      cohortInCluster: countCohorts(fleet, cluster.hosts, cohorts),
      absent: new Map(),
      unusual: new Uint8Array(fleet.items.length)
    }
    countAbsent(place, cluster.hosts, expectationOf)
    const core = coreItems(place)
    const usual = usualItems(place)
    const usualRows = rowsByQuery(fleet, usual)
    const pairChanges = changePairer(fleet, cohorts, usual)
    for (const index of cluster.hosts) {
      const host = fleet.hosts[index]
      if (host === undefined) continue
      const expectation = expectationOf(index)
      const lacking = lackingOf(place, host, core, expectation)
      // With nothing lacking, what a cohort does not compare has changed from nothing: most rows of most hosts.
      const plain = expectation === null && lacking.length === 0
      const lone = new Int32Array(fleet.queries.length)
      const extra = extraOf(place, host, expectation, item => {
        if (inFleet.items[item] === 1) {
          const query = queries[item] ?? -1
          lone[query] = (lone[query] ?? 0) + 1
          if ((lone[query] ?? 0) > MAX_ROWS_OF_ONE_HOST) return false
        }
        const only = plain && (cohorts.of[item] ?? -1) < 0
        if (only) found.add(PLAIN, item, index)
        return !only
      })
      for (const rows of lone) unscored += Math.max(0, rows - MAX_ROWS_OF_ONE_HOST)
      const { kept, shortAnswers: short } = takeShortAnswers(
        fleet,
        index,
        pairChanges(extra, lacking),
        usualRows
      )
      shortAnswers.push(...short)
      for (const deviation of kept) found.add(deviation, deviation.item, index)
    }
  }
  return { deviations: found.sorted(), shortAnswers, unscored }
}

function rowsByQuery(fleet: Fleet, items: readonly number[]): Int32Array {
  const rows = new Int32Array(fleet.queries.length)
  for (const item of items) {
    const query = fleet.items[item]?.query ?? -1
    rows[query] = (rows[query] ?? 0) + 1
  }
  return rows
}

function countCohorts(fleet: Fleet, hosts: readonly number[], cohorts: Cohorts): Map<number, number> {
  const counts = new Map<number, number>()
  if (cohorts.hosts.length === 0) return counts
  for (const host of hosts) {
    const own = new Set<number>()
    for (const item of fleet.hosts[host]?.items ?? []) own.add(cohorts.of[item] ?? -1)
    for (const cohort of own) if (cohort >= 0) counts.set(cohort, (counts.get(cohort) ?? 0) + 1)
  }
  return counts
}

/** Items that most hosts of the cluster have. */
function usualItems({ queries, inCluster }: Place): number[] {
  const usual: number[] = []
  for (let id = 0; id < inCluster.items.length; id++) {
    const count = inCluster.items[id] ?? 0
    if (count > 0 && count * 2 > (inCluster.observed[queries[id] ?? -1] ?? 0)) usual.push(id)
  }
  return usual
}
