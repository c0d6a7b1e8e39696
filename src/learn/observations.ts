import { countItems } from '../analyze/counts.ts'
import { rowKey } from '../baseline/roles.ts'
import { compareRows } from '../baseline/write.ts'
import type { Fleet } from '../normalize/fleet.ts'
import type { Query } from '../osquery/pack.ts'
import { redactRow } from '../text/secrets.ts'

/** Clean hosts that are alike, and which of their items must not be learned. */
export interface CleanGroup {
  readonly label: string
  /** Indices into the fleet's hosts. */
  readonly hosts: readonly number[]
  /** At least half of these hosts must have a row of an integrity table for it to be learned. */
  readonly reference: readonly number[]
  /** Items that are part of a serious finding or match an indicator, with the reason. */
  readonly suspicious: ReadonlyMap<number, string>
  /** Items that only hosts with a serious finding have, with the reason. */
  readonly onlyOnSuspects: ReadonlyMap<number, string>
  /** By item: hosts that lack it in a serious finding. They do not count, so the item stays required. */
  readonly exempt: ReadonlyMap<number, ReadonlySet<number>>
}

/** One query on the hosts of a group. */
export interface QueryObservations {
  readonly query: Query
  /** How many hosts answered it. */
  readonly observers: number
  /** Sorted by code unit. */
  readonly rows: readonly ObservedRow[]
}

/** A row with its secrets hidden. */
export interface ObservedRow {
  readonly columns: readonly string[]
  readonly row: readonly string[]
  /** The hosts that have it; indices into the fleet's hosts. */
  readonly hosts: readonly number[]
  /** How many of the reference hosts have it, of those that answered its query. */
  readonly prevalence: readonly [have: number, of: number]
  /** Why it is not learned. */
  readonly suspicion: string | null
  /** Why it is learned only as a variant of other hosts' rows. */
  readonly onlyOnSuspects: string | null
  /** How many hosts lack it in a serious finding. */
  readonly exempt: number
}

/** The rows of a group's hosts by query. Queries that none of them answered are left out. */
export function observeRows(fleet: Fleet, group: CleanGroup): QueryObservations[] {
  const hostsOf = new Map<number, number[]>()
  for (const index of group.hosts) {
    for (const id of fleet.hosts[index]?.items ?? []) {
      const hosts = hostsOf.get(id)
      if (hosts === undefined) hostsOf.set(id, [index])
      else hosts.push(index)
    }
  }
  const { observed: observers } = countItems(fleet, group.hosts)
  const reference = countItems(fleet, group.reference)
  const rows = fleet.queries.map(() => new Map<string, ObservedRow>())
  for (const [id, hosts] of hostsOf) {
    const item = fleet.items[id]
    if (item === undefined) continue
    const { columns, query } = item
    const row = redactRow(columns, item.values)
    const key = rowKey([...columns, ...row])
    // Items that differ only in a secret are one row.
    const same = rows[query]?.get(key)
    const exempt = [...(group.exempt.get(id) ?? [])].filter(
      host => fleet.hosts[host]?.observed[query] === 1 && !hosts.includes(host)
    ).length
    const of = reference.observed[query] ?? 0
    const have = (same?.prevalence[0] ?? 0) + (reference.items[id] ?? 0)
    const isOnlyOnSuspects = same === undefined || same.onlyOnSuspects !== null
    rows[query]?.set(key, {
      columns,
      row,
      hosts: same === undefined ? hosts : [...new Set([...same.hosts, ...hosts])].sort((a, b) => a - b),
      prevalence: [Math.min(have, of), of],
      suspicion: same?.suspicion ?? group.suspicious.get(id) ?? null,
      onlyOnSuspects: isOnlyOnSuspects ? (group.onlyOnSuspects.get(id) ?? null) : null,
      exempt: Math.max(same?.exempt ?? 0, exempt)
    })
  }
  return fleet.queries.flatMap((query, index) => {
    const sorted = [...(rows[index]?.values() ?? [])].sort((a, b) => compareRows(a.row, b.row))
    const answered = observers[index] ?? 0
    return answered === 0 ? [] : [{ query, observers: answered, rows: sorted }]
  })
}
