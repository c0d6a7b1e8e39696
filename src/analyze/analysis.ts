import type { Fleet } from '../normalize/fleet.ts'
import type { Cluster } from './cluster/clusters.ts'
import type { ClusterProfile } from './cluster/profiles.ts'
import type { Draft } from './findings/draft.ts'

/** The judged fleet, before the raw rows of its findings are fetched. */
export interface Analysis {
  /** The fleet that the drafts' items refer to. */
  readonly fleet: Fleet
  readonly clusters: readonly Cluster[]
  /** What sets each cluster apart, in the order of the clusters. */
  readonly profiles: readonly ClusterProfile[]
  /** Worst first. */
  readonly drafts: readonly Draft[]
  readonly foldedRows: number
  /** By host: the bits of the most surprising thing about it that was folded. */
  readonly foldedBits: Float64Array
  readonly notices: readonly string[]
}
