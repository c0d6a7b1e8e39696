import { hashText } from '../../lib/fnv1a.ts'
import type { Fleet } from '../../normalize/fleet.ts'
import { findAlternatives } from './alternatives.ts'
import { addBit, complement, countBits, countDifferences, hashBits, sameBits, wordsFor } from './bitsets.ts'

/**
 * Rows that come and go together over a set of hosts: what a role or a version adds, and what it replaces.
 * Its *minority* are the fewer hosts, those that have the `plus` rows and lack the `minus` rows.
 */
export interface Block {
  readonly plus: readonly number[]
  readonly minus: readonly number[]
  /** The minority's share of the hosts, at most ½. */
  readonly share: number
  /** So many blocks, this one included, are versions of one thing: nearly every host has exactly one; else 0. */
  readonly alternatives: number
}

/** Hosts looked at to find blocks: the error of a share is then about one percent. */
const SAMPLE = 2048
/** Rows on fewer hosts than this share say nothing about groups. */
const MIDDLE_SHARE = 0.01
/** Rows whose hosts differ by at most this part of the smaller minority belong to one block. */
const BLOCK_DISTANCE = 0.2
/** A bound for hostile fleets; real ones have a few hundred distinct host sets. */
const MAX_CLASSES = 20_000
/** Bits against chance that a block must have. */
const SIGNIFICANT_BITS = 20
const MIN_MINORITY = 2
/** Fewer rows are no version. */
const MIN_ROWS_OF_VERSION = 3

interface HostSet {
  readonly bits: Uint32Array
  readonly minority: number
  readonly plus: number[]
  readonly minus: number[]
}

/**
 * The significant blocks of a set of hosts, largest first.
 *
 * A row on neither nearly all nor nearly no hosts is a bit vector over the hosts, folded to its minority. Equal vectors
 * are one class; classes join the first larger class (the leader) that nearly agrees. A block of k rows with minority
 * share f is significant when (k − 1) · (n·H₂(f) − log₂(leaders + 1)) ≥ 20: the cost in bits of k − 1 rows choosing
 * the same hosts by chance, less that of choosing a leader.
 *
 * O(rows of the hosts + classes × leaders × hosts / 32), over at most 2,048 hosts.
 */
export function findBlocks(fleet: Fleet, hosts: readonly number[]): Block[] {
  const sample = sampleHosts(fleet, hosts)
  const classes = hostSets(fleet, sample, middleItems(fleet, sample))
  const leaders = leadersOf(classes, sample.length)
  const significant = leaders.filter(leader => {
    const chance = hosts.length * entropy(leader.minority / sample.length) - Math.log2(leaders.length + 1)
    return leader.minority >= MIN_MINORITY && (sizeOf(leader) - 1) * chance >= SIGNIFICANT_BITS
  })
  const versions = significant.filter(leader => sizeOf(leader) >= MIN_ROWS_OF_VERSION)
  const alternatives = findAlternatives(versions, sample.length)
  return significant
    .map(leader => ({
      plus: leader.plus,
      minus: leader.minus,
      share: leader.minority / sample.length,
      alternatives: alternatives.get(leader) ?? 0
    }))
    .sort((a, b) => sizeOf(b) - sizeOf(a) || b.share - a.share || firstOf(a) - firstOf(b))
}

export const sizeOf = (block: Pick<Block, 'plus' | 'minus'>): number => block.plus.length + block.minus.length

const firstOf = (block: Block): number => Math.min(block.plus[0] ?? Infinity, block.minus[0] ?? Infinity)

/** The hosts whose ids hash lowest: the same ones whatever the order, and nearly the same ones next week. */
function sampleHosts(fleet: Fleet, hosts: readonly number[]): readonly number[] {
  if (hosts.length <= SAMPLE) return hosts
  const hashed = hosts.map(host => ({ host, hash: hashText(fleet.hosts[host]?.id ?? '') }))
  hashed.sort((a, b) => a.hash - b.hash || a.host - b.host)
  return hashed
    .slice(0, SAMPLE)
    .map(({ host }) => host)
    .sort((a, b) => a - b)
}

/**
 * Items that neither nearly all nor nearly no hosts have, where their query was observed. Not those that are compared
 * within a cohort: a package that is patched host by host makes no version of the role.
 */
