import type { Fleet, FleetHost } from '../normalize/fleet.ts'
import { type Item, itemKey } from '../normalize/items.ts'
import { canonical } from '../normalize/rules.ts'
import type { Query } from '../osquery/pack.ts'
import { hidesSecret, redactRow } from '../text/secrets.ts'
import type { Baseline, BaselineQuery } from './baseline.ts'
import { isPattern, patternOf, type ValueTest } from './patterns.ts'

/** What a baseline says about the hosts of one role, in item ids. */
export interface Expectation {
  /** The role's label; `null`: the baseline has no roles. */
  readonly role: string | null
  /** By query: 1 if the baseline covers it. */
  readonly covered: Uint8Array
  readonly required: ReadonlySet<number>
  readonly optional: ReadonlySet<number>
}

/** A baseline matched against a fleet. */
export interface BaselineMatch {
  readonly baseline: Baseline
  /** The fleet, its items followed by those that only the baseline has; hosts refer to the patterns they match. */
  readonly fleet: Fleet
  /** By item of the given fleet: the item of the baseline that it matches, else itself; `null`: each is itself. */
  readonly matchedItem: Int32Array | null
  /** One for each role, in the order of their labels. */
  readonly roles: readonly Expectation[]
  /** The expectation of each host, in the fleet's order. */
  readonly byHost: readonly Expectation[]
  /** Notices for the reader: queries that cannot be compared, and how many hosts belong to each role. */
  readonly notices: readonly string[]
}

/**
 * Matches a baseline against a fleet. Rows are compared only by fixed rules and the baseline's own patterns, so that the
 * same host and baseline always give the same result. O(baseline rows + items × pattern rows of their query).
 */
export function matchBaseline(baseline: Baseline, fleet: Fleet): BaselineMatch {
  const rows = baselineRows(fleet)
  const roles: (readonly [string | null, Baseline['roles'][string]])[] = Object.entries(baseline.roles).sort(
    ([a], [b]) => (a < b ? -1 : 1)
  )
  if (roles.length === 0) roles.push([null, { queries: {} }])
  const incomparable = new Set<string>()
  const expectations = roles.map(([role, { queries: ofRole }]): Expectation => {
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
          incomparable.add(name)
          continue
        }
        covered[index] = 1
        for (const row of query.required) required.add(rows.add(itemOfRow(index, query, row, order)))
        for (const row of query.optional) optional.add(rows.add(itemOfRow(index, query, row, order)))
      }
    }
    return { role, covered, required, optional }
  })
  const matchedItem = rows.match()
  const hosts = matchedItem === null ? fleet.hosts : replaceItems(fleet.hosts, matchedItem)
  const byHost = hosts.map(host => nearestRole(host, expectations))
  return {
    baseline,
    fleet: { ...fleet, items: rows.items, hosts },
    matchedItem,
    roles: expectations,
    byHost,
    notices: [...roleNotice(byHost), ...[...incomparable].sort().map(columnsNotice)]
  }
}

/**
 * The queries with the columns that the baseline has for them. A foreign query is compared in these, whatever the fleet
 * of the day suggests.
 */
export function withBaselineColumns(queries: readonly Query[], baseline: Baseline): Query[] {
  const places = [baseline.queries, ...Object.values(baseline.roles).map(role => role.queries)]
  return queries.map(query => {
    if (query.identity !== null) return query
    const known = places.find(place => Object.hasOwn(place, query.name))?.[query.name]
    return known === undefined ? query : { ...query, identity: [...known.columns].sort() }
  })
}

interface PatternRow {
  readonly id: number
  readonly tests: readonly ValueTest[]
}

