import type { Fleet } from '../../normalize/fleet.ts'
import { countItems } from '../counts.ts'
import type { Cluster } from './clusters.ts'

/** What sets a cluster apart from its nearest neighbor. */
export interface ClusterProfile {
  /** A name from the row that describes the role best. It is a host's text: show it as inert text. */
  readonly label: string
  /** Items that nearly all of its hosts have and nearly none of its nearest neighbor's, the tables that name roles first. */
  readonly items: readonly number[]
}

/** The shares that count as nearly all and nearly none. */
const MOST = 0.85
const FEW = 0.15
const MAX_ITEMS = 12
/** Only so many clusters, the largest, are compared as neighbors. */
const MAX_NEIGHBORS = 64
/** Tables whose rows name a role, best first in `labelRank`; others follow in the order of the pack. */
const NAMES_ROLE = /unit|service|program|process|listen|port|container|package|app/

/** The profile of each cluster. O(clusters × (items + neighbors × core items)). */
export function profileClusters(fleet: Fleet, clusters: readonly Cluster[]): ClusterProfile[] {
  if (clusters.length === 1) return [{ label: 'all hosts', items: [] }]
  const cores = clusters.map(cluster => commonItems(fleet, cluster.hosts))
  const taken = new Set<string>()
  return clusters.map((_, index) => {
    const core = cores[index]
    let items: number[] = []
    let fewest = Number.POSITIVE_INFINITY
    for (const [at, other] of cores.slice(0, MAX_NEIGHBORS).entries()) {
      if (at === index || core === undefined) continue
      const added = core.most.filter(item => !other.some.has(item))
      const lost = other.most.filter(item => !core.some.has(item))
      if (added.length + lost.length < fewest) {
        fewest = added.length + lost.length
        items = added
      }
    }
    items.sort((a, b) => labelRank(fleet, a) - labelRank(fleet, b) || a - b)
    const name = labelOf(fleet, items) ?? (index === 0 ? 'most hosts' : 'other hosts')
    let label = name
    for (let copy = 2; taken.has(label); copy++) label = `${name} ${copy}`
    taken.add(label)
    return { label, items: items.slice(0, MAX_ITEMS) }
  })
}

/** The items that nearly all of some hosts have, and those that more than nearly none have. */
function commonItems(fleet: Fleet, hosts: readonly number[]): { most: number[]; some: Set<number> } {
  const counts = countItems(fleet, hosts)
  const most: number[] = []
  const some = new Set<number>()
  for (let item = 0; item < counts.items.length; item++) {
    const count = counts.items[item] ?? 0
    if (count === 0) continue
    const observed = counts.observed[fleet.items[item]?.query ?? -1] ?? 0
    if (count >= MOST * observed) most.push(item)
    if (count > FEW * observed) some.add(item)
  }
  return { most, some }
}

function labelRank(fleet: Fleet, item: number): number {
  const { query = -1 } = fleet.items[item] ?? {}
  const { name = '', weight = 'normal' } = fleet.queries[query] ?? {}
  const table = NAMES_ROLE.exec(name)?.[0]
  const rank =
    table === undefined ? 50 : 'unit service program process listen port container app package'.indexOf(table)
  return (weight === 'context' ? 100 : 0) + rank
}

/** The last part of the first value that looks like a name: `/usr/sbin/nginx` and `nginx.service` are `nginx`. */
function labelOf(fleet: Fleet, items: readonly number[]): string | null {
  for (const item of items) {
    for (const value of fleet.items[item]?.values ?? []) {
      const name = /([A-Za-z][\w.@+-]{1,40}?)(?:\.(?:service|timer|socket|jar))?$/.exec(value.slice(-60))?.[1]
      if (name !== undefined) return name
    }
  }
  return null
}
