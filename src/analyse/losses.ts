import type { Fleet } from '../normalise/fleet.ts'
import type { Deviation } from './residuals.ts'
import { weightOfQuery } from './weights.ts'

/** A host whose answer to a query lacks so many usual rows that the answer, rather than the host, looks short. */
export interface Loss {
  readonly host: number
  readonly query: number
  readonly items: readonly number[]
  /** Usual rows of the query in the host's cluster. */
  readonly usual: number
}

const isMass = (lost: number, usual: number): boolean =>
  (lost >= 3 && lost >= 0.5 * usual) || (lost >= 6 && lost >= 0.15 * usual)

/**
 * Takes out of a host's deviations the rows of every query that lost many at once and gained hardly any: a short answer
 * is a matter of coverage, not so many missing rows. Not where a missing row is a stopped protection or a matter of
 * integrity. `usual`: by query, the usual rows of the host's cluster.
 */
export function takeLosses(
  fleet: Fleet,
  host: number,
  deviations: readonly Deviation[],
  usual: Int32Array
): { readonly kept: readonly Deviation[]; readonly losses: readonly Loss[] } {
  const missing = new Map<number, number[]>()
  const other = new Map<number, number>()
  for (const { kind, item } of deviations) {
    const query = fleet.items[item]?.query ?? -1
    if (kind === 'missing') missing.set(query, [...(missing.get(query) ?? []), item])
    else other.set(query, (other.get(query) ?? 0) + 1)
  }
  const losses: Loss[] = []
  for (const [index, items] of missing) {
    const query = fleet.queries[index]
    if (query === undefined || query.control || weightOfQuery(query) === 'integrity') continue
    if ((other.get(index) ?? 0) * 4 > items.length || !isMass(items.length, usual[index] ?? 0)) continue
    losses.push({ host, query: index, items, usual: usual[index] ?? 0 })
  }
  if (losses.length === 0) return { kept: deviations, losses }
  const lost = new Set(losses.map(({ query }) => query))
  return {
    kept: deviations.filter(
      ({ kind, item }) => kind !== 'missing' || !lost.has(fleet.items[item]?.query ?? -1)
    ),
    losses
  }
}
