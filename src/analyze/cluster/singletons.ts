import type { Fleet } from '../../normalize/fleet.ts'
import { countItems, queriesOf, rareLimit } from '../counts.ts'

/** A host is like no other when it has so many rows of its own and lacks so many usual ones, … */
const DIFFERENT_ROWS = 12
/** … in so many tables … */
const TABLES = 3
/** … and lacks more than the median of its cluster by so many robust standard deviations. */
const DEVIATIONS = 6
const MIN_HOSTS = 4

/**
 * Hosts of a cluster that are like no other (a bastion among web servers). A host that only has more than the others
 * is none: that is what an intruder's toolset looks like. Nor is one that only lacks rows. O(rows of the hosts).
 */
export function singletons(fleet: Fleet, hosts: readonly number[]): Set<number> {
  if (hosts.length < MIN_HOSTS) return new Set()
  const counts = countItems(fleet, hosts)
  const differences = hosts.map(index => differencesOf(fleet, index, counts))
  const sorted = Float64Array.from(differences, ({ lacking }) => lacking).sort()
  const median = middle(sorted)
  const spread = 1.4826 * middle(sorted.map(lacking => Math.abs(lacking - median)).sort())
  return new Set(
    hosts.filter((_, at) => {
      const { own, lacking, tables } = differences[at] ?? { own: 0, lacking: 0, tables: 0 }
      return (
        own >= DIFFERENT_ROWS &&
        tables >= TABLES &&
        lacking >= Math.max(DIFFERENT_ROWS, median + DEVIATIONS * spread)
      )
    })
  )
}

/** Rows that are rare in the cluster, usual ones that the host lacks, and the tables of the latter. */
function differencesOf(fleet: Fleet, index: number, counts: ReturnType<typeof countItems>) {
  const host = fleet.hosts[index]
  let own = 0
  const usual = new Int32Array(fleet.queries.length)
  const queries = queriesOf(fleet)
  const rare = counts.observed.map(rareLimit)
  const items = host?.items ?? new Int32Array()
  for (let at = 0; at < items.length; at++) {
    const item = items[at] ?? 0
    const query = queries[item] ?? 0
    const count = counts.items[item] ?? 0
    const limit = rare[query] ?? 0
    if (count <= limit) own++
    else if (count * 2 > (counts.observed[query] ?? 0)) usual[query] = (usual[query] ?? 0) + 1
  }
  const core = coreByQuery(fleet, counts)
  let lacking = 0
  let tables = 0
  for (let query = 0; query < usual.length; query++) {
    const missing = host?.observed[query] === 1 ? (core[query] ?? 0) - (usual[query] ?? 0) : 0
    lacking += missing
    if (missing > 0) tables++
  }
  return { own, lacking, tables }
}

const cores = new WeakMap<object, Int32Array>()

function coreByQuery(fleet: Fleet, counts: ReturnType<typeof countItems>): Int32Array {
  let core = cores.get(counts)
  if (core === undefined) {
    core = new Int32Array(fleet.queries.length)
    for (let item = 0; item < counts.items.length; item++) {
      const query = fleet.items[item]?.query ?? -1
      const among = counts.observed[query] ?? 0
      const count = counts.items[item] ?? 0
      if (count > rareLimit(among) && count * 2 > among) core[query] = (core[query] ?? 0) + 1
    }
    cores.set(counts, core)
  }
  return core
}

function middle(sorted: Float64Array): number {
  return sorted[sorted.length >> 1] ?? 0
}
