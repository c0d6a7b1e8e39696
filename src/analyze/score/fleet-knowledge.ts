import type { Item } from '../../normalize/items.ts'
import { type ClusteredFleet, queryOfItem } from '../clustered-fleet.ts'
import { rareLimit } from '../counts.ts'
import { keyWithout } from '../deviate/cohorts.ts'
import type { Deviation } from '../deviate/deviation.ts'
import { traitsOf } from '../table-traits.ts'
import { bootingHosts, upgradingHosts } from './busy-hosts.ts'
import { type OwnerOf, packageOwners } from './package-owners.ts'
import { type Protections, protections } from './protections.ts'
import { readFacts } from './row-facts.ts'

/** What the rest of the fleet says of a row. */
export interface FleetKnowledge {
  /** A tenth of the fleet, beyond the row's own hosts, has it. */
  isCommonElsewhere(deviation: Deviation): boolean
  /** Most hosts of some other cluster have it. */
  isUsualInAnotherCluster(deviation: Deviation): boolean
  readonly protections: Protections
  /** On its hosts half of the table's files differ at once: another build or architecture rather than one file. */
  isOtherBuild(deviation: Deviation): boolean
  /** Few hosts have the file in any version. */
  isNewFile(deviation: Deviation): boolean
  /** Whether a program of all these hosts has rare connections, by its path. */
  connectionsOf(path: string, hosts: readonly number[]): 'public' | 'private' | 'none'
  /** Whose the file at a path is on all these hosts. */
  readonly ownerOf: OwnerOf
  /** Most hosts have a row of the same query and path, whatever else it says: a usual program on another port. */
  isUsualProgram(item: Item): boolean
  /** A unit of this file, on all these hosts, runs as an account other than root. */
  isUnprivilegedUnit(path: string, hosts: readonly number[]): boolean
  /** The fleet has eight hosts or more, so that being the only one says something. */
  readonly isLarge: boolean
  /** By host: 1 where a package manager runs that does not run on the others. */
  readonly upgrading: Uint8Array
  /** By host: 1 where it has just started. */
  readonly booting: Uint8Array
}

/** On more than this part of the fleet a row is rather a feature. */
const FEATURE_SHARE = 0.1
const MIN_HOSTS_OF_CLUSTER = 3
const MIN_HOSTS_OF_LARGE_FLEET = 8

/** O(rows of the fleet + deviations × columns). */
export function fleetKnowledge(clustered: ClusteredFleet, deviations: readonly Deviation[]): FleetKnowledge {
  const { inFleet, size } = clustered
  const isCommonElsewhere = ({ item, hosts }: Deviation): boolean =>
    (inFleet.items[item] ?? 0) - hosts.length >= Math.max(2, FEATURE_SHARE * size)
  const common = [...new Set(deviations.filter(isCommonElsewhere).map(({ item }) => item))]
  return {
    isCommonElsewhere,
    isUsualInAnotherCluster: usualElsewhere(clustered, common),
    protections: protections(clustered),
    isOtherBuild: otherBuilds(clustered, deviations),
    isNewFile: newFiles(clustered, deviations),
    connectionsOf: connections(clustered, deviations),
    ownerOf: packageOwners(clustered, deviations),
    isUsualProgram: usualPrograms(clustered),
    isUnprivilegedUnit: unprivilegedUnits(clustered, deviations),
    isLarge: size >= MIN_HOSTS_OF_LARGE_FLEET,
    upgrading: upgradingHosts(clustered, deviations),
    booting: bootingHosts(clustered)
  }
}

function usualElsewhere(
  { fleet, clusters, clusterOf }: ClusteredFleet,
  items: readonly number[]
): (deviation: Deviation) => boolean {
  if (items.length === 0) return () => false
  const place = new Int32Array(fleet.items.length).fill(-1)
  for (const [at, item] of items.entries()) place[item] = at
  const counts = clusters.map(({ hosts }) => {
    const own = new Int32Array(items.length)
    for (const host of hosts)
      for (const item of fleet.hosts[host]?.items ?? []) {
        const at = place[item] ?? -1
        if (at >= 0) own[at] = (own[at] ?? 0) + 1
      }
    return own
  })
  return ({ item, hosts }) => {
    const at = place[item] ?? -1
    const mine = new Set(hosts.map(host => clusterOf[host]))
    return clusters.some(
      (cluster, index) =>
        !mine.has(index) &&
        cluster.hosts.length >= MIN_HOSTS_OF_CLUSTER &&
        2 * (counts[index]?.[at] ?? 0) >= cluster.hosts.length
    )
  }
}

const MIN_FILES_OF_BUILD = 4

