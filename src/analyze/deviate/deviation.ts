import type { RowKind } from '../finding.ts'

export const ROW_KINDS: readonly RowKind[] = ['unexpected', 'missing', 'changed']

/** A way in which one host deviates from what is expected of it. */
export interface HostDeviation {
  readonly kind: RowKind
  /** The item that is there, or, for a missing row, the one that should be. */
  readonly item: number
  /** For a changed row, the item that should be there; else −1. */
  readonly expected: number
  readonly baseline: 'new' | 'missing' | 'none'
  /** So many hosts of the cluster share it that it looks like a deploy. */
  readonly common: boolean
}

/** A deviation and all the hosts of the fleet that show it: indices into the fleet's hosts, ascending. */
export interface Deviation extends HostDeviation {
  readonly hosts: readonly number[]
}
