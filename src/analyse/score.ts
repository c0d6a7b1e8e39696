import { mostBits, type Surprise } from './surprise.ts'

export type Tier = 'alert' | 'notice' | 'fold'

export interface Score {
  /** Bits of evidence that the group is no chance. */
  readonly bits: number
  readonly tier: Tier
}

export interface Scale {
  readonly hosts: number
  /** Channels (kind × query) in which the cluster shows any residual: each is a chance to be surprised by accident. */
  readonly channels: number
  /** By channel: for each number of rows, how many hosts show at least as many. */
  readonly rowsByChannel: ReadonlyMap<string, ReadonlyMap<number, number>>
  /** How many groups there are by number of hosts. */
  readonly groupsOfSize: ReadonlyMap<number, number>
}

/** What a change in a table whose change is rarely innocent counts beforehand. */
const INTEGRITY_PRIOR_BITS = 2
/** Rows of one channel beyond these add nothing: they hang together (a package and its files). */
const ROWS_COUNTED_PER_CHANNEL = 2

/**
 * The evidence of a group of m rows on h of n hosts, in bits:
 * Σ over channels of max(0, B − log₂(1 + channels)), with B the larger of the best row's bits and the bits of so many
 * rows in that channel, plus what it means that the same hosts show all rows, minus ¼ log₂ h.
 * Alert: more than one never-seen event can give. Notice: about one such event.
 */
export function scoreGroup(
  members: readonly Surprise[],
  hosts: readonly number[],
  integrity: boolean,
  scale: Scale
): Score {
  const correction = Math.log2(1 + scale.channels)
  const best = new Map<string, { bits: number; rows: number }>()
  for (const { channel, bits } of members) {
    const known = best.get(channel)
    best.set(channel, { bits: Math.max(known?.bits ?? 0, bits), rows: (known?.rows ?? 0) + 1 })
  }
  let bits = integrity ? INTEGRITY_PRIOR_BITS : 0
  let rows = 0
  for (const [channel, { bits: token, rows: count }] of best) {
    const others = Math.max(0, (scale.rowsByChannel.get(channel)?.get(count) ?? 0) - hosts.length)
    const tail = count > 1 ? -Math.log2((others + 0.5) / (scale.hosts + 1)) : 0
    bits += Math.max(0, Math.max(token, tail) - correction)
    rows += Math.min(count, ROWS_COUNTED_PER_CHANNEL)
  }
  bits += coincidence(rows, hosts.length, scale) - 0.25 * Math.log2(hosts.length)
  const alert = mostBits(scale.hosts) - correction + 0.25
  const notice = Math.max(0.5, Math.log2(scale.hosts) - correction)
  return { bits, tier: bits > alert ? 'alert' : bits >= notice ? 'notice' : 'fold' }
}

/**
 * Bits of m rows standing on the very same h of n hosts, when groups of about that size are about:
 * (m − 1) log₂ C(n, h) − m log₂(1 + groups) + log₂ m!, between 0 and 2 log₂ n.
 */
function coincidence(rows: number, hosts: number, scale: Scale): number {
  let groups = 0
  for (const [size, count] of scale.groupsOfSize) {
    if (size <= hosts * 1.5 && hosts <= size * 1.5) groups += count
  }
  const bits =
    (rows - 1) * log2Choose(scale.hosts, hosts) - rows * Math.log2(1 + groups) + log2Factorial(rows)
  return Math.min(Math.max(0, bits), 2 * Math.log2(Math.max(1, scale.hosts)))
}

function log2Choose(n: number, k: number): number {
  return log2Factorial(n) - log2Factorial(k) - log2Factorial(n - k)
}

function log2Factorial(n: number): number {
  let bits = 0
  for (let factor = 2; factor <= n; factor++) bits += Math.log2(factor)
  return bits
}
