import { disjointSets } from '../../lib/disjoint-sets.ts'
import type { ClusteredFleet } from '../clustered-fleet.ts'
import { STRONG_BITS } from './expected.ts'
import type { Group } from './group-by-hosts.ts'
import { patternsOf } from './patterns.ts'
import type { ScoredRow } from './scored-row.ts'

/** So many hosts with a variant each are one finding. */
const MIN_VARIANTS = 3
/** A plain row is explained by its shape where so many other hosts, and so large a part of the fleet, show the shape. */
const EXPLAINED_BY = 3
const EXPLAINED_SHARE = 1 / 15
/** In a cluster of so many hosts, most of them make a thing usual; in a smaller one all of them. */
const MIN_HOSTS_OF_MAJORITY = 8

/** Rows joined under the hosts that show any of them, without those that only noise is like; and what is noise. */
export interface Variants {
  readonly groups: readonly Group<ScoredRow>[]
  /** Rows whose shape says that they are noise: it is on many other hosts. */
  readonly explained: ReadonlySet<ScoredRow>
}

/** Whether a row speaks for itself, so that nobody else's rows explain it. */
export const isStrong = ({ kind, bits }: ScoredRow): boolean => kind === 'integrity' || bits >= STRONG_BITS

/**
 * Joins rows that are one thing under many names: strong rows of one shape; then, with what `tiedIn` says of all rows that
 * are not explained by then, strong rows of one kin in one table where three hosts and more show one that nothing else
 * ties to its host. Where most hosts of the fleet, or of a cluster, have one, it is what hosts have. O(rows × columns).
 * @param tiedIn of some rows: whether one of them shares a rare word with another row of its host
 */
export function joinVariants(
  fleet: ClusteredFleet,
  rows: readonly ScoredRow[],
  tiedIn: (rows: readonly ScoredRow[]) => (row: ScoredRow) => boolean
): Variants {
  const patterns = patternsOf(
    fleet,
    rows.map(({ deviation }) => deviation)
  )
  const explained = explainedByShape(fleet, rows, [...patterns.shapes, ...patterns.columns])
  const places = [...rows.keys()]
  const sets = disjointSets(rows.length)
  const usual = usualOn(fleet)
  const join = (group: readonly number[]) => {
    const members = group.flatMap(at => rows[at] ?? [])
    const hosts = unionOf(rows, group)
    const feature = hosts.length > Math.max(2, FEATURE_SHARE * fleet.size) && !members.some(saysMuch)
    if (feature || (usual(hosts) && !members.some(keepsSaying))) for (const row of members) explained.add(row)
    else for (const at of group) sets.unite(group[0] ?? at, at)
  }
  const isVariant = (row: ScoredRow) =>
    (isStrong(row) || row.isHook) && row.deviation.kind !== 'missing' && isLone(row)
  for (const group of patterns.shapes) {
    const members = Array.from(group).filter(at => isVariant(rows[at] as ScoredRow))
    if (members.length > 1) join(members)
  }
  const open = places.filter(at => !explained.has(rows[at] as ScoredRow))
  const isTied = tiedIn(open.map(at => rows[at] as ScoredRow))
  const untied = (members: readonly number[]) =>
    members.filter(at => {
      const row = rows[at] as ScoredRow
      return explained.has(row) || !isTied(row)
    })
  const hostSets = (members: readonly number[]) =>
    new Set(members.map(at => rows[at]?.deviation.hosts.join())).size
  const kins = Map.groupBy(
    places.filter(at => isVariant(rows[at] as ScoredRow)),
    at => `${rows[at]?.query} ${rows[at]?.kind === 'integrity' ? rows[at]?.deviation.kind : rows[at]?.kin}`
  )
  for (const members of kins.values()) {
    const alone = untied(members)
    if (hostSets(alone) >= MIN_VARIANTS) join(alone)
  }
  // What loads on demand differs from host to host: one finding for all of it.
  const plain = Map.groupBy(
    places.filter(at => isPlainIntegrity(rows[at] as ScoredRow)),
    at => rows[at]?.query
  )
  for (const members of plain.values()) {
    const alone = untied(members)
    if (hostSets(alone) > 1) for (const at of alone) sets.unite(alone[0] ?? at, at)
  }
  const told = new Set(places.filter(at => !explained.has(rows[at] as ScoredRow)).map(sets.root))
  const grouped = Map.groupBy(
    places.filter(at => told.has(sets.root(at))),
    sets.root
  )
  const groups = [...grouped.values()].map(members => ({
    hosts: members.length === 1 ? (rows[members[0] ?? 0]?.deviation.hosts ?? []) : unionOf(rows, members),
    rows: members.flatMap(at => rows[at] ?? [])
  }))
  return { groups, explained }
}

