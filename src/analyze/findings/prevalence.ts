import { type ClusteredFleet, clustersOf } from '../clustered-fleet.ts'
import { countItems } from '../counts.ts'
import type { Draft } from './draft.ts'

/** Counts how common the rows of drafts are: in the clusters of each draft's hosts, and in the fleet. O(rows). */
export function withPrevalence(clustered: ClusteredFleet, drafts: readonly Draft[]): Draft[] {
  if (drafts.every(draft => draft.rows.length === 0)) return [...drafts]
  const wanted = new Set(drafts.flatMap(draft => draft.rows.map(row => row.item)))
  const inCluster = clustered.clusters.map(cluster => {
    const { items, observed } = countItems(clustered.fleet, cluster.hosts)
    return { items: new Map([...wanted].map(item => [item, items[item] ?? 0])), observed }
  })
  const { inFleet } = clustered
  return drafts.map(draft => {
    const clusters = clustersOf(clustered, draft.hosts)
    return {
      ...draft,
      rows: draft.rows.map(row => {
        const query = clustered.fleet.items[row.item]?.query ?? -1
        let having = 0
        let observed = 0
        for (const index of clusters) {
          having += inCluster[index]?.items.get(row.item) ?? 0
          observed += inCluster[index]?.observed[query] ?? 0
        }
        return {
          ...row,
          prevalence: {
            cluster: [having, observed] as const,
            fleet: [inFleet.items[row.item] ?? 0, inFleet.observed[query] ?? 0] as const
          }
        }
      })
    }
  })
}
