import type { Fleet } from '../../normalize/fleet.ts'
import { countItems, queriesOf, rareLimit } from '../counts.ts'

/** A host like no other has so many rows of its own and lacks so many usual ones. */
const DIFFERENT_ROWS = 12
/** The rows that it lacks must be in so many tables. */
const TABLES = 3
/** It must lack more rows than the median of its cluster by so many robust standard deviations. */
const DEVIATIONS = 6
const MIN_HOSTS = 4

/**
 * Hosts of a cluster that are like no other (a bastion among web servers). A host that only has more rows than the
 * others is not one of them, because an intruder's tools look the same; nor is a host that only lacks rows.
 * O(rows of the hosts).
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

/** Of hosts that agree with no group: those with so many rows of their own that they belong to none. */
export function strangers(
  fleet: Fleet,
  hosts: readonly number[],
  candidates: readonly number[]
): Set<number> {
  const counts = countItems(fleet, hosts)
  return new Set(
    candidates.filter(host => {
      const own = [...(fleet.hosts[host]?.items ?? [])].filter(item => counts.items[item] === 1)
      return own.length >= DIFFERENT_ROWS && new Set(own.map(item => fleet.items[item]?.query)).size >= TABLES
    })
  )
}

/** How many rare rows the host has, how many usual rows it lacks, and in how many tables. */
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