function middleItems(fleet: Fleet, hosts: readonly number[]): Map<number, { inverted: boolean }> {
  const counts = new Int32Array(fleet.items.length)
  const observed = new Int32Array(fleet.queries.length)
  for (const index of hosts) {
    const host = fleet.hosts[index]
    for (const item of host?.items ?? []) counts[item] = (counts[item] ?? 0) + 1
    for (let query = 0; query < observed.length; query++)
      observed[query] = (observed[query] ?? 0) + (host?.observed[query] ?? 0)
  }
  const least = Math.max(2, Math.ceil(MIDDLE_SHARE * hosts.length))
  const middle = new Map<number, { inverted: boolean }>()
  for (let item = 0; item < counts.length; item++) {
    const count = counts[item] ?? 0
    if (count < least) continue
    const query = fleet.items[item]?.query ?? -1
    if ((fleet.queries[query]?.cohort.length ?? 0) > 0) continue
    const among = observed[query] ?? 0
    if (count <= among - least) middle.set(item, { inverted: count * 2 > among })
  }
  return middle
}

/** The middle items by the set of hosts that are their minority. Where a query is unobserved a host is of the majority. */
function hostSets(
  fleet: Fleet,
  hosts: readonly number[],
  middle: ReadonlyMap<number, { inverted: boolean }>
): HostSet[] {
  const words = wordsFor(hosts.length)
  const rows = new Map<number, Uint32Array>()
  const unobserved = new Map<number, Uint32Array>()
  const isMiddle = new Uint8Array(fleet.items.length)
  for (const item of middle.keys()) {
    rows.set(item, new Uint32Array(words))
    isMiddle[item] = 1
  }
  for (const [at, index] of hosts.entries()) {
    const host = fleet.hosts[index]
    if (host === undefined) continue
    for (const item of host.items) {
      if (isMiddle[item] === 0) continue
      const row = rows.get(item)
      if (row !== undefined) addBit(row, at)
    }
    for (let query = 0; query < host.observed.length; query++) {
      if (host.observed[query] === 1) continue
      const set = unobserved.get(query) ?? new Uint32Array(words)
      unobserved.set(query, set)
      addBit(set, at)
    }
  }
  const classes = new Map<number, HostSet[]>()
  for (const [item, { inverted }] of middle) {
    const bits = rows.get(item) ?? new Uint32Array(words)
    const unknown = unobserved.get(fleet.items[item]?.query ?? -1)
    if (inverted) {
      complement(bits, hosts.length)
      if (unknown !== undefined)
        for (let word = 0; word < words; word++) bits[word] = (bits[word] ?? 0) & ~(unknown[word] ?? 0)
    }
    const hash = hashBits(bits)
    const alike = classes.get(hash) ?? []
    classes.set(hash, alike)
    let own = alike.find(known => sameBits(known.bits, bits))
    if (own === undefined) {
      own = { bits, minority: countBits(bits), plus: [], minus: [] }
      alike.push(own)
    }
    ;(inverted ? own.minus : own.plus).push(item)
  }
  return [...classes.values()]
    .flat()
    .sort(
      (a, b) =>
        b.plus.length + b.minus.length - a.plus.length - a.minus.length ||
        b.minority - a.minority ||
        Math.min(a.plus[0] ?? Infinity, a.minus[0] ?? Infinity) -
          Math.min(b.plus[0] ?? Infinity, b.minus[0] ?? Infinity)
    )
    .slice(0, MAX_CLASSES)
}

function leadersOf(classes: readonly HostSet[], hosts: number): HostSet[] {
  const leaders: HostSet[] = []
  for (const own of classes) {
    const joined = leaders.some(leader => {
      const smaller = Math.min(own.minority, leader.minority)
      const limit = BLOCK_DISTANCE * smaller
      const turned = own.minority + leader.minority >= hosts - limit
      if (Math.abs(own.minority - leader.minority) > limit && !turned) return false
      const differences = countDifferences(own.bits, leader.bits)
      const alike = differences <= limit
      if (!alike && hosts - differences > limit) return false
      for (const item of own.plus) (alike ? leader.plus : leader.minus).push(item)
      for (const item of own.minus) (alike ? leader.minus : leader.plus).push(item)
      return true
    })
    if (!joined) leaders.push({ ...own, plus: [...own.plus], minus: [...own.minus] })
  }
  return leaders
}

/** Binary entropy, in bits. */
function entropy(share: number): number {
  return share <= 0 || share >= 1 ? 0 : -share * Math.log2(share) - (1 - share) * Math.log2(1 - share)
}
