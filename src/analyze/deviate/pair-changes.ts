import type { Fleet } from '../../normalize/fleet.ts'
import { queriesOf } from '../counts.ts'
import { type Cohorts, keyWithout } from './cohorts.ts'
import type { HostDeviation } from './deviation.ts'

/**
 * Joins an unexpected row and a missing one of the same query that differ in nothing but the changeable columns (for a
 * query that declares none: in one column) to one changed row, where exactly one of the `usual` rows fits.
 */
export function changePairer(fleet: Fleet, cohorts: Cohorts, usual: readonly number[]) {
  const queries = queriesOf(fleet)
  /** The keys of usual rows, which many hosts lack; those of what hosts have are as many as the rows, and not kept. */
  const keys = new Map<number, readonly string[]>()
  const keysOf = (item: number): readonly string[] => keys.get(item) ?? changeKeys(fleet, item)
  for (const item of usual) keys.set(item, changeKeys(fleet, item))
  const fitting = new Map<string, number>()
  for (const item of usual) for (const key of keysOf(item)) fitting.set(key, (fitting.get(key) ?? 0) + 1)
  return (extra: readonly HostDeviation[], lacking: readonly HostDeviation[]): HostDeviation[] => {
    if (extra.length === 0) return [...lacking]
    const byKey = new Map<string, number[]>()
    const lackingIn = new Set<number>()
    for (const { item } of lacking) lackingIn.add(queries[item] ?? -1)
    for (const [at, { item }] of lacking.entries())
      for (const key of keysOf(item)) byKey.set(key, [...(byKey.get(key) ?? []), at])
    const used = new Set<number>()
    const result: HostDeviation[] = []
    for (const deviation of extra) {
      const partner = !lackingIn.has(queries[deviation.item] ?? -1)
        ? undefined
        : keysOf(deviation.item)
            .filter(key => (fitting.get(key) ?? 0) <= 1)
            .map(key => (byKey.get(key) ?? []).filter(at => !used.has(at)))
            .find(candidates => candidates.length === 1)?.[0]
      const lost = partner === undefined ? undefined : lacking[partner]
      if (partner !== undefined && lost !== undefined) {
        used.add(partner)
        result.push({ ...deviation, kind: 'changed', expected: lost.item })
        continue
      }
      const cohort = cohorts.of[deviation.item] ?? -1
      const majority = cohort < 0 ? -1 : (cohorts.majority[cohort] ?? -1)
      result.push(
        majority >= 0 && majority !== deviation.item
          ? { ...deviation, kind: 'changed', expected: majority }
          : deviation
      )
    }
    for (const [at, deviation] of lacking.entries()) if (!used.has(at)) result.push(deviation)
    return result
  }
}

/** What stays the same when a row changes. */
function changeKeys(fleet: Fleet, id: number): string[] {
  const item = fleet.items[id]
  const query = item === undefined ? undefined : fleet.queries[item.query]
  if (item === undefined || query === undefined || item.columns.length < 2) return []
  if (query.changes.length > 0) return [keyWithout(item, query.changes)]
  return item.columns.map((column, at) => `${at}${keyWithout(item, [column])}`)
}
