import { type Counts, countItems } from '../analyze/counts.ts'
import { coversHost, coversItem } from '../analyze/findings/acceptances.ts'
import type { Acceptance, Baseline } from '../baseline/baseline.ts'
import { type BaselineMatch, type Expectation, matchBaseline } from '../baseline/match.ts'
import { type Fleet, type Item, itemKey } from '../normalize/fleet.ts'

/** Two versions of a baseline and the fleet that both are judged on. */
export interface Change {
  readonly fleet: Fleet
  /** As the old version sees them, on which the new one has no say. */
  readonly clusters: readonly GuardedCluster[]
  /** `null`: there was none. */
  readonly older: Baseline | null
  readonly newer: Baseline
  /** YYYY-MM-DD. */
  readonly today: string
}

export interface GuardedCluster {
  readonly id: string
  /** Indices into the fleet's hosts. */
  readonly hosts: readonly number[]
  /** The hosts of which half must have a row: the cluster itself, or those that it came apart from. */
  readonly reference: readonly number[]
}

/** A row that the new version takes for good on hosts of one cluster, and the old one does not. */
export interface Approval {
  readonly kind: 'unexpected' | 'missing'
  readonly item: Item
  /** Its id; `null`: no host has it, in no cluster. */
  readonly cluster: string | null
  /** Hosts that show it, or that lack it when it is missing; indices, ascending. */
  readonly hosts: readonly number[]
  /** By host: the old version's acceptance that covers it there. */
  readonly accepted: ReadonlyMap<number, Acceptance>
  /** How many of the reference hosts have it (lack it, when it is missing). */
  readonly having: number
  /** On how many of them its query was observed. */
  readonly observed: number
  /** Nothing shows it today: the new version only makes room for it. */
  readonly foreseen?: true
}

/**
 * All that a new version of a baseline blesses: rows made known or newly accepted, rows that are no longer judged, and
 * required rows whose absence is taken for good, host by host. A pattern counts as one row, but in tables of integrity
 * each text that it lets through counts for itself. O(items of all hosts + baseline rows).
 */
export function findApprovals(change: Change, views: Views): Approval[] {
  const { fleet, clusters } = change
  const ids = new Map(fleet.items.map((item, id) => [keyOf(item), id]))
  const shown = clusters.flatMap(cluster => {
    const counts = countItems(fleet, cluster.reference)
    const found = new Map<number | string, Found>()
    const tell: Tell = (kind, key, item, host, by) => {
      let known = found.get(key)
      if (known === undefined) {
        known = { kind, item, hosts: [], accepted: new Map() }
        found.set(key, known)
      }
      // Hosts come one after the other, and a pattern may stand for several rows of one.
      if (known.hosts.at(-1) !== host) known.hosts.push(host)
      if (by !== null) known.accepted.set(host, by)
    }
    const protections = usualProtections(fleet, counts)
    for (const host of cluster.hosts) {
      blessedRows(views, fleet, host, tell)
      excusedRows(views, fleet, host, protections, tell)
    }
    return [...found.values()].map(blessing => ({
      ...blessing,
      cluster: cluster.id,
      having: havingOf(blessing, counts, ids),
      observed: counts.observed[blessing.item.query] ?? 0
    }))
  })
  return [...shown, ...unseenRows(views, change)]
}

interface Found {
  readonly kind: Approval['kind']
  readonly item: Item
  readonly hosts: number[]
  readonly accepted: Map<number, Acceptance>
}

/** @param key the item that is blessed, or the text of a missing one */
type Tell = (
  kind: Approval['kind'],
  key: number | string,
  item: Item,
  host: number,
  by: Acceptance | null
) => void

/** A row that stands for one text is counted wherever it is, a pattern where it was let through anew. */
function havingOf({ kind, item, hosts }: Found, { items }: Counts, ids: ReadonlyMap<string, number>): number {
  const id = kind === 'missing' ? undefined : ids.get(keyOf(item))
  return Math.max(hosts.length, id === undefined ? 0 : (items[id] ?? 0))
}

/** Both versions of a baseline as one fleet sees them. */
export interface Views {
  readonly older: View
  readonly newer: View
}

export function viewsOf({ fleet, older, newer, today }: Change): Views {
  return { older: viewOf(older, fleet, today), newer: viewOf(newer, fleet, today) }
}

interface View {
  readonly expected: BaselineMatch | null
  /** Acceptances that hold today. */
  readonly accept: readonly Acceptance[]
  readonly required: ReadonlyMap<Expectation, ReadonlyMap<string, Item>>
}

function viewOf(baseline: Baseline | null, fleet: Fleet, today: string): View {
  const expected = baseline === null ? null : matchBaseline(baseline, fleet)
  const required = new Map<Expectation, Map<string, Item>>()
  for (const expectation of expected?.roles ?? []) {
    const items = [...expectation.required].flatMap(id => expected?.fleet.items[id] ?? [])
    required.set(expectation, new Map(items.map(item => [keyOf(item), item])))
  }
  return {
    expected,
    accept: (baseline?.accept ?? []).filter(acceptance => acceptance.expires >= today),
    required
  }
}

