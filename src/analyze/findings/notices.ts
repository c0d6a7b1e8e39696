import { rowCount } from '../cluster/row-sets.ts'
import type { ClusteredFleet } from '../clustered-fleet.ts'

/** Below these sizes the report says that statistics are weak, or that there are none. */
const SMALL_FLEET = 30
const SMALL_CLUSTER = 8
const NO_FLEET = 3

/** What a reader must know of the fleet before believing a finding, or its absence. Our own words only. */
export function notices(scene: ClusteredFleet, baseline: boolean): string[] {
  const { fleet, clusters, size } = scene
  const told: string[] = []
  if (size > 0 && size < NO_FLEET)
    told.push(
      `Only ${size} ${size === 1 ? 'host' : 'hosts'} answered: too few to compare with each other${baseline ? '' : ', and there is no baseline'}.`
    )
  else if (size > 0 && size < SMALL_FLEET)
    told.push(`Only ${size} hosts were compared: below ${SMALL_FLEET}, rare and common are weak words.`)
  const small = clusters.filter(({ hosts }) => hosts.length < SMALL_CLUSTER)
  if (clusters.length > 1 && small.length > 0)
    told.push(
      `${small.length === 1 ? 'Cluster' : 'Clusters'} ${listed(small.map(({ id }) => id))} ${small.length === 1 ? 'has' : 'have'} fewer than ${SMALL_CLUSTER} hosts: little can be said of what is usual there.`
    )
  for (const { id, hosts, variants } of clusters) {
    for (const variant of variants.slice(0, 3)) {
      const queries = [...variant.plus, ...variant.minus].map(
        item => fleet.queries[fleet.items[item]?.query ?? -1]?.name ?? ''
      )
      told.push(
        `About ${Math.round(variant.share * hosts.length)} of the ${hosts.length} hosts of ${id} differ together in ${rowCount(variant)} rows of ${listed([...new Set(queries)])}: perhaps a variant of the role.`
      )
    }
  }
  if (fleet.repeated.length > 0)
    told.push(`${fleet.repeated.length} hosts were given more than once; the first record of each counts.`)
  return told
}

function listed(names: readonly string[]): string {
  if (names.length > 4) return `${names.slice(0, 4).join(', ')} and ${names.length - 4} more`
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
