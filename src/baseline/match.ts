import { type Fleet, type FleetHost, type Item, itemKey } from '../normalize/fleet.ts'
import { canonical } from '../normalize/rules.ts'
import type { Query } from '../osquery/pack.ts'
import { hidesSecret, redactRow } from '../text/secrets.ts'
import type { Baseline, BaselineQuery } from './baseline.ts'
import { isPattern, patternOf, type ValueTest } from './patterns.ts'

/** What a baseline says of the hosts of one role, in item ids. */
export interface Expectation {
  /** The role's label; `null` where the baseline has no roles. */
  readonly role: string | null
  /** By query: 1 where the baseline speaks of it. */
  readonly covered: Uint8Array
  readonly required: ReadonlySet<number>
  readonly optional: ReadonlySet<number>
}

export interface BaselineMatch {
  /** The fleet, its items followed by those that only the baseline has; hosts refer to patterns they match. */
  readonly fleet: Fleet
  /** By item of the fleet as it was given: the item that it stands for; `null`: each for itself. */
  readonly matchedItem: Int32Array | null
  /** One for each role, in the order of their labels. */
  readonly roles: readonly Expectation[]
  /** The expectation of each host, in the fleet's order. */
  readonly byHost: readonly Expectation[]
  /** What a reader must know: changed packs, queries that cannot be compared. */
  readonly notices: readonly string[]
}

interface Pattern {
  readonly id: number
  readonly tests: readonly ValueTest[]
}

interface BaselineRows {
  /** Items that stand in the baseline as they are. */
  readonly literal: ReadonlySet<number>
  /** Queries in whose rows a secret is hidden. */
  readonly hiding: ReadonlySet<number>
  /** By query. */
  readonly patterns: ReadonlyMap<number, readonly Pattern[]>
}

/**
 * Puts a baseline's rows beside a fleet's items. Equality is by fixed rules and the baseline's own patterns, so that
 * the same host and baseline always agree. O(baseline rows + items × pattern rows of their query).
 */
export function matchBaseline(baseline: Baseline, fleet: Fleet): BaselineMatch {
  const notices = new Set<string>()
  const items: Item[] = [...fleet.items]
  const ids = new Map<string, number>()
  const keyOf = (item: Item) => {
    const foreign = fleet.queries[item.query]?.identity === null
    return itemKey(item.query, foreign ? item.columns : null, item.values)
  }
  for (const [id, item] of items.entries()) ids.set(keyOf(item), id)
  const patterns = new Map<number, Pattern[]>()
  const literal = new Set<number>()
  const hiding = new Set<number>()

  const idOfRow = (item: Item): number => {
    const key = keyOf(item)
    const known = ids.get(key)
    const id = known ?? items.push(item) - 1
    ids.set(key, id)
    if (item.values.some(isPattern)) {
      const list = patterns.get(item.query) ?? []
      if (!list.some(pattern => pattern.id === id)) list.push({ id, tests: item.values.map(patternOf) })
      patterns.set(item.query, list)
    } else literal.add(id)
    if (item.values.some(hidesSecret)) hiding.add(item.query)
    return id
  }

  const roles: (readonly [string | null, Baseline['roles'][string]])[] = Object.entries(baseline.roles).sort(
    ([a], [b]) => (a < b ? -1 : 1)
  )
  if (roles.length === 0) roles.push([null, { queries: {} }])
  const sets = roles.map(([role, { queries: ofRole }]): Expectation => {
    const covered = new Uint8Array(fleet.queries.length)
    const required = new Set<number>()
    const optional = new Set<number>()
    for (const queries of [baseline.queries, ofRole]) {
      for (const [name, query] of Object.entries(queries)) {
        const index = fleet.queries.findIndex(candidate => candidate.name === name)
        const asked = fleet.queries[index]
        if (asked === undefined) continue
        const order = columnOrder(asked, query)
        if (order === null) {
          notices.add(
            `The baseline's columns of ${name} are not those of its pack: it was not compared with the baseline.`
          )
          continue
        }
        covered[index] = 1
        const itemOf = (row: readonly string[]): Item => ({
          query: index,
          columns: order.map(at => query.columns[at] ?? ''),
          values: order.map(at => canonical(query.columns[at] ?? '', row[at] ?? ''))
        })
        for (const row of query.required) required.add(idOfRow(itemOf(row)))
        for (const row of query.optional) optional.add(idOfRow(itemOf(row)))
      }
    }
    return { role, covered, required, optional }
  })

  const rows = { literal, hiding, patterns }
  const stands = patterns.size + hiding.size > 0 ? standing(fleet, rows, keyOf, ids) : null
  const hosts = stands === null ? fleet.hosts : replaceItems(fleet.hosts, stands)
  const byHost = hosts.map(host => nearest(host, sets))
  return {
    fleet: { ...fleet, items, hosts },
    matchedItem: stands,
    roles: sets,
    byHost,
    notices: [...roleNotice(byHost), ...[...notices].sort()]
  }
}

/** The positions in the baseline's columns of the query's identity columns; `null` where they are not the same set. */
function columnOrder(asked: Query, query: BaselineQuery): number[] | null {
  const wanted = asked.identity ?? [...query.columns].sort()
  if (wanted.length !== query.columns.length) return null
  const order = wanted.map(column => query.columns.indexOf(column))
  return order.includes(-1) ? null : order
}

/** By item of the fleet: the baseline's row that it is, once its secrets are hidden and by the baseline's patterns. */
function standing(
  fleet: Fleet,
  rows: BaselineRows,
  keyOf: (item: Item) => string,
  ids: ReadonlyMap<string, number>
): Int32Array {
  return Int32Array.from(fleet.items, (item, id) => {
    if (rows.literal.has(id)) return id
    const values = rows.hiding.has(item.query) ? redactRow(item.columns, item.values) : item.values
    const hidden = ids.get(keyOf({ ...item, values }))
    if (hidden !== undefined && rows.literal.has(hidden)) return hidden
    for (const { id: pattern, tests } of rows.patterns.get(item.query) ?? []) {
      if (tests.every((test, at) => test.test(values[at] ?? ''))) return pattern
    }
    return id
  })
}

function replaceItems(hosts: readonly FleetHost[], stands: Int32Array): FleetHost[] {
  return hosts.map(host => {
    const mapped = new Set<number>()
    for (const id of host.items) mapped.add(stands[id] ?? id)
    return { ...host, items: Int32Array.from(mapped).sort() }
  })
}

/** A host belongs to the role whose rows it shares most; the first by its label where two are equal. */
function nearest(host: FleetHost, sets: readonly Expectation[]): Expectation {
  let best = sets[0]
  let most = -1
  for (const set of sets) {
    let shared = 0
    for (const id of host.items) if (set.required.has(id) || set.optional.has(id)) shared++
    if (shared > most) {
      most = shared
      best = set
    }
  }
  if (best === undefined) throw new Error('a baseline has at least one role')
  return best
}

/** Which roles of the baseline the hosts were taken for. */
function roleNotice(byHost: readonly Expectation[]): string[] {
  const sizes = new Map<string, number>()
  for (const { role } of byHost) if (role !== null) sizes.set(role, (sizes.get(role) ?? 0) + 1)
  if (sizes.size === 0) return []
  const told = [...sizes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([role, many]) => `${role} (${many})`)
  return [
    `By the rows that they share most, the hosts belong to these roles of the baseline: ${told.join(', ')}.`
  ]
}