export const keyOf = ({ query, columns, values }: Item): string => itemKey(query, columns, values)

function acceptedBy({ accept }: View, fleet: Fleet, item: Item, host: number): Acceptance | null {
  const id = fleet.hosts[host]?.id ?? ''
  return accept.find(acceptance => coversItem(acceptance, fleet, item) && coversHost(acceptance, id)) ?? null
}

type Judgment = 'known' | 'new' | 'unjudged'

/** What a baseline says of an item on a host, and the item that it takes it for. */
function judge({ expected }: View, host: number, id: number, query: number): readonly [Judgment, number] {
  const expectation = expected?.byHost[host]
  const stands = expected?.matchedItem?.[id] ?? id
  if (expectation?.covered[query] !== 1) return ['unjudged', id]
  return [expectation.required.has(stands) || expectation.optional.has(stands) ? 'known' : 'new', stands]
}

function blessedRows({ older, newer }: Views, fleet: Fleet, host: number, tell: Tell): void {
  for (const id of fleet.hosts[host]?.items ?? []) {
    const item = fleet.items[id]
    if (item === undefined) continue
    const [before] = judge(older, host, id, item.query)
    if (before === 'known') continue
    const [after, stands] = judge(newer, host, id, item.query)
    const by = acceptedBy(older, fleet, item, host)
    const blessed =
      after === 'known' ||
      (after === 'unjudged' && before === 'new') ||
      (by === null && acceptedBy(newer, fleet, item, host) !== null)
    if (!blessed) continue
    const whole = after === 'known' && fleet.queries[item.query]?.weight !== 'integrity' ? stands : id
    tell('unexpected', whole, newer.expected?.fleet.items[whole] ?? item, host, by)
  }
}

/** Protections that half of the hosts have or more: what a fleet without a baseline misses. */
function usualProtections({ items, queries }: Fleet, counts: Counts): number[] {
  return [...items.keys()].filter(id => {
    const query = items[id]?.query ?? -1
    return queries[query]?.control === true && (counts.items[id] ?? 0) * 2 >= (counts.observed[query] ?? 0)
  })
}

/** Whether the hosts of a role must have a row. */
export function isRequired({ expected, required }: View, host: number, key: string): boolean {
  const expectation = expected?.byHost[host]
  return expectation !== undefined && required.get(expectation)?.has(key) === true
}

/** Whether a baseline speaks of a query to a host. */
export function isJudged({ expected }: View, host: number, query: number): boolean {
  return expected?.byHost[host]?.covered[query] === 1
}

/**
 * Required rows that a host lacks, and whose absence only the new version takes for good; of a query that only the new
 * one judges, the protections that are usual.
 */
function excusedRows(
  { older, newer }: Views,
  fleet: Fleet,
  host: number,
  protections: readonly number[],
  tell: Tell
): void {
  const expectation = older.expected?.byHost[host]
  const items = older.expected?.fleet.items ?? fleet.items
  const { observed } = fleet.hosts[host] ?? {}
  const present = new Set((older.expected?.fleet ?? fleet).hosts[host]?.items)
  const unjudged = protections.filter(id => {
    const query = fleet.items[id]?.query ?? -1
    return !isJudged(older, host, query) && isJudged(newer, host, query)
  })
  for (const id of [...(expectation?.required ?? []), ...unjudged]) {
    const item = items[id]
    if (item === undefined || present.has(id) || observed?.[item.query] !== 1) continue
    const key = keyOf(item)
    const demanded = isRequired(newer, host, key)
    const by = acceptedBy(older, fleet, item, host)
    if (demanded && (by !== null || acceptedBy(newer, fleet, item, host) === null)) continue
    tell('missing', key, item, host, by)
  }
}

/** Rows of the new version alone that no host of the fleet has: what is blessed before it is there. */
function unseenRows({ older, newer }: Views, { fleet, clusters }: Change): Approval[] {
  const { observed } = countItems(
    fleet,
    clusters.flatMap(cluster => cluster.hosts)
  )
  const seen = new Set<number>()
  for (const host of newer.expected?.fleet.hosts ?? []) for (const id of host.items) seen.add(id)
  const before = new Set([...rowsOf(older).values()].map(keyOf))
  return [...rowsOf(newer)].flatMap(([id, item]) => {
    if (seen.has(id) || before.has(keyOf(item))) return []
    if (
      older.accept.some(acceptance => acceptance.hosts === undefined && coversItem(acceptance, fleet, item))
    )
      return []
    const many = observed[item.query] ?? 0
    return [
      {
        kind: 'unexpected' as const,
        item,
        cluster: null,
        hosts: [],
        accepted: new Map(),
        having: 0,
        observed: many
      }
    ]
  })
}

/** All rows of a baseline, by item. */
export function rowsOf({ expected }: View): Map<number, Item> {
  const rows = new Map<number, Item>()
  for (const { required, optional } of expected?.roles ?? []) {
    for (const id of [...required, ...optional]) {
      const item = expected?.fleet.items[id]
      if (item !== undefined) rows.set(id, item)
    }
  }
  return rows
}