/** Collects a baseline's rows as items of the fleet, then finds the row that each of the fleet's items matches. */
function baselineRows(fleet: Fleet) {
  const items: Item[] = [...fleet.items]
  /** The baseline's rows that are not patterns. */
  const literal = new Set<number>()
  /** By query. */
  const patterns = new Map<number, PatternRow[]>()
  /** Queries in whose rows a secret is hidden. */
  const redacted = new Set<number>()
  const key = ({ query, columns, values }: Item) =>
    itemKey(query, fleet.queries[query]?.identity === null ? columns : null, values)
  const ids = new Map(items.map((item, id) => [key(item), id]))

  /** @param mayRedact whether the row is one of few, or on several hosts */
  function matchOf(item: Item, id: number, mayRedact: (item: Item, id: number) => boolean): number {
    if (literal.has(id)) return id
    const isRedacted = redacted.has(item.query) && mayRedact(item, id)
    const values = isRedacted ? redactRow(item.columns, item.values) : item.values
    const sameRedacted = ids.get(key({ ...item, values }))
    if (sameRedacted !== undefined && literal.has(sameRedacted)) return sameRedacted
    const pattern = patterns
      .get(item.query)
      ?.find(({ tests }) => tests.every((test, at) => test.test(values[at] ?? '')))
    return pattern?.id ?? id
  }
  return {
    items: items as readonly Item[],
    /** Adds a row of the baseline and returns the id of its item. */
    add(item: Item): number {
      const id = ids.get(key(item)) ?? items.push(item) - 1
      ids.set(key(item), id)
      if (item.values.some(isPattern)) {
        const list = patterns.get(item.query) ?? []
        if (!list.some(pattern => pattern.id === id)) list.push({ id, tests: item.values.map(patternOf) })
        patterns.set(item.query, list)
      } else literal.add(id)
      if (item.values.some(hidesSecret)) redacted.add(item.query)
      return id
    },
    /** By item of the fleet: the baseline's row that it matches with its secrets hidden, else itself. */
    match(): Int32Array | null {
      if (patterns.size + redacted.size === 0) return null
      const mayRedact = redacted.size > 0 ? redactionBudget(fleet) : () => false
      return Int32Array.from(fleet.items, (item, id) => matchOf(item, id, mayRedact))
    }
  }
}

/** Characters in rows of one host alone that are searched for secrets; beyond, its rows stay new ones. */
const MAX_REDACTED = 512 * 1024

/** Whether an item may still be searched for secrets. What several hosts have always may: no host spends for another. */
function redactionBudget({ items, hosts }: Fleet): (item: Item, id: number) => boolean {
  /** By item: the number of the only host that has it; −1: several have it. */
  const owner = new Int32Array(items.length).fill(hosts.length)
  for (const [host, { items: ids }] of hosts.entries())
    for (const id of ids) owner[id] = owner[id] === hosts.length ? host : -1
  const spent = new Float64Array(hosts.length)
  return ({ values }, id) => {
    const host = owner[id] ?? -1
    if (host < 0 || host >= hosts.length) return true
    spent[host] = (spent[host] ?? 0) + values.reduce((sum, value) => sum + value.length, 0)
    return (spent[host] ?? 0) <= MAX_REDACTED
  }
}

/** The positions in the baseline's columns of the query's identity columns; `null`: they are not the same set. */
function columnOrder(asked: Query, query: BaselineQuery): number[] | null {
  const wanted = asked.identity ?? [...query.columns].sort()
  if (wanted.length !== query.columns.length) return null
  const order = wanted.map(column => query.columns.indexOf(column))
  return order.includes(-1) ? null : order
}

/** @param order positions in the baseline's columns, in the item's order */
function itemOfRow(
  index: number,
  query: BaselineQuery,
  row: readonly string[],
  order: readonly number[]
): Item {
  return {
    query: index,
    columns: order.map(at => query.columns[at] ?? ''),
    values: order.map(at => canonical(query.columns[at] ?? '', row[at] ?? ''))
  }
}

function replaceItems(hosts: readonly FleetHost[], matchedItem: Int32Array): FleetHost[] {
  return hosts.map(host => {
    const mapped = new Set<number>()
    for (const id of host.items) mapped.add(matchedItem[id] ?? id)
    return { ...host, items: Int32Array.from(mapped).sort() }
  })
}

/** A host belongs to the role with which it shares most rows; in a tie, to the first by label. */
function nearestRole(host: FleetHost, roles: readonly Expectation[]): Expectation {
  let nearest = roles[0]
  let mostShared = -1
  for (const role of roles) {
    let shared = 0
    for (const id of host.items) if (role.required.has(id) || role.optional.has(id)) shared++
    if (shared > mostShared) {
      mostShared = shared
      nearest = role
    }
  }
  if (nearest === undefined) throw new Error('a baseline has at least one role')
  return nearest
}

const columnsNotice = (query: string): string =>
  `The baseline's columns of ${query} are not those of its pack: this query was not compared with the baseline.`

function roleNotice(byHost: readonly Expectation[]): string[] {
  const sizes = new Map<string, number>()
  for (const { role } of byHost) if (role !== null) sizes.set(role, (sizes.get(role) ?? 0) + 1)
  if (sizes.size === 0) return []
  const roles = [...sizes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([role, size]) => `${role} (${size})`)
  return [
    `Hosts by role of the baseline, each in the role with which it shares most rows: ${roles.join(', ')}.`
  ]
}
