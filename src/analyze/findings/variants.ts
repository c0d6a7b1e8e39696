import { count, list } from '../../text/phrases.ts'
import { rowCount } from '../cluster/row-sets.ts'
import type { ClusteredFleet } from '../clustered-fleet.ts'
import { queryOfItem } from '../clustered-fleet.ts'
import type { Deviation } from '../deviate/deviation.ts'
import type { Draft } from './draft.ts'
import { draftOf } from './draft-from-deviations.ts'

/** So many variants of a cluster are reported, those of the most rows. */
const MAX_VARIANTS = 3
const MAX_NAMED = 4

/**
 * Rows that some hosts of a cluster share, too few or too one-sided for a cluster of their own: one low finding each,
 * with its hosts and rows, because a compromise of many hosts looks like this. O(rows of the clusters with variants).
 *
 * @param told items of rows that a finding tells of already
 */
export function variantFindings(clustered: ClusteredFleet, told: ReadonlySet<number>): Draft[] {
  const { fleet, clusters } = clustered
  return clusters.flatMap(({ id, hosts, variants }) =>
    variants.slice(0, MAX_VARIANTS).flatMap(variant => {
      if (variant.plus.some(item => told.has(item))) return []
      const added = new Set(variant.plus)
      const most = hosts.filter(host => {
        let have = 0
        for (const item of fleet.hosts[host]?.items ?? []) if (added.has(item)) have++
        return 2 * have > added.size
      })
      if (added.size === 0 || most.length === 0) return []
      const rows = variant.plus.map(
        (item): Deviation => ({
          kind: 'unexpected',
          item,
          expected: -1,
          baseline: 'none',
          common: true,
          hosts: most
        })
      )
      const tables = [...new Set(variant.plus.map(item => queryOfItem(clustered, item)?.name ?? ''))]
      return [
        draftOf(clustered, rows, most, {
          verdict: 'variation',
          severity: 'low',
          surprise: 0,
          explanation: `${most.length} of the ${count(hosts.length, 'host')} of ${id} differ together in ${count(rowCount(variant), 'row')} of ${list(tables, MAX_NAMED)}: a variant of the role, or a compromise of many hosts.`
        })
      ]
    })
  )
}
