import { hashText } from '../lib/fnv1a.ts'
import type { Query } from '../osquery/pack.ts'
import { inferIdentity, projected } from './foreign.ts'
import { itemTable, type NumberedItems, numberItems } from './items.ts'

/**
 * Infers the columns that identify the rows of foreign queries in this fleet, and merges the items that are equal in
 * these columns.
 * @param hostIds in the order of the hosts
 */
export function resolveForeignQueries(
  queries: readonly Query[],
  numbered: NumberedItems,
  hostIds: readonly string[]
): { readonly queries: readonly Query[]; readonly numbered: NumberedItems } {
  const resolved = queries.map((query, index) =>
    query.identity === null ? withInferredIdentity(query, index, numbered, hostIds) : query
  )
  const isChanged = resolved.some((query, index) => query !== queries[index])
  return { queries: resolved, numbered: isChanged ? mergeItems(numbered, resolved, queries) : numbered }
}

/** The query with its identity columns; unchanged if no host has a row of it. */
function withInferredIdentity(
  query: Query,
  index: number,
  { items, hosts }: NumberedItems,
  hostIds: readonly string[]
): Query {
  const first = items.findIndex(item => item.query === index)
  if (first < 0) return query
  const next = items.findIndex(item => item.query > index)
  const end = next < 0 ? items.length : next
  // By a hash of their ids: a sample that nobody chooses and that does not depend on the order of the hosts.
  const sample = [...hosts.keys()]
    .sort((a, b) => hashText(hostIds[a] ?? '') - hashText(hostIds[b] ?? '') || a - b)
    .flatMap(host => {
      const ids = (hosts[host] ?? new Int32Array()).filter(id => id >= first && id < end)
      return ids.length === 0 ? [] : [Array.from(ids, id => items[id]).filter(item => item !== undefined)]
    })
  return { ...query, identity: inferIdentity(sample) }
}

function mergeItems(
  { items, hosts }: NumberedItems,
  resolved: readonly Query[],
  queries: readonly Query[]
): NumberedItems {
  const table = itemTable()
  const merged = Int32Array.from(items, item => {
    const identity = resolved[item.query]?.identity
    const isInferred = identity !== queries[item.query]?.identity && identity != null
    return table.idOf(isInferred ? projected(item, identity) : item, false)
  })
  return numberItems(
    table.items,
    hosts.map(ids => Int32Array.from(new Set(ids.map(id => merged[id] ?? 0))))
  )
}
