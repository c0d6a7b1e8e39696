import { countDifferences } from './bitsets.ts'
import { firstRow, type RowSet, type RowSets, rowCount } from './row-sets.ts'

/**
 * Rows that come and go together over a set of hosts: what a role or a version adds, and what it replaces.
 * Its *minority* are the fewer hosts, those that have the `plus` rows and lack the `minus` rows.
 */
export interface Block {
  readonly plus: readonly number[]
  readonly minus: readonly number[]
  /** The minority's share of the hosts, at most ½. */
  readonly share: number
}

/** Rows whose hosts differ by at most this part of the smaller minority belong to one block. */
const BLOCK_DISTANCE = 0.2

/**
 * Joins row sets that nearly agree: each set joins the first larger one (the leader) whose hosts differ by at most a
 * fifth of the smaller minority. Most rows first. O(sets × blocks × hosts / 32).
 */
export function joinBlocks({ sample, sets }: RowSets): RowSet[] {
  const leaders: { minority: Uint32Array; size: number; plus: number[]; minus: number[] }[] = []
  for (const set of sets) {
    const joined = leaders.some(leader => {
      const limit = BLOCK_DISTANCE * Math.min(set.size, leader.size)
      const turned = set.size + leader.size >= sample.length - limit
      if (Math.abs(set.size - leader.size) > limit && !turned) return false
      const differences = countDifferences(set.minority, leader.minority)
      const alike = differences <= limit
      if (!alike && sample.length - differences > limit) return false
      for (const item of set.plus) (alike ? leader.plus : leader.minus).push(item)
      for (const item of set.minus) (alike ? leader.minus : leader.plus).push(item)
      return true
    })
    if (!joined) leaders.push({ ...set, plus: [...set.plus], minus: [...set.minus] })
  }
  return leaders.sort((a, b) => rowCount(b) - rowCount(a) || b.size - a.size || firstRow(a) - firstRow(b))
}
