import type { Fleet } from '../../normalize/fleet.ts'
import { type Block, findBlocks, sizeOf } from './blocks.ts'
import { singletons } from './singletons.ts'

/** Hosts that ought to be alike. */
export interface Cluster {
  readonly id: string
  /** Indices into the fleet's hosts, ascending. */
  readonly hosts: readonly number[]
  /**
   * For a cluster that came apart from others by added rows alone: the hosts it came apart from, itself included.
   * So does a deploy that only adds, and so does a compromise of many hosts.
   */
  readonly splitFrom: readonly number[] | null
  /** A host or two like no other, for which nothing can say what is usual. */
  readonly isolated: boolean
  /** Rows that some of its hosts share, too few for a cluster of their own. */
  readonly variants: readonly Block[]
}

const MIN_HOSTS_TO_SPLIT = 4
/** In a cluster of fewer hosts nothing is usual. */
const MIN_HOSTS_TO_COMPARE = 3
const DEEPEST = 8
/** A host whose combination of versions is its own stands alone when it differs by this share of its rows. */
const LONE_SHARE = 0.04
/** So small a part of a block's rows may go the other way by chance. */
const ACCIDENT_SHARE = 0.2
/** What only adds to some hosts of a small role is on no more than this share of the fleet. */
const FEW_OF_FLEET = 0.05
/** From this share of a cluster a leftover block is told as a variant. */
const VARIANT_SHARE = 0.135
const VARIANT_ROWS = 3

/** The hosts that can be compared: those of which at least one query was observed. */
export function comparableHosts(fleet: Fleet): number[] {
  return [...fleet.hosts.keys()].filter(index => fleet.hosts[index]?.observed.includes(1))
}

/**
 * Parts a fleet into its roles and versions, by the blocks of rows that come and go together: divisive, with no number
 * of clusters to choose and no distance between hosts. Largest first. O(depth × rows) and the cost of the blocks.
 */
export function clusterFleet(fleet: Fleet): Cluster[] {
  const hosts = comparableHosts(fleet)
  if (hosts.length === 0) return []
  return divide(fleet, hosts, null, 0)
    .flatMap(leaf => withoutSingletons(fleet, leaf))
    .sort((a, b) => b.hosts.length - a.hosts.length || (a.hosts[0] ?? 0) - (b.hosts[0] ?? 0))
    .map((leaf, index, { length }) => ({
      id: `c${index + 1}`,
      ...leaf,
      isolated: leaf.isolated || (length > 1 && leaf.hosts.length < MIN_HOSTS_TO_COMPARE)
    }))
}

type Leaf = Omit<Cluster, 'id'>

/** Gives every host that is like no other a cluster of its own. */
function withoutSingletons(fleet: Fleet, leaf: Leaf): Leaf[] {
  const alone = singletons(fleet, leaf.hosts)
  if (alone.size === 0) return [leaf]
  return [
    { ...leaf, hosts: leaf.hosts.filter(host => !alone.has(host)) },
    ...[...alone].map(host => ({ hosts: [host], splitFrom: null, isolated: true, variants: [] }))
  ].filter(({ hosts }) => hosts.length > 0)
}

function divide(
  fleet: Fleet,
  hosts: readonly number[],
  splitFrom: readonly number[] | null,
  depth: number
): Leaf[] {
  if (hosts.length < MIN_HOSTS_TO_SPLIT || depth >= DEEPEST)
    return [{ hosts, splitFrom, isolated: false, variants: [] }]
  const blocks = findBlocks(fleet, hosts)
  const parting = partingBlocks(fleet, hosts, blocks)
  const groups = parting.length === 0 ? [] : groupBySignature(fleet, hosts, parting)
  if (groups.length < 2) {
    return [
      {
        hosts,
        splitFrom,
        isolated: false,
        variants: blocks.filter(block => block.share >= VARIANT_SHARE && sizeOf(block) >= VARIANT_ROWS)
      }
    ]
  }
  return groups.flatMap(group =>
    group.hosts.length === 1
      ? [{ hosts: group.hosts, splitFrom: null, isolated: true, variants: [] }]
      : divide(fleet, group.hosts, group.splitFrom ?? splitFrom, depth + 1)
  )
}

