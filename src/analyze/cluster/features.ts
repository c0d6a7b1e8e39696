import { countShared } from './bitsets.ts'
import type { Split } from './evidence.ts'

/** Two groups are independent when each of their four combinations has this part of the hosts that chance gives. */
const INDEPENDENT = 0.25
/** A one-sided group with so many times the evidence of one that it crosses is a role beside a feature. */
const LARGER = 2

/**
 * The candidates that are features: one-sided groups (tool sets, containers, agents) that cross another group at
 * random, unless they have more than twice its evidence.
 */
export function findFeatures(candidates: readonly Split[], hosts: number): Set<Split> {
  const isFeature = (split: Split) =>
    candidates.some(
      other => other !== split && split.bits <= LARGER * other.bits && crossAtRandom(split, other, hosts)
    )
  return new Set(candidates.filter(split => !(split.hasOwn && split.othersHaveOwn) && isFeature(split)))
}

/** The rows of features that belong to no other candidate. */
export function rowsOfFeatures(candidates: readonly Split[], features: ReadonlySet<Split>): Set<number> {
  const rows = new Set([...features].flatMap(({ added, lost }) => [...added, ...lost]))
  for (const split of candidates)
    if (!features.has(split)) for (const item of [...split.added, ...split.lost]) rows.delete(item)
  return rows
}

function crossAtRandom(a: Split, b: Split, hosts: number): boolean {
  const both = countShared(a.group, b.group)
  const expected = (a.size * b.size) / hosts
  const least = Math.min(expected, a.size - expected, b.size - expected, hosts - a.size - b.size + expected)
  const fewest = Math.min(both, a.size - both, b.size - both, hosts - a.size - b.size + both)
  return least >= 1 && fewest >= Math.max(1, INDEPENDENT * least)
}
