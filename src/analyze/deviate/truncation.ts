import type { Fleet } from '../../normalize/fleet.ts'
import { weightOfQuery } from '../table-weight.ts'
import type { HostDeviation } from './deviation.ts'

/** A host whose answer to a query lacks so many usual rows that the answer, rather than the host, looks short. */
export interface ShortAnswer {
  readonly host: number
  readonly query: number
  readonly items: readonly number[]
  /** Usual rows of the query in the host's cluster. */
  readonly usual: number
}

const isMass = (lost: number, usual: number): boolean =>
  (lost >= 3 && lost >= 0.5 * usual) || (lost >= 6 && lost >= 0.15 * usual)

/**
 * Removes from a host's deviations the rows of every query that lost many at once and gained hardly any: a short answer
 * is a matter of coverage, not so many missing rows. Queries of protections and integrity tables keep theirs. `usual`: by query, the usual rows of the host's cluster.
 */
export function takeShortAnswers(
  fleet: Fleet,
  host: number,
  deviations: readonly HostDeviation[],
  usual: Int32Array
): { readonly kept: readonly HostDeviation[]; readonly shortAnswers: readonly ShortAnswer[] } {
  if (deviations.every(({ kind }) => kind !== 'missing')) return { kept: deviations, shortAnswers: [] }
  const missing = new Map<number, number[]>()
  const other = new Map<number, number>()
  for (const { kind, item } of deviations) {
    const query = fleet.items[item]?.query ?? -1
    if (kind === 'missing') {
      const items = missing.get(query)
      if (items === undefined) missing.set(query, [item])
      else items.push(item)
    } else other.set(query, (other.get(query) ?? 0) + 1)
  }
  const shortAnswers: ShortAnswer[] = []
  for (const [index, items] of missing) {
    const query = fleet.queries[index]
    if (query === undefined || query.control || weightOfQuery(query) === 'integrity') continue
    if ((other.get(index) ?? 0) * 4 > items.length || !isMass(items.length, usual[index] ?? 0)) continue
    shortAnswers.push({ host, query: index, items, usual: usual[index] ?? 0 })
  }
  if (shortAnswers.length === 0) return { kept: deviations, shortAnswers }
  const lost = new Set(shortAnswers.map(({ query }) => query))
  return {
    kept: deviations.filter(
      ({ kind, item }) => kind !== 'missing' || !lost.has(fleet.items[item]?.query ?? -1)
    ),
    shortAnswers
  }
}
