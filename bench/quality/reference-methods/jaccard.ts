import { fleetBuilder } from '../../../src/normalize/fleet.ts'
import type { LabeledFleet } from '../fleet/ground-truth.ts'
import type { Result, ResultFinding } from '../result.ts'
import { findingRow } from './items.ts'

/** DBSCAN's rule of thumb for sets of this kind (Ester et al. 1996). */
const NEIGHBORS = 4
/** The radius is taken at this quantile of the distances to the fourth neighbor: the "knee" of the sorted curve. */
const KNEE = 0.9
/** What most of a cluster has is usual in it. */
const USUAL = 0.5

/**
 * DBSCAN on Jaccard distances (Ester et al. 1996), its radius chosen from the fleet itself. Hosts that no dense region
 * reaches are outliers, ranked by their distance to the fourth neighbor; each is a finding of the rows in which it
 * differs from most hosts of the nearest cluster. Sees the product's normalized rows. O(N² rows).
 */
export function jaccardClusters(fleet: LabeledFleet): Result {
  const builder = fleetBuilder(fleet.queries)
  for (const host of fleet.hosts) builder.add(host)
  const seen = builder.finish()
  const hosts = [...seen.hosts.keys()].filter(host => seen.hosts[host]?.observed.includes(1))
  const distance = distances(hosts.map(host => seen.hosts[host]?.items ?? new Int32Array()))
  const size = hosts.length
  const at = (a: number, b: number) => distance[a * size + b] ?? 1
  const reach = hosts.map(
    (_, one) =>
      [...hosts.keys()].map(other => at(one, other)).sort((a, b) => a - b)[Math.min(NEIGHBORS, size - 1)] ?? 1
  )
  const radius = [...reach].sort((a, b) => a - b)[Math.floor(KNEE * (size - 1))] ?? 1
  const label = dbscan(size, at, radius)

  const groups = Map.groupBy(hosts.keys(), host => label[host] ?? -1)
  const dense = [...groups].filter(([name]) => name >= 0).map(([, members]) => members)
  const usual = dense.map(members =>
    usualItems(members.map(one => seen.hosts[hosts[one] ?? 0]?.items ?? new Int32Array()))
  )
  const noise = (groups.get(-1) ?? []).sort((a, b) => (reach[b] ?? 0) - (reach[a] ?? 0))
  const idOf = (one: number) => seen.hosts[hosts[one] ?? 0]?.id ?? ''
  const findings = noise.map((one): ResultFinding => {
    const near = dense
      .map((members, index) => ({ index, far: Math.min(...members.map(other => at(one, other))) }))
      .sort((a, b) => a.far - b.far)[0]
    const expected = usual[near?.index ?? -1] ?? new Set<number>()
    const own = new Set(seen.hosts[hosts[one] ?? 0]?.items)
    return {
      hosts: [idOf(one)],
      rows: [
        ...[...own].filter(item => !expected.has(item)).map(item => findingRow(seen, item, 'unexpected')),
        ...[...expected].filter(item => !own.has(item)).map(item => findingRow(seen, item, 'missing'))
      ],
      isHigh: true,
      isMedium: true
    }
  })
  const ranked = [...hosts.keys()].sort((a, b) => (reach[b] ?? 0) - (reach[a] ?? 0))
  return {
    clusters: [...dense, ...noise.map(one => [one])].map(members => members.map(idOf)),
    findings,
    hosts: ranked.map(idOf),
    aboveLow: findings.length > 0
  }
}

/** Jaccard distances of sorted sets, size × size. */
function distances(sets: readonly Int32Array[]): Float32Array {
  const size = sets.length
  const result = new Float32Array(size * size)
  for (const [one, a] of sets.entries()) {
    for (let other = 0; other < one; other++) {
      const b = sets[other] ?? new Int32Array()
      let shared = 0
      for (let i = 0, j = 0; i < a.length && j < b.length; ) {
        const left = a[i] ?? 0
        const right = b[j] ?? 0
        if (left === right) shared++
        if (left <= right) i++
        if (right <= left) j++
      }
      const far = 1 - shared / Math.max(1, a.length + b.length - shared)
      result[one * size + other] = far
      result[other * size + one] = far
    }
  }
  return result
}

function dbscan(size: number, at: (a: number, b: number) => number, radius: number): Int32Array {
  const label = new Int32Array(size).fill(-1)
  const near = (one: number) =>
    Array.from({ length: size }, (_, other) => other).filter(other => at(one, other) <= radius)
  let next = 0
  for (let start = 0; start < size; start++) {
    if (label[start] !== -1 || near(start).length <= NEIGHBORS) continue
    const open = [start]
    label[start] = next
    for (let one = open.pop(); one !== undefined; one = open.pop()) {
      const around = near(one)
      if (around.length <= NEIGHBORS) continue
      for (const other of around) {
        if (label[other] !== -1) continue
        label[other] = next
        open.push(other)
      }
    }
    next++
  }
  return label
}

function usualItems(sets: readonly Int32Array[]): Set<number> {
  const counts = new Map<number, number>()
  for (const items of sets) for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
  return new Set([...counts].filter(([, count]) => count > USUAL * sets.length).map(([item]) => item))
}
