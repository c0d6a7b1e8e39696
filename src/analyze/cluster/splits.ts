import type { Fleet } from '../../normalize/fleet.ts'
import { weightOfQuery } from '../table-weight.ts'
import { countShared, sameBits } from './bitsets.ts'
import { joinBlocks } from './blocks.ts'
import { agreeing, type Split, weighSplit } from './evidence.ts'
import { findFeatures, rowsOfFeatures } from './features.ts'
import { type Divided, isRole, largeGroup, ROLE_ROWS } from './roles.ts'
import { firstRow, type RowSet, type RowSets } from './row-sets.ts'

/** Bits that a split must save beyond its cost: chance gives as much to one split in a thousand. */
const MARGIN = 10
/** Groups that are chosen together may share this part of the smaller one: hosts where a row is missing or left over. */
const OVERLAP = 0.1
/** Times that a candidate's hosts are chosen again by its rows. */
const ROUNDS = 3
/** A bound for hostile fleets on the blocks that are tried as splits. */
const MAX_CANDIDATES = 256

export interface Splits {
  /** Groups that share no hosts, large ones first, then by evidence; the hosts of none are one more group. */
  readonly chosen: readonly Split[]
  /** All groups that are roles, whether chosen or not. */
  readonly roles: readonly Split[]
  /** Rows of features, which divide nothing at any depth. */
  readonly featureRows: ReadonlySet<number>
  /** Blocks of rows, largest first. */
  readonly blocks: readonly RowSet[]
}

/** The splits of some hosts that pay and that are roles or versions, not features, idle hosts or short answers. */
export function findSplits(divided: Divided, rowSets: RowSets): Splits {
  const blocks = joinBlocks(rowSets)
  const candidates = candidateSplits(divided.fleet, rowSets, blocks)
  const features = findFeatures(candidates, rowSets.sample.length)
  const hostsOf = (split: Split) => (split.size * divided.hosts.length) / rowSets.sample.length
  const roles = candidates.filter(split => !features.has(split) && isRole(divided, split, hostsOf(split)))
  const [small, large] = [false, true].map(isLarge =>
    roles.filter(split => hostsOf(split) >= largeGroup(divided) === isLarge).sort(byEvidence)
  )
  return {
    chosen: withoutOverlap([...(large ?? []), ...(small ?? [])]),
    roles,
    featureRows: rowsOfFeatures(candidates, features),
    blocks
  }
}

/**
 * The splits that pay, each once. Every block is a candidate; its group is then chosen again by the rows that differ,
 * until it stays as it is.
 */
function candidateSplits(fleet: Fleet, rowSets: RowSets, blocks: readonly RowSet[]): Split[] {
  const found: Split[] = []
  const pays = (split: Split) =>
    split.bits >= MARGIN && rowsBeyondContext(fleet, [...split.added, ...split.lost]) >= ROLE_ROWS
  for (const block of blocks.slice(0, MAX_CANDIDATES)) {
    if (block.size < 2) continue
    let split = weighSplit(rowSets, blocks, block.minority)
    for (let round = 0; round < ROUNDS && pays(split); round++) {
      const group = agreeing(rowSets, split)
      if (sameBits(group, split.group)) break
      split = weighSplit(rowSets, blocks, group)
    }
    if (split.size >= 2 && pays(split) && !found.some(({ group }) => sameBits(group, split.group)))
      found.push(split)
  }
  return found
}

/** Rows of context tables count beside others, never by themselves. */
function rowsBeyondContext({ queries, items }: Fleet, rows: readonly number[]): number {
  return rows.filter(item => {
    const query = queries[items[item]?.query ?? -1]
    return query !== undefined && weightOfQuery(query) !== 'context'
  }).length
}

const firstOf = ({ added, lost }: Split): number => firstRow({ plus: added, minus: lost })
const byEvidence = (a: Split, b: Split): number => b.bits - a.bits || firstOf(a) - firstOf(b)

/** The splits, in their order, that share nearly no hosts with any before. */
function withoutOverlap(splits: readonly Split[]): Split[] {
  const chosen: Split[] = []
  for (const split of splits) {
    const isFree = chosen.every(
      ({ group, size }) => countShared(group, split.group) <= OVERLAP * Math.min(size, split.size)
    )
    if (isFree) chosen.push(split)
  }
  return chosen
}
