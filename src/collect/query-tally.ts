import type { Query } from '../osquery/pack.ts'
import { type HostRecord, hasRows } from '../snapshot/snapshot.ts'
import { count } from '../text/phrases.ts'
import { sanitize } from '../text/sanitize.ts'

/** Fewer hosts than this say nothing about a query. */
const MIN_HOSTS = 2
/** So many queries are named. */
const MAX_NOTICES = 5
const MAX_QUOTED = 160

/**
 * Finds the queries that no host answered, and that all hosts failed alike: the pack is at fault, not the hosts. A table
 * that no host has is not a fault where the pack names the platforms of the query, or the version of one that accuses
 * nobody. Hosts whose osquery is too old say nothing about a pack.
 */
export function queryTally(queries: readonly Query[]) {
  const failures = new Map<string, { hosts: number; details: Set<string> }>()
  const answered = new Set<string>()
  return {
    add({ queries: results, code }: HostRecord): void {
      if (code === 'old-osquery') return
      for (const { name, platforms, version, weight } of queries) {
        const result = results[name]
        if (result === undefined || answered.has(name)) continue
        if (hasRows(result) || result.status === 'timeout' || result.status === 'truncated')
          answered.add(name)
        const isNamed = platforms.length > 0 || (version !== undefined && weight === 'context')
        if (result.status === 'unsupported' && isNamed) continue
        const failure = failures.get(name) ?? { hosts: 0, details: new Set() }
        failures.set(name, failure)
        failure.hosts++
        if (failure.details.size < 2) failure.details.add(result.detail ?? '')
      }
    },
    /** One sentence for each such query. */
    notices(): string[] {
      return [...failures]
        .filter(
          ([name, { hosts, details }]) => !answered.has(name) && hosts >= MIN_HOSTS && details.size === 1
        )
        .slice(0, MAX_NOTICES)
        .map(([name, { hosts, details }]) => {
          const [detail = ''] = details
          const words = detail === '' ? '' : ` osquery says: ${sanitize(detail, MAX_QUOTED)}`
          return `The query ${name} failed alike on all ${count(hosts, 'host')} that ran it: check its pack.${words}`
        })
    }
  }
}
