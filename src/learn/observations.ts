import { rowKey } from '../baseline/roles.ts'
import { compareRows } from '../baseline/write.ts'
import type { Fleet } from '../normalize/fleet.ts'
import type { Query } from '../osquery/pack.ts'
import { redactRow } from '../text/secrets.ts'

/** Clean hosts that are alike, and what among their rows is not to be learned. */
export interface CleanGroup {
  readonly label: string
  /** Indices into the fleet's hosts. */
  readonly hosts: readonly number[]
  /** The hosts of which half must have a row of an integrity table: the group itself, or those that it came apart from. */
  readonly reference: readonly number[]
  /** Items of the fleet that are part of a serious finding, with the reason. */
  readonly suspects: ReadonlyMap<number, string>
  /** Items that only hosts with a serious finding have, with the reason. */
  readonly accused: ReadonlyMap<number, string>
  /** By item: hosts that lack it in a serious finding, so that it stays required of the others. */
  readonly excused: ReadonlyMap<number, ReadonlySet<number>>
}

/** One query on the hosts of a group. */
export interface QueryObservations {
  readonly query: Query
  /** How many hosts answered it. */
  readonly observers: number
  /** By code unit. */
  readonly rows: readonly ObservedRow[]
}

/** A row with its secrets hidden. */
export interface ObservedRow {
  readonly columns: readonly string[]
  readonly row: readonly string[]
  /** Who showed it; indices into the fleet's hosts. */
  readonly hosts: readonly number[]
  /** How many of the reference hosts have it, and on how many its query was observed. */
  readonly prevalence: readonly [having: number, observed: number]
  /** Why it is not to be learned. */
  readonly suspicion: string | null
  /** Why it is learned only as a variant of what others have. */
  readonly accused: string | null
  /** How many hosts lack it for a serious reason. */
  readonly excused: number
}

/** What the hosts of a group showed, by query; queries that none of them answered are left out. */
export function observeRows(fleet: Fleet, group: CleanGroup): QueryObservations[] {
  const observers = new Int32Array(fleet.queries.length)
  const hostsOf = new Map<number, number[]>()
  for (const index of group.hosts) {
    const host = fleet.hosts[index]
    for (const [query, observed] of host?.observed.entries() ?? [])
      observers[query] = (observers[query] ?? 0) + observed
    for (const id of host?.items ?? []) {
      const hosts = hostsOf.get(id)
      if (hosts === undefined) hostsOf.set(id, [index])
      else hosts.push(index)
    }
  }
  const reference = countOn(fleet, group.reference)
  const rows = fleet.queries.map(() => new Map<string, ObservedRow>())
  for (const [id, hosts] of hostsOf) {
    const item = fleet.items[id]
    if (item === undefined) continue
    const { columns, query } = item
    const row = redactRow(columns, item.values)
    const key = rowKey([...columns, ...row])
    const same = rows[query]?.get(key)
    const excused = [...(group.excused.get(id) ?? [])].filter(
      host => fleet.hosts[host]?.observed[query] === 1 && !hosts.includes(host)
    ).length
    const many = reference.observed[query] ?? 0
    const having = (same?.prevalence[0] ?? 0) + (reference.items.get(id) ?? 0)
    rows[query]?.set(key, {
      columns,
      row,
      hosts: same === undefined ? hosts : [...new Set([...same.hosts, ...hosts])].sort((a, b) => a - b),
      prevalence: [Math.min(having, many), many],
      suspicion: same?.suspicion ?? group.suspects.get(id) ?? null,
      accused: same === undefined || same.accused !== null ? (group.accused.get(id) ?? null) : null,
      excused: Math.max(same?.excused ?? 0, excused)
    })
  }
  return fleet.queries.flatMap((query, index) => {
    const own = [...(rows[index]?.values() ?? [])].sort((a, b) => compareRows(a.row, b.row))
    const many = observers[index] ?? 0
    return many === 0 ? [] : [{ query, observers: many, rows: own }]
  })
}

function countOn(fleet: Fleet, hosts: readonly number[]) {
  const items = new Map<number, number>()
  const observed = new Int32Array(fleet.queries.length)
  for (const index of hosts) {
    const host = fleet.hosts[index]
    for (const [query, seen] of host?.observed.entries() ?? [])
      observed[query] = (observed[query] ?? 0) + seen
    for (const id of host?.items ?? []) items.set(id, (items.get(id) ?? 0) + 1)
  }
  return { items, observed }
}
