import type { Expectation } from '../baseline/expectation.ts'
import type { Fleet, FleetHost, Item } from '../normalise/fleet.ts'
import type { Query } from '../osquery/pack.ts'
import type { RowKind } from './finding.ts'

/** A way in which hosts of a cluster deviate from what is expected of them. */
export interface Residual {
  readonly kind: RowKind
  /** The item that is there, or, for a missing row, the one that should be. */
  readonly item: number
  /** For a changed row, the item that should be there; else −1. */
  readonly expected: number
  readonly baseline: 'new' | 'missing' | 'none'
  /** So many hosts of the cluster share it that it looks like a deploy. */
  readonly common: boolean
  /** Indices into the fleet's hosts, ascending. */
  readonly hosts: readonly number[]
}

/** Up to this share of a cluster may differ and still be called rare (at least one host). */
const RARE_SHARE = 0.15
/** Of fewer hosts nothing is said without a baseline. */
const FEWEST_HOSTS = 3

export const rareLimit = (hosts: number): number => Math.max(1, Math.floor(RARE_SHARE * hosts))

/** How often each item is there, and each query observed, in a cluster. */
export interface Counts {
  readonly items: Int32Array
  readonly observed: Int32Array
}

export function countItems(fleet: Fleet, hosts: readonly number[]): Counts {
  const items = new Int32Array(fleet.items.length)
  const observed = new Int32Array(fleet.queries.length)
  for (const index of hosts) {
    const host = fleet.hosts[index]
    if (host === undefined) continue
    for (const id of host.items) items[id] = (items[id] ?? 0) + 1
    for (const [query, seen] of host.observed.entries()) observed[query] = (observed[query] ?? 0) + seen
  }
  return { items, observed }
}

/**
 * What in a cluster differs from the baseline, or, where that says nothing, from the cluster itself:
 * a row is unexpected where at most 15 % of the hosts have it, missing where at most 15 % lack it.
 * A row whose query declares a cohort (a digest within a package version) is compared within that cohort only.
 * Time O(hosts × (items a host + core items)).
 */
export function residuals(
  fleet: Fleet,
  hosts: readonly number[],
  counts: Counts,
  expectationOf: (host: number) => Expectation | null
): Residual[] {
  const cohorts = countCohorts(fleet, hosts, counts)
  const core = coreItems(fleet, counts)
  const absent = countAbsent(fleet, hosts, expectationOf)
  const found = new Map<string, Residual & { hosts: number[] }>()
  const tell = (host: number, residual: Omit<Residual, 'hosts'>) => {
    const key = `${residual.kind},${residual.item},${residual.expected},${residual.baseline},${residual.common}`
    const known = found.get(key)
    if (known === undefined) found.set(key, { ...residual, hosts: [host] })
    else known.hosts.push(host)
  }
  for (const index of hosts) {
    const host = fleet.hosts[index]
    if (host === undefined) continue
    const expectation = expectationOf(index)
    const extra = extraOf(fleet, host, counts, cohorts, expectation)
    const lacking = lackingOf(fleet, host, counts, core, absent, expectation)
    for (const residual of pairChanges(fleet, cohorts, extra, lacking)) tell(index, residual)
  }
  return [...found.values()]
}

type Lone = Omit<Residual, 'hosts'>

function extraOf(
  fleet: Fleet,
  host: FleetHost,
  counts: Counts,
  cohorts: Cohorts,
  expectation: Expectation | null
): Lone[] {
  const extra: Lone[] = []
  for (const id of host.items) {
    const item = fleet.items[id]
    if (item === undefined) continue
    const cohort = cohorts.of(id)
    const observed = counts.observed[item.query] ?? 0
    const limit = rareLimit(cohort?.hosts ?? observed)
    const count = counts.items[id] ?? 0
    const judged =
      expectation?.covered[item.query] === 1 && (cohort === null || cohorts.expects(expectation, id))
    if (judged) {
      if (expectation.required.has(id) || expectation.optional.has(id)) continue
      extra.push({ kind: 'unexpected', item: id, expected: -1, baseline: 'new', common: count > limit })
    } else if (
      count <= limit &&
      (cohort?.hosts ?? observed) >= FEWEST_HOSTS &&
      count < (cohort?.hosts ?? observed)
    ) {
      extra.push({ kind: 'unexpected', item: id, expected: -1, baseline: 'none', common: false })
    }
  }
  return extra
}

function lackingOf(
  fleet: Fleet,
  host: FleetHost,
  counts: Counts,
  core: readonly number[],
  absent: ReadonlyMap<number, number>,
  expectation: Expectation | null
): Lone[] {
  const present = new Set(host.items)
  const replaced = cohortlessKeys(fleet, host)
  const lacking: Lone[] = []
  const check = (id: number, judged: boolean) => {
    const item = fleet.items[id]
    if (item === undefined || present.has(id) || host.observed[item.query] !== 1) return
    if ((expectation?.covered[item.query] === 1) !== judged) return
    const query = fleet.queries[item.query]
    if (query !== undefined && query.cohort.length > 0 && replaced.has(cohortlessKey(query, item))) return
    const common = judged && (absent.get(id) ?? 0) > rareLimit(counts.observed[item.query] ?? 0)
    lacking.push({ kind: 'missing', item: id, expected: -1, baseline: judged ? 'missing' : 'none', common })
  }
  for (const id of core) check(id, false)
  for (const id of expectation?.required ?? []) check(id, true)
  return lacking
}

