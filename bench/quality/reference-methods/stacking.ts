import { fleetBuilder } from '../../../src/normalize/fleet.ts'
import type { LabeledFleet } from '../fleet/ground-truth.ts'
import type { Result } from '../result.ts'
import { findingRow } from './items.ts'

/** What hunters call rare when they stack: on at most one host in a hundred, or on one host. */
const RARE = 0.01

/**
 * Prevalence stacking ("long tail analysis"): count each row over the fleet, look at the rarest. It is favored: it
 * sees the product's normalized rows, and rows of the same hosts are one finding, worth the sum of their bits.
 * It knows no clusters and no missing rows. O(rows).
 */
export function stacking(fleet: LabeledFleet): Result {
  const builder = fleetBuilder(fleet.queries)
  for (const host of fleet.hosts) builder.add(host)
  const seen = builder.finish()
  const holders = seen.items.map((): number[] => [])
  const observed = new Float64Array(seen.queries.length)
  for (const [host, { items, observed: own }] of seen.hosts.entries()) {
    for (const item of items) holders[item]?.push(host)
    for (const [query, flag] of own.entries()) observed[query] = (observed[query] ?? 0) + flag
  }
  const groups = new Map<string, { hosts: readonly number[]; items: number[]; bits: number }>()
  const worth = new Float64Array(seen.hosts.length)
  for (const [item, hosts] of holders.entries()) {
    const of = observed[seen.items[item]?.query ?? 0] ?? 1
    const bits = -Math.log2(hosts.length / Math.max(1, of))
    if (hosts.length > Math.max(1, RARE * of)) continue
    for (const host of hosts) worth[host] = (worth[host] ?? 0) + bits
    const key = hosts.join()
    const group = groups.get(key) ?? { hosts, items: [], bits: 0 }
    group.items.push(item)
    group.bits += bits
    groups.set(key, group)
  }
  const assessed = seen.hosts.flatMap((host, index) =>
    host.observed.includes(1) ? [{ id: host.id, worth: worth[index] ?? 0 }] : []
  )
  const idOf = (host: number) => seen.hosts[host]?.id ?? ''
  return {
    clusters: [assessed.map(({ id }) => id)],
    findings: [...groups.values()]
      .sort((a, b) => b.bits - a.bits)
      .map(({ hosts, items }) => ({
        hosts: hosts.map(idOf),
        rows: items.map(item => findingRow(seen, item, 'unexpected')),
        isHigh: true,
        isMedium: true
      })),
    hosts: assessed.sort((a, b) => b.worth - a.worth || (a.id < b.id ? -1 : 1)).map(({ id }) => id),
    aboveLow: groups.size > 0
  }
}
