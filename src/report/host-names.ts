import { count } from '../text/phrases.ts'
import { listFirst } from './phrases.ts'
import type { Report } from './report.ts'

/** What is known of the hosts' names. */
export interface HostNames {
  /** The name each host gives itself, by id. */
  readonly byId: ReadonlyMap<string, string | null>
  /** Short names that exactly one host gives itself and that are not the id of any host. */
  readonly unique: ReadonlySet<string>
}

/** Makes a host's words safe for one kind of output, cut to `limit` characters. */
export type Quote = (text: string, limit: number) => string

export function hostNamesOf(report: Report): HostNames {
  const uses = new Map<string, number>()
  for (const { id, name } of report.hosts) {
    const short = shortName(id, name)
    if (short !== null) uses.set(short, (uses.get(short) ?? 0) + 1)
    uses.set(id, (uses.get(id) ?? 0) + 2)
  }
  return {
    byId: new Map(report.hosts.map(host => [host.id, host.name])),
    unique: new Set([...uses].filter(([, times]) => times === 1).map(([short]) => short))
  }
}

/** The first label of a host's name, or `null` where it adds nothing to the id. */
function shortName(id: string, name: string | null): string | null {
  const short = name?.split('.', 1)[0]
  return short === undefined || short === '' || short === id ? null : short
}

/** The short name where it is unique, otherwise the id. */
export function briefName(id: string, names: HostNames): string {
  const short = shortName(id, names.byId.get(id) ?? null)
  return short !== null && names.unique.has(short) ? short : id
}

/** `web-07 (i-…)`: the name a host gives itself is never shown without its id. */
function hostLabel(id: string, names: HostNames, quote: Quote): string {
  const short = shortName(id, names.byId.get(id) ?? null)
  return short === null ? quote(id, 64) : `${quote(short, 40)} (${quote(id, 64)})`
}

/** The first `max` hosts by name and id, and how many more. */
export function hostList(ids: readonly string[], names: HostNames, max: number, quote: Quote): string {
  return max === 0 ? count(ids.length, 'host') : listFirst(ids, max, id => hostLabel(id, names, quote))
}

/** {@link hostList} by {@link briefName}, for a place where the ids are listed nearby. */
export function briefHostList(ids: readonly string[], names: HostNames, max: number, quote: Quote): string {
  return max === 0 ? count(ids.length, 'host') : listFirst(ids, max, id => quote(briefName(id, names), 64))
}
