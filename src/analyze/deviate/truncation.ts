import type { Fleet } from '../../normalize/fleet.ts'
import type { ClusteredFleet } from '../clustered-fleet.ts'
import type { Draft } from '../findings/draft.ts'
import { draftOf } from '../findings/draft-from-deviations.ts'
import { weightOfQuery } from '../score/table-weight.ts'
import type { Deviation, HostDeviation } from './deviations.ts'

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
 * Takes out of a host's deviations the rows of every query that lost many at once and gained hardly any: a short answer
 * is a matter of coverage, not so many missing rows. Not where a missing row is a stopped protection or a matter of
 * integrity. `usual`: by query, the usual rows of the host's cluster.
 */
export function takeShortAnswers(
  fleet: Fleet,
  host: number,
  deviations: readonly HostDeviation[],
  usual: Int32Array
): { readonly kept: readonly HostDeviation[]; readonly losses: readonly ShortAnswer[] } {
  if (deviations.every(({ kind }) => kind !== 'missing')) return { kept: deviations, losses: [] }
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
  const losses: ShortAnswer[] = []
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

/** Hosts whose answer to a query is short in the same way: told low, for coverage. */
export function shortAnswers(scene: ClusteredFleet, losses: readonly ShortAnswer[]): Draft[] {
  const alike = Map.groupBy(losses, ({ query, items }) => `${query}:${items.join()}`)
  return [...alike.values()].map(same => {
    const hosts = same.map(({ host }) => host).sort((a, b) => a - b)
    const { query, items, usual } = same[0] ?? { query: -1, items: [], usual: 0 }
    const rows = items.map(
      (item): Deviation => ({ kind: 'missing', item, expected: -1, baseline: 'none', common: false, hosts })
    )
    const name = scene.fleet.queries[query]?.name ?? ''
    return draftOf(scene, rows, hosts, {
      verdict: 'missing',
      severity: 'low',
      surprise: 0,
      explanation: `${items.length} of ${usual} usual rows of ${name} are missing at once on ${hosts.length} ${hosts.length === 1 ? 'host' : 'hosts'}: the answer may have been cut, or the rows were removed; ask again before trusting what it says of ${name}.`
    })
  })
}
