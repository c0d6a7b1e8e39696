import type { Fleet } from '../../normalize/fleet.ts'
import type { Item } from '../../normalize/items.ts'
import type { Counts } from '../counts.ts'

/**
 * Rows that are comparable only among hosts that agree in some columns: a digest within a package version.
 * Counted over the whole fleet, for a version's file is the same in every role.
 */
export interface Cohorts {
  /** By item: its cohort, or −1 where its query declares none. */
  readonly of: Int32Array
  /** By item: what it is whatever its version (a path), or −1. */
  readonly slot: Int32Array
  /** By cohort: hosts that have a row of it, and its commonest item. */
  readonly hosts: Int32Array
  readonly majority: Int32Array
}

/** O(rows). */
export function findCohorts(fleet: Fleet, hosts: readonly number[], counts: Counts): Cohorts {
  const of = new Int32Array(fleet.items.length).fill(-1)
  const slot = new Int32Array(fleet.items.length).fill(-1)
  const cohorts = new Map<string, number>()
  const slots = new Map<string, number>()
  for (const [id, item] of fleet.items.entries()) {
    const query = fleet.queries[item.query]
    if (query === undefined || query.cohort.length === 0) continue
    of[id] = numberOf(cohorts, keyWithout(item, query.changes))
    slot[id] = numberOf(slots, keyWithout(item, [...query.changes, ...query.cohort]))
  }
  const size = new Int32Array(cohorts.size)
  const majority = new Int32Array(cohorts.size).fill(-1)
  const last = new Int32Array(cohorts.size).fill(-1)
  for (const index of cohorts.size > 0 ? hosts : []) {
    for (const item of fleet.hosts[index]?.items ?? []) {
      const cohort = of[item] ?? -1
      if (cohort < 0) continue
      if (last[cohort] !== index) size[cohort] = (size[cohort] ?? 0) + 1
      last[cohort] = index
      const best = majority[cohort] ?? -1
      if (best < 0 || (counts.items[item] ?? 0) > (counts.items[best] ?? 0)) majority[cohort] = item
    }
  }
  return { of, slot, hosts: size, majority }
}

function numberOf(numbers: Map<string, number>, key: string): number {
  const known = numbers.get(key)
  if (known !== undefined) return known
  numbers.set(key, numbers.size)
  return numbers.size - 1
}

/** A row with some columns left open: equal for rows that differ in nothing else. */
export function keyWithout(item: Item, columns: readonly string[]): string {
  let key = `${item.query}`
  for (const [at, value] of item.values.entries())
    key += columns.includes(item.columns[at] ?? '') ? ',' : `,${value.length}:${value}`
  return key
}