/** Plain rows whose shape, or whose row but for one column, is on many other hosts. */
function explainedByShape(
  { fleet, size }: ClusteredFleet,
  rows: readonly ScoredRow[],
  patterns: readonly Int32Array[]
): Set<ScoredRow> {
  const explained = new Set<ScoredRow>()
  const limit = Math.max(EXPLAINED_BY, EXPLAINED_SHARE * size)
  const seen = new Int32Array(fleet.hosts.length)
  for (const [index, group] of patterns.entries()) {
    let count = 0
    for (const at of group)
      for (const host of rows[at]?.deviation.hosts ?? []) {
        if (seen[host] === index + 1) continue
        seen[host] = index + 1
        count++
      }
    if (count <= limit) continue
    for (const at of group) {
      const row = rows[at]
      if (row !== undefined && !isStrong(row) && count - row.deviation.hosts.length >= limit)
        explained.add(row)
    }
  }
  return explained
}

/** A row of one host that says something: what several hosts share is no variant, and a finding of its own. */
const isLone = ({ deviation, bits, isHook }: ScoredRow): boolean =>
  deviation.hosts.length === 1 && (bits > 0 || isHook)

/** A row of an integrity table that says nothing by itself, such as a module that Linux loads on demand. */
const isPlainIntegrity = ({ kind, bits, deviation }: ScoredRow): boolean =>
  kind === 'integrity' && bits <= 0 && deviation.kind === 'unexpected' && deviation.baseline === 'none'

/** On a tenth of the fleet and more, variants are a feature unless they say much. */
const FEATURE_SHARE = 0.1
const saysMuch = ({ kind, bits, deviation }: ScoredRow): boolean =>
  kind === 'integrity' || bits > STRONG_BITS || deviation.baseline !== 'none'

/** Even where most hosts have one of a kind: each gives power over its host, and no other host has that very row. */
const keepsSaying = (row: ScoredRow): boolean => isBreach(row) || (row.kind === 'integrity' && row.bits > 0)

/** What a baseline covers and does not know, in a table whose change is rarely innocent: never noise. */
const isBreach = ({ kind, deviation }: ScoredRow): boolean =>
  kind === 'integrity' && deviation.baseline !== 'none'

const unionOf = (rows: readonly ScoredRow[], members: readonly number[]): number[] =>
  [...new Set(members.flatMap(at => rows[at]?.deviation.hosts ?? []))].sort((a, b) => a - b)

/** Whether hosts are most of the fleet, most of a cluster of some size, or all of a small one. */
function usualOn({ clusters, clusterOf, size }: ClusteredFleet): (hosts: readonly number[]) => boolean {
  return hosts => {
    if (2 * hosts.length > size) return true
    const counts = new Map<number, number>()
    for (const host of hosts) {
      const cluster = clusterOf[host] ?? -1
      counts.set(cluster, (counts.get(cluster) ?? 0) + 1)
    }
    return [...counts].some(([index, count]) => {
      const members = clusters[index]?.hosts.length ?? 0
      return members >= MIN_HOSTS_OF_MAJORITY ? 2 * count > members : members >= 3 && count === members
    })
  }
}
