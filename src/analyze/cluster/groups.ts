import { addBit, countShared, wordsFor } from './bitsets.ts'
import { type Split, weighSplit } from './evidence.ts'
import { type Divided, ROLE_HOSTS } from './roles.ts'
import type { RowSets } from './row-sets.ts'
import { strangers } from './singletons.ts'
import type { Splits } from './splits.ts'

export interface Group {
  /** Ascending. */
  readonly hosts: readonly number[]
  /** Where the group differs from others only by added rows: those and its own hosts. */
  readonly splitFrom: readonly number[] | null
}

/**
 * Puts every host into the chosen group with whose rows it agrees most, if with more than half. The others are a group
 * of their own if they are as many as a role, share rows of their own or hold a role; else each goes to the nearest
 * group, or is a group by itself if it is like no other. O(splits × rows of the hosts).
 */
export function groupHosts(divided: Divided, rowSets: RowSets, { chosen, roles }: Splits): Group[] {
  if (chosen.length === 0) return []
  const { hosts } = divided
  const agreements = chosen.map(split => agreement(divided, split))
  const members: number[][] = chosen.map(() => [])
  const rest: number[] = []
  const nearest = new Map<number, number[] | undefined>()
  for (const [at, host] of hosts.entries()) {
    const agreed = agreements.map(all => all[at] ?? 0)
    const highest = Math.max(...agreed)
    const closest = members[agreed.indexOf(highest)]
    if (highest > 0.5) closest?.push(host)
    else {
      rest.push(host)
      nearest.set(host, closest)
    }
  }
  const isolated: Group[] = []
  if (!isGroup(rest, rowSets, roles)) {
    const alone = strangers(divided.fleet, hosts, rest)
    for (const host of rest.splice(0)) {
      if (alone.has(host)) isolated.push({ hosts: [host], splitFrom: null })
      else nearest.get(host)?.push(host)
    }
  }
  const ascending = (list: readonly number[]) => [...list].sort((a, b) => a - b)
  const groups = chosen.map((split, at): Group => {
    const own = ascending(members[at] ?? [])
    return { hosts: own, splitFrom: split.othersHaveOwn ? null : ascending([...own, ...rest]) }
  })
  const others = { hosts: rest, splitFrom: chosen.every(({ hasOwn }) => hasOwn) ? null : hosts }
  return [...groups, others, ...isolated].filter(group => group.hosts.length > 0)
}

function isGroup(hosts: readonly number[], rowSets: RowSets, roles: readonly Split[]): boolean {
  if (hosts.length === 0 || hosts.length >= ROLE_HOSTS) return true
  const rest = new Uint32Array(wordsFor(rowSets.sample.length))
  for (const [at, host] of rowSets.sample.entries()) if (hosts.includes(host)) addBit(rest, at)
  if (weighSplit(rowSets, [], rest).hasOwn) return true
  return roles.some(({ group, size }) => countShared(group, rest) === size)
}

/**
 * By host: the share of the split's added rows that it has, or of the lost rows that it lacks, the lower of the two.
 * Rows of queries that are unobserved on the host do not count. O(rows of the hosts).
 */
function agreement({ fleet, hosts }: Divided, { added, lost }: Split): Float64Array {
  const ADDED = 1
  const LOST = 2
  const side = new Uint8Array(fleet.items.length)
  const perQuery = fleet.queries.map(() => ({ added: 0, lost: 0 }))
  for (const item of added) {
    side[item] = ADDED
    const rows = perQuery[fleet.items[item]?.query ?? -1]
    if (rows !== undefined) rows.added++
  }
  for (const item of lost) {
    side[item] = LOST
    const rows = perQuery[fleet.items[item]?.query ?? -1]
    if (rows !== undefined) rows.lost++
  }
  return Float64Array.from(hosts, index => {
    const host = fleet.hosts[index]
    if (host === undefined) return 0
    let addedRows = 0
    let lostRows = 0
    for (const [query, rows] of perQuery.entries()) {
      if (host.observed[query] !== 1) continue
      addedRows += rows.added
      lostRows += rows.lost
    }
    if (addedRows + lostRows === 0) return 0
    let gained = 0
    let kept = 0
    const { items } = host
    for (let at = 0; at < items.length; at++) {
      const found = side[items[at] ?? 0]
      if (found === ADDED) gained++
      else if (found === LOST) kept++
    }
    return Math.min(addedRows === 0 ? 1 : gained / addedRows, lostRows === 0 ? 1 : 1 - kept / lostRows)
  })
}