/**
 * Adds rows, and replaces none but for an accident: neither in the block itself, nor in those that are versions of the
 * same thing.
 */
const addsOnly = (block: Block): boolean =>
  block.alternatives === 0 &&
  Math.min(block.plus.length, block.minus.length) <= ACCIDENT_SHARE * sizeOf(block)

/**
 * The blocks that are roles or versions, and no accident of a few hosts. Roles and versions replace rows or exclude one
 * another. A block that only adds and excludes nothing is *free*: a feature, a tool set, an implant; it must be larger.
 * Free blocks that meet in most combinations are sets of things run at random (containers), and part nothing.
 */
function partingBlocks(fleet: Fleet, hosts: readonly number[], blocks: readonly Block[]): Block[] {
  const rows = medianRows(fleet, hosts)
  const candidates = blocks.filter(
    block => !isTruncation(fleet, block) && mayPart(block, block.share * hosts.length, rows)
  )
  const own = signatures(fleet, hosts, candidates)
  const isFree = candidates.map(
    (block, at) =>
      addsOnly(block) && !candidates.some((_, other) => other !== at && excludeEachOther(own, at, other))
  )
  const large = candidates.filter((block, at) => {
    if (!isFree[at]) return true
    const minority = block.share * hosts.length
    const many = block.share >= 0.25 && minority > FEW_OF_FLEET * fleet.hosts.length
    return minority >= MIN_HOSTS_TO_COMPARE && sizeOf(block) >= freeSize(many, rows)
  })
  const free = large.map(block => candidates.indexOf(block)).filter(at => isFree[at])
  if (free.length < 3) return large
  const ways = new Set(own.map(signature => free.map(at => signature[at]).join('')))
  return ways.size < 2 * free.length ? large : large.filter(block => !isFree[candidates.indexOf(block)])
}

function mayPart(block: Block, minority: number, rows: number): boolean {
  const size = sizeOf(block)
  if (size >= Math.max(6, 0.06 * rows)) return true
  if (block.share >= 0.25) return size >= 3
  if (block.alternatives > 0 && minority >= 3 && block.share >= Math.min(0.06, 0.5 / block.alternatives))
    return true
  const replaces = block.plus.length >= 2 && block.minus.length >= 2
  return replaces && size >= 4 && block.share >= 0.06 && minority >= 3
}

/** A free block on many hosts, of those at hand and of the fleet, may be smaller. */
const freeSize = (many: boolean, rows: number): number =>
  many ? Math.max(6, 0.05 * rows) : Math.max(10, 0.08 * rows)

/** Rows that vanish from one table alone are a query that was cut, never a version. */
function isTruncation(fleet: Fleet, block: Block): boolean {
  if (block.plus.length > 0) return false
  const byQuery = new Map<number, number>()
  for (const item of block.minus) {
    const query = fleet.items[item]?.query ?? -1
    byQuery.set(query, (byQuery.get(query) ?? 0) + 1)
  }
  return Math.max(...byQuery.values()) >= 0.9 * block.minus.length
}

/** Far fewer hosts are in both minorities than chance would give. */
function excludeEachOther(signatures: readonly string[], a: number, b: number): boolean {
  let both = 0
  let first = 0
  let second = 0
  for (const signature of signatures) {
    const inFirst = signature[a] === '1'
    const inSecond = signature[b] === '1'
    if (inFirst) first++
    if (inSecond) second++
    if (inFirst && inSecond) both++
  }
  const expected = (first * second) / signatures.length
  return expected >= 2 && both <= 0.1 * expected
}

interface Group {
  readonly hosts: number[]
  /** The groups that it differs from by more rows alone, itself included; null where there is none. */
  readonly splitFrom: readonly number[] | null
}

