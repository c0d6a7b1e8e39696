import { list } from '../../text/phrases.ts'
import { sanitize } from '../../text/sanitize.ts'
import type { HostState } from './host-results.ts'

/** What the hosts of a log are called, and which of them may be one machine. */
export interface Identities {
  /** Of two hosts that call themselves alike, the name has what tells them apart. */
  readonly nameOf: (state: HostState) => string
  /** Whether another host has the same decoration: the machine may have had another name before. */
  readonly isShared: (state: HostState) => boolean
  readonly notices: readonly string[]
}

const MAX_NAMED = 5

/** Hosts by name and by the decoration that names their machine. */
export function identitiesOf(states: readonly HostState[]): Identities {
  const byName = Map.groupBy(states, ({ host }) => host)
  const byUuid = Map.groupBy(
    states.filter(({ uuid }) => uuid !== null),
    ({ uuid }) => uuid
  )
  const isAmbiguous = ({ host }: HostState) => (byName.get(host)?.length ?? 0) > 1
  const nameOf = (state: HostState) => (isAmbiguous(state) ? `${state.host} (${state.uuid})` : state.host)
  const isShared = ({ uuid }: HostState) => uuid !== null && (byUuid.get(uuid)?.length ?? 0) > 1
  const names = (hosts: Iterable<string>) =>
    list(
      [...new Set(hosts)].sort().map(host => sanitize(host, 100)),
      MAX_NAMED
    )
  const ambiguous = states.filter(isAmbiguous)
  const shared = states.filter(isShared)
  const notices: string[] = []
  if (ambiguous.length > 0)
    notices.push(
      `files: several hosts call themselves ${names(ambiguous.map(({ host }) => host))}; what their decorations call them is behind the name.`
    )
  if (shared.length > 0)
    notices.push(
      `files: decorations call ${names(shared.map(nameOf))} the same machine: it has got another name, or is a copy of the other.`
    )
  return { nameOf, isShared, notices }
}
