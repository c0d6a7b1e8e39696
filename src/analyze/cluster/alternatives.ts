import { complement, countBits, countShared } from './bitsets.ts'

/** Rows that the same hosts have, and no other hosts: `bits` are those that have `plus` and lack `minus`. */
interface Sided {
  readonly bits: Uint32Array
  readonly plus: readonly number[]
  readonly minus: readonly number[]
}

/** Two sets of things are alternatives as two versions of one; that is a block that replaces rows already. */
const FEWEST = 3
/** Alternatives may share this part of the hosts of one, and leave this part of all hosts without any. */
const TOLERANCE = 0.1
/** A bound for hostile fleets, on the sets that are tried. */
const MAX_SETS_TRIED = 256

/**
 * Sets of rows of which nearly every host has exactly one: the versions of one thing, where none of them has a row that
 * the others lack together, so that each by itself seems only to add. By set: how many alternatives there are.
 *
 * From each set in turn, that on most hosts first, those after it that exclude all taken so far are taken; they are
 * alternatives when they cover the hosts. A set is of one such choice only, so that an implant on a part of one version
 * does not stand for it beside the others. O(sets² × hosts / 32), over at most 256 sets.
 */
export function findAlternatives<Rows extends Sided>(
  sets: readonly Rows[],
  hosts: number
): Map<Rows, number> {
  const sides = sets
    .filter(({ plus, minus }) => plus.length === 0 || minus.length === 0)
    .slice(0, MAX_SETS_TRIED)
    .map(set => havingIt(set, hosts))
    .sort((a, b) => b.having - a.having)
  const found = new Map<Rows, number>()
  for (const [at, first] of sides.entries()) {
    if (found.has(first.set)) continue
    const covered = Uint32Array.from(first.bits)
    const taken = [first.set]
    for (const { set, bits, having } of sides.slice(at + 1)) {
      if (found.has(set) || countShared(covered, bits) > TOLERANCE * having) continue
      for (let word = 0; word < covered.length; word++)
        covered[word] = (covered[word] ?? 0) | (bits[word] ?? 0)
      taken.push(set)
    }
    if (taken.length < FEWEST || countBits(covered) < (1 - TOLERANCE) * hosts) continue
    for (const set of taken) found.set(set, taken.length)
  }
  return found
}

/** A set of rows with the hosts that have them. */
function havingIt<Rows extends Sided>(set: Rows, hosts: number) {
  const bits = Uint32Array.from(set.bits)
  if (set.plus.length === 0) complement(bits, hosts)
  return { set, bits, having: countBits(bits) }
}
