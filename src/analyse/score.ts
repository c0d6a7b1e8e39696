import { mostBits, type Surprise } from './surprise.ts'

export type Tier = 'alert' | 'notice' | 'fold'

export interface Scale {
  readonly hosts: number
  /** Channels (kind × query) in which the fleet shows any residual: each is a chance to be surprised by accident. */
  readonly channels: number
  /** By channel: for each number of rows, how many hosts show at least as many. */
  readonly rowsByChannel: ReadonlyMap<string, ReadonlyMap<number, number>>
  /** How many groups there are by number of hosts. */
  readonly groupsOfSize: ReadonlyMap<number, number>
}

/** What a second surprising row of one channel adds: little, for rows of one table often hang together. */
const SECOND_ROW = 0.25
/** What a change in a table whose change is rarely innocent counts beforehand, in bits. */
export const INTEGRITY_PRIOR = 2

/**
 * The evidence of a group of rows on h of n hosts, in bits:
 *
 *   Σ over channels of max(0, B − b₀) + ¼ max(0, B₂ − b₀)  +  coincidence  −  ¼ log₂ h,   b₀ = log₂(1 + channels)
 *
 * B is the larger of the best row's bits and the bits of so many rows in that channel, B₂ the bits of the second row,
 * coincidence what it means that one set of hosts shows rows of several channels.
 * `counted`: the group's own hosts are among those that the scale counted.
 */
export function scoreGroup(
  members: readonly Surprise[],
  hosts: readonly number[],
  scale: Scale,
  counted: boolean
): number {
  const chance = Math.log2(1 + scale.channels)
  const best = new Map<string, { first: number; second: number; rows: number }>()
  for (const { channel, bits } of members) {
    const { first, second, rows } = best.get(channel) ?? { first: 0, second: 0, rows: 0 }
    best.set(channel, {
      first: Math.max(first, bits),
      second: Math.max(second, Math.min(first, bits)),
      rows: rows + 1
    })
  }
  let bits = 0
  for (const [channel, { first, second, rows }] of best) {
    const asMany = scale.rowsByChannel.get(channel)?.get(rows) ?? 0
    const others = Math.max(0, asMany - (counted ? hosts.length : 0))
    const tail = rows > 1 ? -Math.log2((others + 0.5) / (scale.hosts + 1)) : 0
    bits += Math.max(0, Math.max(first, tail) - chance) + SECOND_ROW * Math.max(0, second - chance)
  }
  return bits + coincidence(best.size, hosts.length, scale) - 0.25 * Math.log2(hosts.length)
}

/**
 * Alert: more than one never-seen event can give, by twice what hosts show anyway (`usual`, bits).
 * Notice: about one such event.
 */
export function tierOf(bits: number, scale: Scale, usual: number): Tier {
  if (bits > alertBits(scale) + 2 * usual) return 'alert'
  return bits >= Math.max(0.5, Math.log2(scale.hosts) - Math.log2(1 + scale.channels)) ? 'notice' : 'fold'
}

export function alertBits({ hosts, channels }: Scale): number {
  return mostBits(hosts) - Math.log2(1 + channels) + 0.25
}

/**
 * Bits of m rows standing on the very same h of n hosts, when groups of about that size are about:
 * (m − 1) log₂ C(n, h) − m log₂(1 + groups) + log₂ m!, between 0 and 2 log₂ n. Rows of one channel count as one.
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
  let bits = 0
  for (let at = 1; at <= k; at++) bits += Math.log2((n - k + at) / at)
  return bits
}

function log2Factorial(n: number): number {
  let bits = 0
  for (let factor = 2; factor <= n; factor++) bits += Math.log2(factor)
  return bits
}
