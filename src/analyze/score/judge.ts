import type { ClusteredFleet } from '../clustered-fleet.ts'
import type { Deviation } from '../deviate/deviation.ts'
import type { Severity } from '../finding.ts'
import type { Enough } from './causes.ts'
import { scoreRows } from './row-bits.ts'
import type { Reason, ScoredRow } from './scored-row.ts'
import { isAtMost } from './tiers.ts'
import { isShared, type Weighed, weigh } from './weigh.ts'
import { withoutNoise } from './without-noise.ts'

/** Rows of some hosts that are one finding. */
export interface JudgedGroup {
  readonly hosts: readonly number[]
  /** To show, the weightiest first. */
  readonly deviations: readonly Deviation[]
  /** Those that accuse; empty for hosts that are like no other. */
  readonly accusing: readonly Deviation[]
  readonly severity: Severity
  /** Bits. */
  readonly surprise: number
  /** What its rows say by themselves, the weightiest first. */
  readonly reasons: readonly Reason[]
  /** Other groups that show as much in the weightiest row's table. */
  readonly others: number
  /** The hosts are like no other, and nothing says what is usual for them. */
  readonly unlike: boolean
}

export interface Judged {
  readonly groups: readonly JudgedGroup[]
  /** Rows on hosts that differed and were judged noise. */
  readonly folded: number
  /** By host: the bits of the most surprising thing about it that was folded. */
  readonly foldedBits: Float64Array
}

/** Fewer hosts say nothing of each other, so that what a baseline does not know is at least medium. */
const MIN_HOSTS_TO_COMPARE = 3
/** In a smaller fleet a row that says nothing by itself is low. */
const MIN_HOSTS_FOR_PLAIN = 8
/** A host like no other is reported with no more bits than this. */
const UNLIKE_BITS = 1

/** Judges rare deviations: how many findings like each a healthy fleet shows decides its severity. */
export function judge(fleet: ClusteredFleet, deviations: readonly Deviation[]): Judged {
  const isolated = new Set(fleet.clusters.filter(cluster => cluster.isolated).flatMap(({ hosts }) => hosts))
  const weighed = weigh(fleet, withoutNoise(scoreRows(fleet, deviations)), isolated)
  const foldedBits = new Float64Array(fleet.fleet.hosts.length)
  const groups: JudgedGroup[] = []
  let reported = 0
  for (const one of weighed) {
    const group = one.ordinary.length > 0 ? unlikeGroup(one) : judgeGroup(one, fleet.size)
    if (group === null) {
      for (const host of one.hosts) foldedBits[host] = Math.max(foldedBits[host] ?? 0, one.bits)
      continue
    }
    groups.push(group)
    for (const { hosts } of group.deviations) reported += hosts.length
  }
  const all = deviations.reduce((sum, { hosts }) => sum + hosts.length, 0)
  return { groups, folded: all - reported, foldedBits }
}

function unlikeGroup({ hosts, ordinary, bits, others }: Weighed): JudgedGroup {
  return {
    hosts,
    deviations: ordinary.map(({ deviation }) => deviation),
    accusing: [],
    severity: 'low',
    surprise: Math.min(UNLIKE_BITS, bits),
    reasons: [],
    others,
    unlike: true
  }
}

function judgeGroup(
  { hosts, rows, accusing, bits, expected, says, isHigh, others }: Weighed,
  size: number
): JudgedGroup | null {
  if (accusing.length === 0) return null
  const isAgainst = ({ deviation }: ScoredRow) => deviation.baseline !== 'none'
  const against = accusing.some(isAgainst)
  if (!isAtMost(expected, 'low') && !against) return null
  return {
    hosts,
    deviations: rows.map(({ deviation }) => deviation),
    accusing: accusing.map(({ deviation }) => deviation),
    severity: severityOf(
      expected,
      // What many hosts share is a deploy as often as a compromise, whatever it says.
      { says, isHigh: isHigh && !isShared({ rows: accusing }) },
      size,
      against,
      accusing.some(row => isAgainst(row) && row.kind === 'integrity'),
      accusing.some(row => row.bits > 0)
    ),
    surprise: bits,
    reasons: reasonsOf(accusing),
    others,
    unlike: false
  }
}

/** @param breach a row of an integrity table that the baseline covers and does not know */
function severityOf(
  expected: number,
  { says, isHigh }: Enough,
  size: number,
  against: boolean,
  breach: boolean,
  hasEvidence: boolean
): Severity {
  // Other hosts with a variant of it never make what a baseline rules out less than it is alone.
  if (breach) return says ? 'critical' : 'high'
  if (isHigh && isAtMost(expected, 'high')) return 'high'
  if (against && size < MIN_HOSTS_TO_COMPARE) return 'medium'
  if (!isAtMost(expected, 'medium')) return 'low'
  // Of a few hosts each has something of its own: a plain row is worth no look.
  return against || size >= MIN_HOSTS_FOR_PLAIN || hasEvidence ? 'medium' : 'low'
}

/** Reasons that speak for a cause, each once, by their bits. */
function reasonsOf(rows: readonly ScoredRow[]): Reason[] {
  const bits = new Map<Reason, number>()
  for (const row of rows)
    for (const [reason, own] of row.reasons)
      if (own > 0) bits.set(reason, Math.max(bits.get(reason) ?? 0, own))
  return [...bits].sort(([, a], [, b]) => b - a).map(([reason]) => reason)
}
