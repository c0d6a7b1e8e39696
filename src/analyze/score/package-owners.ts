import { cellOf, type Item } from '../../normalize/items.ts'
import { type ClusteredFleet, queryOfItem } from '../clustered-fleet.ts'
import type { Deviation } from '../deviate/deviation.ts'
import { traitsOf } from '../table-traits.ts'
import { readFacts } from './row-facts.ts'

/** Whose a file is, by the database of packages: a package's, nobody's, or not said. */
export type Owner = 'package' | 'none' | 'unsaid'

/** Owners by path and host. */
export type OwnerOf = (path: string, hosts: readonly number[]) => Owner

const NOBODY = 'none'
/** Folders whose files are all listed with their packages, so that a package lists the same files on every host. */
const LISTED_FOLDER = /^\/etc\//

/**
 * Whose the files of deviating rows are, where a pack asks for it. A host can claim a package for a file: the claim counts
 * only if at least half of the hosts with that package have the file from it. Where hosts disagree, nothing is said.
 * O(rows of the fleet + deviations × columns).
 */
export function packageOwners(clustered: ClusteredFleet, deviations: readonly Deviation[]): OwnerOf {
  const { fleet, inFleet } = clustered
  const isOwners = fleet.queries.map(query => traitsOf(query).owners)
  if (!isOwners.includes(true)) return () => 'unsaid'
  const paths = new Set(
    deviations.flatMap(({ kind, item }) => {
      const row = fleet.items[item]
      return row === undefined || kind === 'missing' ? [] : [readFacts(row).path]
    })
  )
  const installed = hostsByPackage(clustered)
  const claims = new Map<number, string>()
  for (const [id, item] of fleet.items.entries()) {
    if (isOwners[item.query] !== true || !paths.has(cellOf(item, 'path'))) continue
    if (isCredible(item, inFleet.items[id] ?? 0, installed)) claims.set(id, cellOf(item, 'path'))
  }
  const owners = fleet.hosts.map(host => {
    const own = new Map<string, Owner>()
    for (const id of claims.size === 0 ? [] : host.items) {
      const path = claims.get(id)
      const item = fleet.items[id]
      if (path !== undefined && item !== undefined)
        own.set(path, cellOf(item, 'package') === NOBODY ? 'none' : 'package')
    }
    return own
  })
  return (path, [first, ...others]) => {
    if (first === undefined) return 'unsaid'
    const owner = owners[first]?.get(path) ?? 'unsaid'
    return others.every(host => owners[host]?.get(path) === owner) ? owner : 'unsaid'
  }
}

function isCredible(item: Item, hosts: number, installed: ReadonlyMap<string, number>): boolean {
  if (!LISTED_FOLDER.test(cellOf(item, 'path'))) return true
  return 2 * hosts >= (installed.get(cellOf(item, 'package')) ?? 0)
}

/** By the name of a package: how many hosts have it, as far as a pack asks. */
function hostsByPackage(clustered: ClusteredFleet): Map<string, number> {
  const hosts = new Map<string, number>()
  for (const [id, { values }] of clustered.fleet.items.entries()) {
    const query = queryOfItem(clustered, id)
    const [name] = values
    if (query !== undefined && name !== undefined && traitsOf(query).packages)
      hosts.set(name, Math.max(hosts.get(name) ?? 0, clustered.inFleet.items[id] ?? 0))
  }
  return hosts
}
