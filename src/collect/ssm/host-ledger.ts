import type { Log } from '../../log.ts'
import { type ReasonCode, summarizeReason } from '../../snapshot/reasons.ts'
import type { HostRecord, HostStatus } from '../../snapshot/snapshot.ts'
import { count, plural } from '../../text/phrases.ts'
import { confirmedFacts } from '../protocol/facts.ts'
import type { AgentLookup } from './agents.ts'
import type { InvocationState } from './invocation-status.ts'

/** Which hosts are done, and what is known of the others. */
export interface HostLedger {
  readonly agents: AgentLookup
  /** Hosts that have their record. */
  readonly done: Set<string>
  /** Hosts that SSM has listed, with their last state. */
  readonly states: Map<string, InvocationState>
  /** Hosts that have answered, and whose reply SSM has not returned. */
  readonly unreadable: Set<string>
  /** How many hosts have a status for a reason. */
  readonly reasons: Map<string, ReasonCount>
  /** Hosts that are done although no command was sent to them. */
  notManaged: number
  /** Hosts that are done and silent. */
  silent: number
}

interface ReasonCount {
  readonly status: HostStatus
  readonly code: ReasonCode
  hosts: number
}

/** Reasons that the log lists at the end. */
const MAX_LOGGED_REASONS = 12

export function openLedger(agents: AgentLookup): HostLedger {
  return {
    agents,
    done: new Set(),
    states: new Map(),
    unreadable: new Set(),
    reasons: new Map(),
    notManaged: 0,
    silent: 0
  }
}

/** Enters a host that is done. Returns its record without claims that contradict what SSM knows of the host. */
export function enterRecord(ledger: HostLedger, claimed: HostRecord): HostRecord {
  const { host, status, code, facts } = claimed
  ledger.done.add(host)
  if (status === 'silent') ledger.silent++
  if (code !== null) {
    const key = `${status} ${code}`
    const reason = ledger.reasons.get(key) ?? { status, code, hosts: 0 }
    reason.hosts++
    ledger.reasons.set(key, reason)
  }
  return facts === null
    ? claimed
    : { ...claimed, facts: confirmedFacts(facts, ledger.agents.known()?.get(host)) }
}

/** Logs why hosts were not reported, most hosts first, without a word from any host. */
export function logReasons({ reasons }: HostLedger, log: Log): void {
  const sorted = [...reasons.values()].sort((a, b) => b.hosts - a.hosts)
  for (const { status, code, hosts } of sorted.slice(0, MAX_LOGGED_REASONS))
    log.info(`${count(hosts, 'host')} ${plural(hosts, 'is', 'are')} ${status}: ${summarizeReason(code)}.`)
}
