import type { RowKind } from '../finding.ts'
import type { ScoredDeviation } from './surprise.ts'

export type Tier = 'alert' | 'notice' | 'trace' | 'fold'

interface Event {
  readonly bits: number
  readonly integrity: boolean
  readonly second: number
}

/** How often hosts show a thing so surprising anyway, whatever it is. */
export interface Noise {
  /** Hosts compared. */
  readonly hosts: number
  /** By host: the bits of its most surprising residual whose cause is not known; 0 where it has none. */
  readonly most: Float64Array
  /** The same over the tables of integrity alone. */
  readonly mostOfIntegrity: Float64Array
  /** The values of the two, falling. */
  readonly falling: Float64Array
  readonly fallingOfIntegrity: Float64Array
}

/** What a second row of one query counts less than a first, in bits: rows of one table often hang together. */
const SECOND_ROW: Readonly<Record<RowKind, number>> = { unexpected: 4, missing: 4, changed: 1 }
/** A row counts for a group when it is on this part of its hosts. */
const ON_MOST = 0.6
/** What rows of one host that may have met by chance count less together, in bits. */
const MEETING = 2
/** The most that one more query counts by which several hosts agree. */
const MAX_AGREEMENT = 3
/** So many hosts may show as much by chance in the fleet: an alert, a notice, and the least that is told. */
const ALERT_BY_CHANCE = 0.49
/** The same in a fleet of few hosts, of which chance is known badly. */
const ALERT_IN_A_FEW = 0.25
const FEW = 30
const NOTICE_BY_CHANCE = 0.495
const TOLD_BY_CHANCE = 20
/** … and so many of the fleet's hosts, beside one. */
const TOLD_SHARE = 0.06

/**
 * The evidence of a group of rows on h of n hosts: −log₂ of the chance that a host shows as much.
 *
 * Every query in which the group has a row is an event, as surprising as its most surprising row there (a second row is
 * another event, of fewer bits). λ(B) is the rate at which the other hosts show events of B bits and more, from the
 * part F of them that shows any: λ = −ln(1 − F) with F = (hosts + ½) / (n − h + 1), which is robust to a few hosts that
 * show many. If events come by chance, they meet on a host with the product of the
 * λ, so that
 *
 *   bits = Σ over events of  max(0, min(−log₂ λ(B), log₂ (n + 1) / (h − ½)))  +  (queries − 1) · min(3, 2·log₂ h − 1)
 *
 * the last for the coincidence that the same several hosts show all of them. Rows of one host, each in a table where
 * other hosts show one as rare, may have met there by chance: of all pairs of such tables some do. Together they count
 * two bits less, though never less than the first of them.
 */
export function scoreGroup(
  members: readonly ScoredDeviation[],
  hosts: readonly number[],
  noise: Noise,
  isIntegrity: (surprise: ScoredDeviation) => boolean
): number {
  const events = new Map<string, Event[]>()
  for (const member of members) {
    if (member.residual.hosts.length < ON_MOST * hosts.length) continue
    const own = events.get(member.query) ?? []
    events.set(member.query, own)
    own.push({
      bits: member.bits,
      integrity: isIntegrity(member),
      second: SECOND_ROW[member.residual.kind]
    })
  }
  const most = Math.log2((noise.hosts + 1) / (hosts.length - 0.5))
  const levels: number[] = []
  for (const own of events.values()) {
    own.sort((a, b) => b.bits - a.bits)
    for (const [at, { bits, integrity, second }] of own.slice(0, 2).entries())
      levels.push(Math.min(most, -Math.log2(rateOf(bits - at * second, hosts, noise, integrity))))
  }
  levels.sort((a, b) => b - a)
  let bits = levels[0] ?? 0
  let sum = hosts.length === 1 && members.every(({ others }) => others > 0) ? -MEETING : 0
  for (const level of levels) {
    sum += level
    bits = Math.max(bits, sum)
  }
  return bits + (Math.max(1, events.size) - 1) * agreement(hosts.length)
}

/** What each further query counts whose rows are on the same several hosts, in bits; nothing for one host. */
const agreement = (hosts: number): number => Math.max(0, Math.min(MAX_AGREEMENT, 2 * Math.log2(hosts) - 1))

export function tierOf(bits: number, { hosts }: Noise): Tier {
  const byChance = hosts * 2 ** -bits
  if (byChance <= (hosts < FEW ? ALERT_IN_A_FEW : ALERT_BY_CHANCE)) return 'alert'
  if (byChance <= NOTICE_BY_CHANCE) return 'notice'
  return byChance <= Math.min(TOLD_BY_CHANCE, 1 + TOLD_SHARE * hosts) ? 'trace' : 'fold'
}

/** Events of so many bits a host, among the hosts outside a group. */
function rateOf(bits: number, hosts: readonly number[], noise: Noise, integrity: boolean): number {
  const most = integrity ? noise.mostOfIntegrity : noise.most
  let count = atLeast(integrity ? noise.fallingOfIntegrity : noise.falling, bits)
  for (const host of hosts) if ((most[host] ?? 0) >= bits) count--
  const share = (Math.max(0, count) + 0.5) / (noise.hosts - hosts.length + 1)
  return -Math.log(1 - Math.min(0.999, share))
}

/** How many of the falling values are at least so large. */
function atLeast(falling: Float64Array, bits: number): number {
  let from = 0
  let to = falling.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if ((falling[middle] ?? 0) >= bits) from = middle + 1
    else to = middle
  }
  return from
}
