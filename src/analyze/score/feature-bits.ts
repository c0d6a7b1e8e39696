import type { ClusteredFleet } from '../clustered-fleet.ts'
import type { ScoredRow } from './scored-row.ts'

/** A row on more than this part of the fleet is rather a feature. */
export const FEATURE_SHARE = 0.1
const FEATURE_BITS = 4
const FEATURE_BITS_STRONG = 2
const MIN_HOSTS_OF_FEATURE = 3

/** What speaks against an intruder when many hosts share the very same row, and no baseline says that it is new. */
export function featureBits(
  { size }: ClusteredFleet,
  rows: readonly ScoredRow[],
  hosts: readonly number[],
  strong: boolean
): number {
  if (hosts.length < MIN_HOSTS_OF_FEATURE) return 0
  const most = rows.reduce(
    (sum, { deviation }) => (deviation.baseline === 'none' ? Math.max(sum, deviation.hosts.length) : sum),
    0
  )
  if (most <= Math.max(MIN_HOSTS_OF_FEATURE - 1, FEATURE_SHARE * size)) return 0
  return strong ? FEATURE_BITS_STRONG : FEATURE_BITS
}
