import type { Fleet } from '../../normalize/fleet.ts'
import { type Draft, fingerprint } from './draft.ts'

/**
 * Hosts that were not fully assessed, one finding for each reason. Silent is medium, and high when the command was
 * delivered and no usable answer came: killing or forging the collector must not pay. Partial is low.
 * @param blinded hosts whose missing answers have a finding of their own
 */
export function coverageFindings(fleet: Fleet, blinded: ReadonlySet<number>): Draft[] {
  const causes = new Map<
    string,
    { kind: 'silent' | 'partial'; unanswered: boolean; reason: string; hosts: number[] }
  >()
  for (const [index, host] of fleet.hosts.entries()) {
    if (host.status === 'reported' || blinded.has(index)) continue
    const reason = host.reason ?? 'no reason was given'
    const key = JSON.stringify([host.status, host.unanswered, reason])
    const cause = causes.get(key) ?? { kind: host.status, unanswered: host.unanswered, reason, hosts: [] }
    cause.hosts.push(index)
    causes.set(key, cause)
  }
  return [...causes.values()].map(({ kind, unanswered, reason, hosts }) => ({
    id: fingerprint(kind, [reason]),
    kind,
    verdict: null,
    severity: unanswered ? 'high' : kind === 'silent' ? 'medium' : 'low',
    surprise: 0,
    hosts,
    cluster: null,
    rows: [],
    explanation:
      kind === 'silent'
        ? `${counted(hosts.length)} not assessed${unanswered ? ' though the command was delivered' : ''}: ${reason}.`
        : `${counted(hosts.length)} only partly assessed: ${reason}.`,
    attack: [],
    acceptedBy: null
  }))
}

const counted = (hosts: number): string => (hosts === 1 ? '1 host was' : `${hosts} hosts were`)
