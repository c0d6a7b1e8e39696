import { addBit, clearBeyond, complement, countBits, countShared, hasBit, wordsFor } from './bitsets.ts'
import { type RowSet, type RowSets, rowCount } from './row-sets.ts'

/** What speaks for dividing hosts into a group and the others. */
export interface Split {
  /** The group, as places in the sample: at most half of the hosts. */
  readonly group: Uint32Array
  readonly size: number
  /** Rows that most of the group have and most of the others do not, beyond chance. */
  readonly added: readonly number[]
  /** Rows that most of the others have and most of the group do not, beyond chance. */
  readonly lost: readonly number[]
  /** Bits that are saved by coding the added and lost rows with a rate for each side, less the cost of the split. */
  readonly bits: number
  /** Whether most hosts of the group have something that the others do not have. */
  readonly hasOwn: boolean
  /** Whether most of the others have something that the group does not have. */
  readonly othersHaveOwn: boolean
}

/** The share of a side's hosts that must have something of their own. */
const MOST = 0.75
/** A row is a side's own when the other side has it on no more than this part of its rate. */
const NEARLY_NONE = 0.1
/** So many rows that come and go together are no chance. */
const ROWS_BEYOND_CHANCE = 3

/**
 * Weighs one candidate. With one rate for all n hosts, a row on c of them costs n·H₂(c/n) bits; with a rate for each
 * side it costs the sum over the sides and ½·log₂ n for the second rate. What it saves must exceed log₂ of the number
 * of row sets, because so many were looked at. Naming the group costs log₂ C(n, m), naming the candidate log₂ of their
 * number. O(sets × hosts / 32).
 */
export function weighSplit({ sets, sample }: RowSets, blocks: readonly RowSet[], group: Uint32Array): Split {
  const hosts = sample.length
  const size = countBits(group)
  const others = hosts - size
  const parameter = Math.log2(hosts) / 2
  const chance = Math.log2(sets.length + 1)
  const added: number[] = []
  const lost: number[] = []
  const own = new Uint32Array(group.length)
  const ofOthers = new Uint32Array(group.length)
  let saved = 0
  for (const set of sets) {
    const inGroup = countShared(set.minority, group)
    const inOthers = set.size - inGroup
    const saving = coded(set.size, hosts) - coded(inGroup, size) - coded(inOthers, others) - parameter
    if (saving <= chance) continue
    const difference = inGroup / size - inOthers / others
    if (Math.abs(difference) >= MOST) {
      saved += saving * rowCount(set)
      const [gained, missing] = difference > 0 ? [set.plus, set.minus] : [set.minus, set.plus]
      added.push(...gained)
      lost.push(...missing)
    }
    cover(set, inGroup / size, inOthers / others, own, ofOthers)
  }
  for (const block of blocks) {
    if (rowCount(block) < ROWS_BEYOND_CHANCE) continue
    const inGroup = countShared(block.minority, group)
    cover(block, inGroup / size, (block.size - inGroup) / others, own, ofOthers)
  }
  const most = (covered: Uint32Array, inGroup: boolean): boolean => {
    clearBeyond(covered, hosts)
    const ofGroup = countShared(covered, group)
    return inGroup ? ofGroup >= MOST * size : countBits(covered) - ofGroup >= MOST * others
  }
  return {
    group,
    size,
    added,
    lost,
    bits: saved - log2Choose(hosts, size) - Math.log2(blocks.length + 1),
    hasOwn: most(own, true),
    othersHaveOwn: most(ofOthers, false)
  }
}

/**
 * The hosts that have more than half of a split's added rows and lack more than half of its lost rows, or the others
 * where those are fewer.
 */
export function agreeing({ sets, sample }: RowSets, { added, lost }: Split): Uint32Array {
  const sides = [added, lost].filter(({ length }) => length > 0)
  const counts = sides.map(side => havingRows(sets, sample.length, new Set(side)))
  const group = new Uint32Array(wordsFor(sample.length))
  for (let at = 0; at < sample.length; at++) {
    const agrees = sides.every((side, index) => {
      const having = counts[index]?.[at] ?? 0
      return (side === lost ? side.length - having : having) * 2 > side.length
    })
    if (agrees) addBit(group, at)
  }
  if (countBits(group) * 2 > sample.length) complement(group, sample.length)
  return group
}

/** By host of the sample: how many of some rows it has. */
function havingRows(sets: readonly RowSet[], hosts: number, rows: ReadonlySet<number>): Int32Array {
  const having = new Int32Array(hosts)
  for (const { minority, plus, minus } of sets) {
    const ofMinority = plus.filter(item => rows.has(item)).length
    const ofMajority = minus.filter(item => rows.has(item)).length
    if (ofMinority + ofMajority === 0) continue
    for (let at = 0; at < hosts; at++)
      having[at] = (having[at] ?? 0) + (hasBit(minority, at) ? ofMinority : ofMajority)
  }
  return having
}

/** Marks the hosts that have rows which the other side lacks. */
function cover(
  { minority, plus, minus }: RowSet,
  inGroup: number,
  inOthers: number,
  own: Uint32Array,
  ofOthers: Uint32Array
): void {
  if (plus.length > 0) {
    if (inOthers <= NEARLY_NONE * inGroup) unite(own, minority)
    if (inGroup <= NEARLY_NONE * inOthers) unite(ofOthers, minority)
  }
  if (minus.length > 0) {
    if (1 - inOthers <= NEARLY_NONE * (1 - inGroup)) unite(own, minority, true)
    if (1 - inGroup <= NEARLY_NONE * (1 - inOthers)) unite(ofOthers, minority, true)
  }
}

function unite(into: Uint32Array, set: Uint32Array, turned = false): void {
  for (let at = 0; at < into.length; at++)
    into[at] = (into[at] ?? 0) | (turned ? ~(set[at] ?? 0) : (set[at] ?? 0))
}

/** n·H₂(count / n), the bits that name which of n hosts have a row. */
function coded(count: number, n: number): number {
  const rest = n - count
  return count <= 0 || rest <= 0 ? 0 : -count * Math.log2(count / n) - rest * Math.log2(rest / n)
}

/** log₂ C(n, m). */
function log2Choose(n: number, m: number): number {
  let bits = 0
  for (let at = 1; at <= m; at++) bits += Math.log2((n - m + at) / at)
  return bits
}
