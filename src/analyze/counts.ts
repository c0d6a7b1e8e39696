import type { Fleet } from '../normalize/fleet.ts'

/** How often each item is there, and each query observed, in a set of hosts. */
export interface Counts {
  readonly items: Int32Array
  readonly observed: Int32Array
}

/** O(rows of the hosts + items of the fleet). */
export function countItems(fleet: Fleet, hosts: readonly number[]): Counts {
  const items = new Int32Array(fleet.items.length)
  const observed = new Int32Array(fleet.queries.length)
  for (const index of hosts) {
    const host = fleet.hosts[index]
    if (host === undefined) continue
    const own = host.items
    for (let at = 0; at < own.length; at++) {
      const item = own[at] ?? 0
      items[item] = (items[item] ?? 0) + 1
    }
    for (let query = 0; query < observed.length; query++)
      observed[query] = (observed[query] ?? 0) + (host.observed[query] ?? 0)
  }
  return { items, observed }
}

/** Up to this share of a cluster may differ and still be called rare; in any case one host, and two of eight or more. */
const RARE_SHARE = 0.15
const MIN_HOSTS_FOR_TWO = 8

export const rareLimit = (hosts: number): number =>
  Math.max(hosts < MIN_HOSTS_FOR_TWO ? 1 : 2, Math.floor(RARE_SHARE * hosts))

const queries = new WeakMap<Fleet['items'], Int32Array>()

/** By item: its query. */
export function queriesOf({ items }: Pick<Fleet, 'items'>): Int32Array {
  let known = queries.get(items)
  if (known === undefined) {
    known = Int32Array.from(items, ({ query }) => query)
    queries.set(items, known)
  }
  return known
}
