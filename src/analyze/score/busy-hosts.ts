import type { ClusteredFleet } from '../clustered-fleet.ts'
import type { Deviation } from '../deviate/deviation.ts'
import { isPackageRun } from './package-runs.ts'
import { readFacts } from './row-facts.ts'

/** By host: 1 where root runs a package manager that does not run on the others. O(deviations × columns). */
export function upgradingHosts({ fleet }: ClusteredFleet, deviations: readonly Deviation[]): Uint8Array {
  const upgrading = new Uint8Array(fleet.hosts.length)
  for (const { kind, item: id, hosts } of deviations) {
    const item = fleet.items[id]
    if (item === undefined || kind === 'missing' || !item.values.some(isPackageRun)) continue
    if (readFacts(item).account !== 'other') for (const host of hosts) upgrading[host] = 1
  }
  return upgrading
}

/** By host: 1 where a query of the pack calls it booting, by a `uptime` column. O(rows of the fleet). */
export function bootingHosts({ fleet }: ClusteredFleet): Uint8Array {
  const booting = new Uint8Array(fleet.hosts.length)
  const items = new Set<number>()
  /** Rows of one query share their columns. */
  let columns: readonly string[] = []
  let at = -1
  for (const [id, item] of fleet.items.entries()) {
    if (item.columns !== columns) {
      columns = item.columns
      at = columns.indexOf('uptime')
    }
    if (at >= 0 && item.values[at] === 'booting') items.add(id)
  }
  if (items.size === 0) return booting
  for (const [index, host] of fleet.hosts.entries())
    if (host.items.some(id => items.has(id))) booting[index] = 1
  return booting
}
