import type { Random } from '../../../simulator/fleet/random.ts'
import type { Query } from '../../../src/osquery/pack.ts'
import type { Row } from './ground-truth.ts'
import type { Draw } from './incidents.ts'
import type { Noise } from './noise.ts'
import type { Distribution } from './os-image.ts'
import type { Rows } from './rows.ts'

/** Hosts that are legitimately alike: one role, one version of its releases, one build of the image. */
export interface Cell {
  readonly role: string
  readonly version: number
  readonly generation: number
  /** Part of the fleet, relative to the other cells; `{ hosts }`: that many hosts, whatever the fleet's size. */
  readonly share: number | { readonly hosts: number }
}

/** `count` independent plants, each of `least` to `most` rows on `hosts` hosts (below 1: a share of the fleet). */
export interface Planting {
  readonly draw: Draw
  readonly count: number
  readonly hosts: number
  readonly rows: readonly [least: number, most: number]
  readonly benign: boolean
}

/** Fleets of one kind: what they are made of, how noisy they are, what is planted in them. */
export interface Family {
  readonly name: string
  readonly hosts: number
  readonly cells: readonly Cell[]
  readonly noise: Noise
  readonly plantings: readonly Planting[]
  /** Compared with a baseline made of the same hosts before anything was planted. */
  readonly baseline: boolean
  readonly distribution: Distribution
  /** The figures it counts in beyond the common ones; see `score.ts`. */
  readonly figures: readonly FamilyFigure[]
  /** A pack that the product does not know; `null`: the linux pack. */
  readonly foreign: Foreign | null
  /** Noise of the family's own, that lasts with a host. */
  readonly oddities: ((rows: Rows, random: Random) => void) | null
  /** Stands in the short bench. */
  readonly short: boolean
}

/** A foreign pack: its queries, and how its rows follow from those of the linux pack. */
export interface Foreign {
  readonly queries: readonly Query[]
  /** The same rows in its own tables and columns; row by row, so that what was planted stays known. */
  translate(rows: Rows): Rows
  /** Adds the columns that no two looks share. */
  enliven(row: Row, random: Random): Row
}

export type FamilyFigure = 'homogeneous' | 'manyCells' | 'baseline' | 'tiny'
