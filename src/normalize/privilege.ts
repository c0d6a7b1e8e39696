import type { Query } from '../osquery/pack.ts'
import { describeReason } from '../snapshot/reasons.ts'

interface PrivilegedHost {
  readonly id: string
  readonly reason: string | null
  /** Whether osquery ran as root; `null`: the host sent no facts. */
  readonly root: boolean | null
  /** By query: 1 if its rows are complete. */
  readonly observed: Uint8Array
}

/**
 * Runs with and without root are never compared. If a fleet has both, queries that need root count only on the larger
 * part: on the other hosts they become unobserved. Returns the ids of these hosts, with the reason.
 */
export function hideOtherPrivilege(
  queries: readonly Query[],
  hosts: readonly PrivilegedHost[]
): Map<string, string> {
  const hidden = new Map<string, string>()
  const answered = hosts.filter(host => host.root !== null)
  const roots = answered.filter(host => host.root).length
  if (roots === 0 || roots === answered.length) return hidden
  const wanted = roots * 2 >= answered.length
  const reason = describeReason({ code: 'privilege-differs', root: !wanted })
  for (const host of answered) {
    if (host.root === wanted) continue
    for (const [index, query] of queries.entries()) if (query.root) host.observed[index] = 0
    hidden.set(host.id, host.reason === null ? reason : `${host.reason}; ${reason}`)
  }
  return hidden
}