/** Items that all hosts of the cluster have but for a rare few. */
function coreItems(fleet: Fleet, counts: Counts): number[] {
  const core: number[] = []
  for (const [id, item] of fleet.items.entries()) {
    const observed = counts.observed[item.query] ?? 0
    if (observed >= FEWEST_HOSTS && (counts.items[id] ?? 0) >= observed - rareLimit(observed)) core.push(id)
  }
  return core
}

/** By required item: the hosts of the cluster that lack it though its query was observed. */
function countAbsent(
  fleet: Fleet,
  hosts: readonly number[],
  expectationOf: (host: number) => Expectation | null
): Map<number, number> {
  const absent = new Map<number, number>()
  for (const index of hosts) {
    const host = fleet.hosts[index]
    const expectation = expectationOf(index)
    if (host === undefined || expectation === null) continue
    const present = new Set(host.items)
    for (const id of expectation.required) {
      const query = fleet.items[id]?.query
      if (query === undefined || host.observed[query] !== 1 || present.has(id)) continue
      absent.set(id, (absent.get(id) ?? 0) + 1)
    }
  }
  return absent
}

interface Cohorts {
  /** The cohort of an item; `null` where its query declares none. */
  of(item: number): { readonly hosts: number; readonly majority: number } | null
  /** Whether an expectation speaks of the item's cohort. */
  expects(expectation: Expectation, item: number): boolean
}

function countCohorts(fleet: Fleet, hosts: readonly number[], counts: Counts): Cohorts {
  const keys = new Map<number, string>()
  for (const [id, item] of fleet.items.entries()) {
    const query = fleet.queries[item.query]
    if (query !== undefined && query.cohort.length > 0) keys.set(id, keyWithout(item, query.changes))
  }
  const cohorts = new Map<string, { hosts: number; majority: number }>()
  for (const index of hosts) {
    const own = new Set<string>()
    for (const id of fleet.hosts[index]?.items ?? []) {
      const key = keys.get(id)
      if (key === undefined) continue
      const cohort = cohorts.get(key) ?? { hosts: 0, majority: id }
      if (!own.has(key)) cohort.hosts++
      own.add(key)
      if ((counts.items[id] ?? 0) > (counts.items[cohort.majority] ?? 0)) cohort.majority = id
      cohorts.set(key, cohort)
    }
  }
  const expected = new Map<Expectation, Set<string>>()
  return {
    of: id => cohorts.get(keys.get(id) ?? '') ?? null,
    expects(expectation, id) {
      let known = expected.get(expectation)
      if (known === undefined) {
        known = new Set()
        for (const rows of [expectation.required, expectation.optional]) {
          for (const row of rows) known.add(keys.get(row) ?? '')
        }
        expected.set(expectation, known)
      }
      return known.has(keys.get(id) ?? '')
    }
  }
}

/** An extra row and a lacking one of the same query that differ in nothing but its changeable columns are one change. */
function pairChanges(
  fleet: Fleet,
  cohorts: Cohorts,
  extra: readonly Lone[],
  lacking: readonly Lone[]
): Lone[] {
  const byKey = new Map<string, number[]>()
  for (const [at, residual] of lacking.entries()) {
    for (const key of changeKeys(fleet, residual.item)) byKey.set(key, [...(byKey.get(key) ?? []), at])
  }
  const used = new Set<number>()
  const result: Lone[] = []
  for (const residual of extra) {
    const partner = changeKeys(fleet, residual.item)
      .map(key => (byKey.get(key) ?? []).filter(at => !used.has(at)))
      .find(candidates => candidates.length === 1)?.[0]
    const lost = partner === undefined ? undefined : lacking[partner]
    if (partner !== undefined && lost !== undefined) {
      used.add(partner)
      result.push({ ...residual, kind: 'changed', expected: lost.item })
      continue
    }
    const cohort = cohorts.of(residual.item)
    const majority = cohort !== null && cohort.majority !== residual.item ? cohort.majority : -1
    result.push(majority >= 0 ? { ...residual, kind: 'changed', expected: majority } : residual)
  }
  for (const [at, residual] of lacking.entries()) if (!used.has(at)) result.push(residual)
  return result
}

/** What stays the same when a row changes: all but the columns declared changeable, else all but one column each. */
function changeKeys(fleet: Fleet, id: number): string[] {
  const item = fleet.items[id]
  const query = item === undefined ? undefined : fleet.queries[item.query]
  if (item === undefined || query === undefined || item.columns.length < 2) return []
  if (query.changes.length > 0) return [keyWithout(item, query.changes)]
  return item.columns.map(column => `${column}=${keyWithout(item, [column])}`)
}

export function keyWithout(item: Item, columns: readonly string[]): string {
  const kept = item.values.map((value, at) => (columns.includes(item.columns[at] ?? '') ? null : value))
  return `${item.query}${JSON.stringify(kept)}`
}

function cohortlessKey(query: Query, item: Item): string {
  return keyWithout(item, [...query.changes, ...query.cohort])
}

function cohortlessKeys(fleet: Fleet, host: FleetHost): Set<string> {
  const keys = new Set<string>()
  for (const id of host.items) {
    const item = fleet.items[id]
    const query = item === undefined ? undefined : fleet.queries[item.query]
    if (item !== undefined && query !== undefined && query.cohort.length > 0)
      keys.add(cohortlessKey(query, item))
  }
  return keys
}