function groupBySignature(fleet: Fleet, hosts: readonly number[], blocks: readonly Block[]): Group[] {
  const own = signatures(fleet, hosts, blocks)
  const bySignature = new Map<string, number[]>()
  for (const [at, host] of hosts.entries()) {
    const signature = own[at] ?? ''
    const group = bySignature.get(signature)
    if (group === undefined) bySignature.set(signature, [host])
    else group.push(host)
  }
  const kept = [...bySignature].filter(([signature, group]) => group.length >= 2 && !signature.includes('?'))
  kept.sort(([a, own], [b, other]) => other.length - own.length || (a < b ? -1 : 1))
  if (kept.length === 0) return []
  const weights = blocks.map(sizeOf)
  const known = new Set(kept.map(([signature]) => signature))
  const lone: Group[] = []
  const least = Math.max(6, LONE_SHARE * medianRows(fleet, hosts))
  for (const [signature, group] of bySignature) {
    if (known.has(signature)) continue
    const [nearest, join] = kept.reduce((best, next) =>
      distance(signature, next[0], weights) < distance(signature, best[0], weights) ? next : best
    )
    const replaces = !addsTo(signature, nearest, blocks) && !addsTo(nearest, signature, blocks)
    if (group.length === 1 && replaces && distance(signature, nearest, weights) >= least)
      lone.push({ hosts: group, splitFrom: null })
    else join.push(...group)
  }
  const groups = kept.map(([signature, group]) => {
    const fewer = kept.filter(([other]) => other !== signature && addsTo(signature, other, blocks))
    const base = fewer.length === 0 ? null : [...group, ...fewer.flatMap(([, rest]) => rest)]
    return { hosts: group.sort((a, b) => a - b), splitFrom: base }
  })
  return [...groups, ...lone]
}

/** Whether one signature has all the rows of another, and more. */
function addsTo(signature: string, other: string, blocks: readonly Block[]): boolean {
  return blocks.every((block, at) => {
    if (signature[at] === other[at]) return true
    return addsOnly(block) && signature[at] === (block.plus.length > block.minus.length ? '1' : '0')
  })
}

/** By host, a character for each block: of its minority (1) or not (0), by most of its rows; ? where none was observed. */
function signatures(fleet: Fleet, hosts: readonly number[], blocks: readonly Block[]): string[] {
  const blockOf = new Int32Array(fleet.items.length)
  for (const [at, block] of blocks.entries()) {
    for (const item of block.plus) blockOf[item] = at + 1
    for (const item of block.minus) blockOf[item] = -at - 1
  }
  const members = blocks.map(block => membersByQuery(fleet, block))
  const votes = new Int32Array(blocks.length)
  return hosts.map(index => {
    const host = fleet.hosts[index]
    votes.fill(0)
    const items = host?.items ?? new Int32Array()
    for (let at = 0; at < items.length; at++) {
      const block = blockOf[items[at] ?? -1] ?? 0
      if (block > 0) votes[block - 1] = (votes[block - 1] ?? 0) + 1
      else if (block < 0) votes[-block - 1] = (votes[-block - 1] ?? 0) - 1
    }
    let signature = ''
    for (const [at, byQuery] of members.entries()) {
      let rows = 0
      let agreeing = votes[at] ?? 0
      for (const { query, plus, minus } of byQuery) {
        if (host?.observed[query] !== 1) continue
        rows += plus + minus
        agreeing += minus
      }
      signature += rows === 0 ? '?' : agreeing * 2 > rows ? '1' : '0'
    }
    return signature
  })
}

function membersByQuery(fleet: Fleet, block: Block): { query: number; plus: number; minus: number }[] {
  const byQuery = new Map<number, { query: number; plus: number; minus: number }>()
  const entry = (item: number) => {
    const query = fleet.items[item]?.query ?? -1
    const known = byQuery.get(query) ?? { query, plus: 0, minus: 0 }
    byQuery.set(query, known)
    return known
  }
  for (const item of block.plus) entry(item).plus++
  for (const item of block.minus) entry(item).minus++
  return [...byQuery.values()]
}

function distance(a: string, b: string, weights: readonly number[]): number {
  let sum = 0
  for (const [at, weight] of weights.entries()) if (a[at] !== b[at] && a[at] !== '?') sum += weight
  return sum
}

function medianRows(fleet: Fleet, hosts: readonly number[]): number {
  const sizes = Int32Array.from(hosts, host => fleet.hosts[host]?.items.length ?? 0).sort()
  return sizes[sizes.length >> 1] ?? 0
}