function otherBuilds(
  clustered: ClusteredFleet,
  deviations: readonly Deviation[]
): (deviation: Deviation) => boolean {
  const { fleet } = clustered
  const queryAt = (item: number) => fleet.items[item]?.query ?? -1
  const isCohort = (item: number) => (queryOfItem(clustered, item)?.cohort.length ?? 0) > 0
  const differing = new Map<string, number>()
  for (const { item, hosts } of deviations) {
    if (!isCohort(item)) continue
    for (const host of hosts) {
      const key = `${host} ${queryAt(item)}`
      differing.set(key, (differing.get(key) ?? 0) + 1)
    }
  }
  return ({ item, hosts }) =>
    hosts.every(host => {
      const query = queryAt(item)
      const differ = differing.get(`${host} ${query}`) ?? 0
      if (differ < MIN_FILES_OF_BUILD) return false
      const rows = (fleet.hosts[host]?.items ?? []).filter(id => queryAt(id) === query).length
      return 2 * differ >= rows
    })
}

/** By path: a file of a table that is compared within versions, where few hosts have the file in any version. */
function newFiles(
  clustered: ClusteredFleet,
  deviations: readonly Deviation[]
): (deviation: Deviation) => boolean {
  const { fleet, inFleet } = clustered
  const queries = new Set(
    deviations
      .filter(({ item }) => (queryOfItem(clustered, item)?.cohort.length ?? 0) > 0)
      .map(({ item }) => fleet.items[item]?.query)
  )
  if (queries.size === 0) return () => false
  const hosts = new Map<string, number>()
  for (const [id, item] of fleet.items.entries()) {
    if (!queries.has(item.query)) continue
    const key = slotOf(clustered, item)
    hosts.set(key, (hosts.get(key) ?? 0) + (inFleet.items[id] ?? 0))
  }
  return ({ kind, item: id, hosts: own }) => {
    const item = fleet.items[id]
    if (item === undefined || kind !== 'unexpected') return false
    return (hosts.get(slotOf(clustered, item)) ?? 0) <= Math.max(own.length, rareLimit(clustered.size))
  }
}

/** What a row of a compared file is whatever its version and content: its path. */
function slotOf({ fleet }: ClusteredFleet, item: Item): string {
  const query = fleet.queries[item.query]
  return keyWithout(item, [...(query?.changes ?? []), ...(query?.cohort ?? [])])
}

function connections(
  clustered: ClusteredFleet,
  deviations: readonly Deviation[]
): (path: string, hosts: readonly number[]) => 'public' | 'private' | 'none' {
  const { fleet } = clustered
  const byHost = new Map<number, Map<string, 'public' | 'private'>>()
  for (const { kind, item: id, hosts } of deviations) {
    const item = fleet.items[id]
    const query = queryOfItem(clustered, id)
    if (item === undefined || query === undefined || kind === 'missing') continue
    const { kind: table, owners } = traitsOf(query)
    if (table !== 'context' || owners) continue
    const facts = readFacts(item)
    if (facts.path === '' || facts.account === 'other') continue
    for (const host of hosts) {
      const own = byHost.get(host) ?? new Map<string, 'public' | 'private'>()
      byHost.set(host, own)
      if (own.get(facts.path) !== 'public') own.set(facts.path, facts.publicPeer ? 'public' : 'private')
    }
  }
  return (path, hosts) => {
    let all: 'public' | 'private' | 'none' = 'public'
    for (const host of hosts) {
      const own = byHost.get(host)?.get(path)
      if (own === undefined) return 'none'
      if (own === 'private') all = 'private'
    }
    return all
  }
}

function usualPrograms({ fleet, inFleet }: ClusteredFleet): (item: Item) => boolean {
  const most = new Map<string, number>()
  const keyOf = (item: Item) => `${item.query} ${item.values[item.columns.indexOf('path')] ?? ''}`
  for (const [id, item] of fleet.items.entries()) {
    if (!item.columns.includes('port')) continue
    const key = keyOf(item)
    most.set(key, (most.get(key) ?? 0) + (inFleet.items[id] ?? 0))
  }
  return item => {
    const path = item.values[item.columns.indexOf('path')] ?? ''
    return path !== '' && 2 * (most.get(keyOf(item)) ?? 0) > (inFleet.observed[item.query] ?? 0)
  }
}

/** Files of units that name an account other than root, by host. */
function unprivilegedUnits(
  clustered: ClusteredFleet,
  deviations: readonly Deviation[]
): (path: string, hosts: readonly number[]) => boolean {
  const { fleet } = clustered
  const files = new Map<number, Set<string>>()
  for (const { kind, item: id, hosts } of deviations) {
    const item = fleet.items[id]
    if (item === undefined || kind === 'missing' || !item.columns.includes('fragment_path')) continue
    const { path, account } = readFacts(item)
    if (account !== 'other') continue
    for (const host of hosts) files.set(host, (files.get(host) ?? new Set()).add(path))
  }
  return (path, hosts) => hosts.every(host => files.get(host)?.has(path) === true)
}
