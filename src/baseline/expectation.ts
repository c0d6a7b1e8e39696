import { type Fleet, type FleetHost, type Item, itemKey } from '../normalise/fleet.ts'
import { canonical } from '../normalise/rules.ts'
import type { Query } from '../osquery/pack.ts'
import type { Baseline, BaselineQuery } from './baseline.ts'

/** What a baseline says of the hosts of one role, in item ids. */
export interface Expectation {
  /** The role's label; `null` where the baseline has no roles. */
  readonly role: string | null
  /** By query: 1 where the baseline speaks of it. */
  readonly covered: Uint8Array
  readonly required: ReadonlySet<number>
  readonly optional: ReadonlySet<number>
}

export interface Expected {
  /** The fleet, its items followed by those that only the baseline has; hosts refer to patterns they match. */
  readonly fleet: Fleet
  /** The expectation of each host, in the fleet's order. */
  readonly byHost: readonly Expectation[]
  /** What a reader must know: changed packs, queries that cannot be compared. */
  readonly notices: readonly string[]
}

const LEARNED: Readonly<Record<string, string>> = {
  '<hex>': '[0-9A-Fa-f]{1,128}',
  '<num>': '\\d{1,40}',
  '<uuid>': '[0-9A-Fa-f]{8}[-_][0-9A-Fa-f]{4}[-_][0-9A-Fa-f]{4}[-_][0-9A-Fa-f]{4}[-_][0-9A-Fa-f]{12}',
  '<rand>': '[A-Za-z0-9_-]{1,128}'
}

/**
 * Puts a baseline's rows beside a fleet's items. Equality is by fixed rules and the baseline's own patterns, so that
 * the same host and baseline always agree. O(baseline rows + items × pattern rows of their query).
 */
export function expect(baseline: Baseline, fleet: Fleet): Expected {
  const notices = new Set<string>()
  const items: Item[] = [...fleet.items]
  const ids = new Map<string, number>()
  const keyOf = (item: Item) => {
    const foreign = fleet.queries[item.query]?.identity === null
    return itemKey(item.query, foreign ? item.columns : null, item.values)
  }
  for (const [id, item] of items.entries()) ids.set(keyOf(item), id)
  const patterns = new Map<number, { id: number; columns: readonly string[]; tests: RegExp[] }[]>()

  const idOfRow = (item: Item): number => {
    const key = keyOf(item)
    const known = ids.get(key)
    const id = known ?? items.push(item) - 1
    ids.set(key, id)
    if (item.values.some(isPattern)) {
      const list = patterns.get(item.query) ?? []
      if (!list.some(pattern => pattern.id === id)) {
        list.push({ id, columns: item.columns, tests: item.values.map(patternOf) })
      }
      patterns.set(item.query, list)
    }
    return id
  }

  const roles: (readonly [string | null, Baseline['roles'][string]])[] = Object.entries(baseline.roles)
  if (roles.length === 0) roles.push([null, { queries: {} }])
  const sets = roles.map(([role, { queries: ofRole }]): Expectation => {
    const covered = new Uint8Array(fleet.queries.length)
    const required = new Set<number>()
    const optional = new Set<number>()
    for (const queries of [baseline.queries, ofRole]) {
      for (const [name, query] of Object.entries(queries)) {
        const index = fleet.queries.findIndex(candidate => candidate.name === name)
        const asked = fleet.queries[index]
        if (asked === undefined) {
          notices.add(`The baseline has rows of ${name}, which no pack of this run asks.`)
          continue
        }
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

  const hosts = patterns.size > 0 ? matchPatterns(fleet, patterns) : fleet.hosts
  return {
    fleet: { ...fleet, items, hosts },
    byHost: hosts.map(host => nearest(host, sets)),
    notices: [...notices].sort()
  }
}

/** The positions in the baseline's columns of the query's identity columns; `null` where they are not the same set. */
function columnOrder(asked: Query, query: BaselineQuery): number[] | null {
  const wanted = asked.identity ?? [...query.columns].sort()
  if (wanted.length !== query.columns.length) return null
  const order = wanted.map(column => query.columns.indexOf(column))
  return order.includes(-1) ? null : order
}

function isPattern(value: string): boolean {
  return /(?<!\\)<(?:hex|num|uuid|rand)>/.test(value)
}

function patternOf(value: string): RegExp {
  const parts = value.split(/((?<!\\)<(?:hex|num|uuid|rand)>)/)
  const source = parts.map(part => {
    const literal = part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    const learned = LEARNED[part]
    return learned === undefined ? literal : `(?:${learned}|${part})`
  })
  return new RegExp(`^${source.join('')}$`)
}

function matchPatterns(
  fleet: Fleet,
  patterns: ReadonlyMap<
    number,
    readonly { id: number; columns: readonly string[]; tests: readonly RegExp[] }[]
  >
): FleetHost[] {
  const stands = Int32Array.from(fleet.items, (item, id) => {
    for (const pattern of patterns.get(item.query) ?? []) {
      if (id !== pattern.id && pattern.tests.every((test, at) => test.test(item.values[at] ?? '')))
        return pattern.id
    }
    return id
  })
  return fleet.hosts.map(host => {
    const mapped = new Set<number>()
    for (const id of host.items) mapped.add(stands[id] ?? id)
    return { ...host, items: Int32Array.from(mapped).sort() }
  })
}

/** A host belongs to the role whose rows it shares most; the first in the file where two are equal. */
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
