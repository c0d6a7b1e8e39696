import { coversHost, coversItem } from '../analyze/findings/acceptances.ts'
import type { Acceptance } from '../baseline/baseline.ts'
import type { BaselineMatch, Expectation } from '../baseline/match.ts'
import type { Fleet } from '../normalize/fleet.ts'
import { type Item, itemKey } from '../normalize/items.ts'

/** One version of a baseline under review, as the fleet looks under it. */
export interface BaselineVersion {
  /** `null`: there was no baseline. */
  readonly match: BaselineMatch | null
  /** Acceptances that have not expired. */
  readonly accept: readonly Acceptance[]
  /** By role: its required rows by {@link keyOfItem}. */
  readonly required: ReadonlyMap<Expectation, ReadonlyMap<string, Item>>
}

/** @param today YYYY-MM-DD */
export function baselineVersion(match: BaselineMatch | null, today: string): BaselineVersion {
  const required = new Map<Expectation, Map<string, Item>>()
  for (const expectation of match?.roles ?? []) {
    const items = [...expectation.required].flatMap(id => match?.fleet.items[id] ?? [])
    required.set(expectation, new Map(items.map(item => [keyOfItem(item), item])))
  }
  return {
    match,
    accept: (match?.baseline.accept ?? []).filter(acceptance => acceptance.expires >= today),
    required
  }
}

/** A key that is the same in both versions, in which an item may have different ids. */
export const keyOfItem = ({ query, columns, values }: Item): string => itemKey(query, columns, values)

/** The acceptance that covers an item on a host. */
export function acceptanceOn(
  { accept }: BaselineVersion,
  fleet: Fleet,
  item: Item,
  host: number
): Acceptance | null {
  const id = fleet.hosts[host]?.id ?? ''
  return accept.find(acceptance => coversItem(acceptance, fleet, item) && coversHost(acceptance, id)) ?? null
}

/** Whether an acceptance covers an item on every host. */
export function isAcceptedEverywhere({ accept }: BaselineVersion, fleet: Fleet, item: Item): boolean {
  return accept.some(acceptance => acceptance.hosts === undefined && coversItem(acceptance, fleet, item))
}

/** `unjudged`: the baseline does not cover the query on this host. */
export type RowStatus = 'known' | 'new' | 'unjudged'

/** The status of an item on a host, and the id of the baseline's row that it matches, else its own. */
export function rowStatus(
  { match }: BaselineVersion,
  host: number,
  id: number,
  query: number
): readonly [RowStatus, number] {
  const expectation = match?.byHost[host]
  if (expectation?.covered[query] !== 1) return ['unjudged', id]
  const matched = match?.matchedItem?.[id] ?? id
  return [expectation.required.has(matched) || expectation.optional.has(matched) ? 'known' : 'new', matched]
}

/** Whether a host must have a row. */
export function isRequired({ match, required }: BaselineVersion, host: number, key: string): boolean {
  const expectation = match?.byHost[host]
  return expectation !== undefined && required.get(expectation)?.has(key) === true
}

/** Whether the baseline covers a query on a host. */
export function isJudged({ match }: BaselineVersion, host: number, query: number): boolean {
  return match?.byHost[host]?.covered[query] === 1
}

/** All rows of the baseline, by item id. */
export function rowsOf({ match }: BaselineVersion): Map<number, Item> {
  const rows = new Map<number, Item>()
  for (const { required, optional } of match?.roles ?? []) {
    for (const id of [...required, ...optional]) {
      const item = match?.fleet.items[id]
      if (item !== undefined) rows.set(id, item)
    }
  }
  return rows
}

/** Whether the baseline knows an item on the hosts of some role. */
export function isKnown({ match }: BaselineVersion, id: number): boolean {
  const matched = match?.matchedItem?.[id] ?? id
  return (
    match?.roles.some(({ required, optional }) => required.has(matched) || optional.has(matched)) ?? false
  )
}
