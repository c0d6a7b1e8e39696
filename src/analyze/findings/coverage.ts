import type { Fleet } from '../../normalize/fleet.ts'
import { count, plural } from '../../text/phrases.ts'
import { type Draft, fingerprint } from './draft.ts'

interface Cause {
  readonly kind: 'silent' | 'partial'
  readonly unanswered: boolean
  /** The code of the reason, or the reason itself where it has no code: its words may differ from run to run. */
  readonly id: string
  readonly hosts: number[]
  /** Hosts by reason in words. */
  readonly reasons: Map<string, number>
}

/**
 * Hosts that were not fully assessed, one finding for each code of a reason. Silent is medium, and high when the command
 * was delivered and no usable answer came: killing or forging the collector must not pay. Partial is low.
 * @param blinded hosts whose missing answers have a finding of their own
 */
export function coverageFindings(fleet: Fleet, blinded: ReadonlySet<number>): Draft[] {
  const causes = new Map<string, Cause>()
  for (const [index, host] of fleet.hosts.entries()) {
    const { status, unanswered, code } = host
    if (status === 'reported' || blinded.has(index)) continue
    const reason = host.reason ?? 'no reason was given'
    const id = code ?? reason
    const key = JSON.stringify([status, unanswered, id])
    const cause: Cause = causes.get(key) ?? { kind: status, unanswered, id, hosts: [], reasons: new Map() }
    cause.hosts.push(index)
    cause.reasons.set(reason, (cause.reasons.get(reason) ?? 0) + 1)
    causes.set(key, cause)
  }
  return [...causes.values()].map(cause => ({
    id: fingerprint(cause.kind, [cause.id, String(cause.unanswered)]),
    kind: cause.kind,
    verdict: null,
    severity: cause.unanswered ? 'high' : cause.kind === 'silent' ? 'medium' : 'low',
    surprise: 0,
    hosts: cause.hosts,
    cluster: null,
    rows: [],
    explanation: explanationOf(cause),
    attack: [],
    acceptedBy: null
  }))
}

/** The most frequent reason in words, and how many others there are. */
function explanationOf({ kind, unanswered, hosts, reasons }: Cause): string {
  const [first = ''] = [...reasons]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .map(([reason]) => reason)
  const others = reasons.size > 1 ? `, or ${count(reasons.size - 1, 'other reason')} of this kind` : ''
  const who = `${count(hosts.length, 'host')} ${plural(hosts.length, 'was', 'were')}`
  if (kind === 'partial') return `${who} only partly assessed: ${first}${others}.`
  return `${who} not assessed${unanswered ? ' though the command was delivered' : ''}: ${first}${others}.`
}
