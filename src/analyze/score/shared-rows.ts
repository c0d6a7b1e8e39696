import { type ClusteredFleet, queryOfItem } from '../clustered-fleet.ts'
import { rareLimit } from '../counts.ts'
import type { Deviation } from '../deviate/deviation.ts'
import { weightOfQuery } from '../table-weight.ts'
import { scoreRows } from './row-bits.ts'
import { readFacts } from './row-facts.ts'

/** Fewer hosts make a row rare, and rare rows are deviations already. */
const MIN_HOSTS = 3
/** On more of the hosts a row is what the fleet has, and there is nobody to compare with. */
const MAX_SHARE = 0.85
/** Rows on as good as the same hosts belong to the same cause. */
const SAME_HOSTS = 0.8
/** So many sets of hosts are looked at, the largest first; a bound for hostile fleets. */
const MAX_SETS = 64
/** A row speaks for itself, on however many hosts, from so many bits. */
const MIN_BITS = 3

/**
 * The deviations, and those rows that are too common to be rare but that no deploy explains: something runs from a
 * folder for temporary files or from a hidden one, on some of the hosts. With them come the rows of the same hosts that
 * say something. What all hosts of a role have, and what nearly all hosts have, is theirs.
 * O(distinct rows), and O(rows) if there are any.
 */
export function withSharedRows(
  clustered: ClusteredFleet,
  deviations: readonly Deviation[]
): readonly Deviation[] {
  const misplaced = misplacedItems(clustered)
  if (misplaced.size === 0) return deviations
  const spread = spreadRows(clustered, deviations, misplaced)
  const shared = new Set(spread.map(({ item }) => item))
  return [
    // What accuses the hosts that have it is no loss for the others.
    ...deviations.filter(
      ({ kind, item }) =>
        kind === 'changed' || !(shared.has(item) || (kind === 'missing' && misplaced.has(item)))
    ),
    ...spread
  ]
}

/** Items on some hosts, not on nearly all, that run from where no deploy puts a program. */
function misplacedItems(clustered: ClusteredFleet): Set<number> {
  const { fleet, inFleet } = clustered
  const found = new Set<number>()
  for (const [id, item] of fleet.items.entries()) {
    const hosts = inFleet.items[id] ?? 0
    if (hosts < MIN_HOSTS || hosts > MAX_SHARE * (inFleet.observed[item.query] ?? 0)) continue
    const query = queryOfItem(clustered, id)
    if (query === undefined || weightOfQuery(query) === 'context') continue
    if (readFacts(item).isMisplaced) found.add(id)
  }
  return found
}

function spreadRows(
  clustered: ClusteredFleet,
  deviations: readonly Deviation[],
  misplaced: ReadonlySet<number>
): Deviation[] {
  const rare = new Map(deviations.filter(({ kind }) => kind === 'unexpected').map(one => [one.item, one]))
  const hostsOf = new Map<number, number[]>([...misplaced].map(item => [item, []]))
  for (const { hosts } of clustered.clusters)
    for (const host of hosts)
      for (const item of clustered.fleet.hosts[host]?.items ?? []) hostsOf.get(item)?.push(host)
  const sets = new Map<string, number[]>()
  const strong = scoreRows(
    clustered,
    [...hostsOf].map(([item, hosts]) =>
      sharedRow(
        clustered,
        item,
        hosts.sort((a, b) => a - b)
      )
    )
  ).filter(({ bits }) => bits >= MIN_BITS)
  for (const { deviation } of strong) {
    const { item, hosts } = deviation
    // Every host that has it was found by itself.
    if (rare.get(item)?.hosts.length === hosts.length || isOfWholeClusters(clustered, hosts)) continue
    sets.set(hosts.join(), [...hosts])
  }
  const rows = new Map<number, Deviation>()
  for (const hosts of [...sets.values()].sort((a, b) => b.length - a.length).slice(0, MAX_SETS))
    for (const item of companions(clustered, hosts)) if (!rows.has(item.item)) rows.set(item.item, item)
  return scoreRows(clustered, [...rows.values()])
    .filter(({ bits, kind, isIncriminating }) => isIncriminating && (bits > 0 || kind === 'integrity'))
    .map(({ deviation }) => deviation)
}

const sharedRow = ({ size }: ClusteredFleet, item: number, hosts: readonly number[]): Deviation => ({
  kind: 'unexpected',
  item,
  expected: -1,
  baseline: 'none',
  common: hosts.length > rareLimit(size),
  hosts
})

/** Whether some hosts are all hosts of one role or several; a cluster that came apart by added rows only is none. */
function isOfWholeClusters({ clusters, clusterOf }: ClusteredFleet, hosts: readonly number[]): boolean {
  const counts = new Map<number, number>()
  for (const host of hosts) counts.set(clusterOf[host] ?? -1, (counts.get(clusterOf[host] ?? -1) ?? 0) + 1)
  return [...counts].every(([index, count]) => {
    const cluster = clusters[index]
    return cluster !== undefined && cluster.splitFrom === null && count > MAX_SHARE * cluster.hosts.length
  })
}

/** Rows that are on nearly all of some hosts, and on nearly no others. */
function companions(clustered: ClusteredFleet, hosts: readonly number[]): Deviation[] {
  const { fleet, inFleet } = clustered
  const owners = new Map<number, number[]>()
  for (const host of hosts)
    for (const item of fleet.hosts[host]?.items ?? []) {
      if ((inFleet.items[item] ?? 0) * SAME_HOSTS > hosts.length) continue
      const own = owners.get(item)
      if (own === undefined) owners.set(item, [host])
      else own.push(host)
    }
  return [...owners]
    .filter(([, own]) => own.length >= SAME_HOSTS * hosts.length)
    .map(([item, own]) => sharedRow(clustered, item, own))
}
