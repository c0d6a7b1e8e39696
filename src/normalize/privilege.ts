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
 * Without root, osquery answers some queries only partially: on a host without root they become unobserved, also where
 * no host has root. Returns the ids of these hosts, with the reason.
 */
export function hideWithoutRoot(
  queries: readonly Query[],
  hosts: readonly PrivilegedHost[]
): Map<string, string> {
  const hidden = new Map<string, string>()
  const needy = queries.flatMap(({ root }, index) => (root ? [index] : []))
  const reason = describeReason({ code: 'no-root' })
  for (const host of hosts) {
    if (host.root !== false || !needy.some(query => host.observed[query] === 1)) continue
    for (const query of needy) host.observed[query] = 0
    const said = host.reason ?? reason
    hidden.set(host.id, said.includes(reason) ? said : `${said}; ${reason}`)
  }
  return hidden
}
