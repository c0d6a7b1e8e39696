import type { ClusteredFleet } from '../clustered-fleet.ts'

/** What the pack's own queries for protections say of other rows. */
export interface Protections {
  /** The pack asks for the unit that a row is about. */
  isAskedFor(item: number): boolean
  /** That unit runs on all these hosts, says the pack's own query. */
  isRunning(item: number, hosts: readonly number[]): boolean
}

/** Names of units in the SQL of the pack's queries for protections, without their ending. O(distinct rows). */
export function protections({ fleet }: ClusteredFleet): Protections {
  const names = new Set<string>()
  for (const query of fleet.queries)
    if (query.control)
      for (const [, name = ''] of query.sql.matchAll(/'([\w@.-]{3,60})\.(?:service|timer|socket)'/g))
        names.add(name)
  if (names.size === 0) return { isAskedFor: () => false, isRunning: () => false }
  const running = runningUnits(fleet, names)
  const nameOf = (id: number): string | undefined =>
    (fleet.items[id]?.values ?? [])
      .flatMap(value => value.slice(0, 1_000).split('/'))
      .map(withoutEnding)
      .find(part => names.has(part))
  return {
    isAskedFor: item => nameOf(item) !== undefined,
    isRunning: (item, hosts) => {
      const units = running.get(nameOf(item) ?? '') ?? []
      return hosts.every(host => units.some(unit => fleet.hosts[host]?.items.includes(unit)))
    }
  }
}

/** By name: the rows of queries for protections that say that the unit runs. */
function runningUnits(
  fleet: ClusteredFleet['fleet'],
  names: ReadonlySet<string>
): ReadonlyMap<string, readonly number[]> {
  const running = new Map<string, number[]>()
  for (const [id, { query, columns, values }] of fleet.items.entries()) {
    if (fleet.queries[query]?.control !== true || values[columns.indexOf('state')] !== 'running') continue
    const name = values.map(withoutEnding).find(part => names.has(part))
    if (name !== undefined) running.set(name, [...(running.get(name) ?? []), id])
  }
  return running
}

const withoutEnding = (text: string): string => text.replace(/\.(?:service|timer|socket)$/, '')
