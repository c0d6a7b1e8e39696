import type { Random } from '../../../simulator/fleet/random.ts'
import type { Query } from '../../../src/osquery/pack.ts'
import type { Row, SpecialFigure } from './ground-truth.ts'
import type { DrawEdits } from './incidents.ts'
import type { Noise } from './noise.ts'
import type { Distribution } from './os-image.ts'
import type { Rows } from './rows.ts'

/** Hosts that are legitimately alike: one role, one version of its releases, one build of the image. */
export interface Stratum {
  readonly role: string
  readonly version: number
  readonly generation: number
  /** Part of the fleet, relative to the other strata; `{ hosts }`: that many hosts, whatever the fleet's size. */
  readonly share: number | { readonly hosts: number }
}

/** `count` independent incidents, each of `least` to `most` rows on `hosts` hosts (below 1: a share of the fleet). */
export interface IncidentPlan {
  readonly draw: DrawEdits
  readonly count: number
  readonly hosts: number
  readonly rows: readonly [least: number, most: number]
  readonly benign: boolean
}

/** Fleets of one kind: what they are made of, how noisy they are, what is planted in them. */
export interface Scenario {
  readonly name: string
  readonly hosts: number
  readonly strata: readonly Stratum[]
  readonly noise: Noise
  readonly incidents: readonly IncidentPlan[]
  /** Compared with a baseline made of the same hosts before anything was planted. */
  readonly baseline: boolean
  readonly distribution: Distribution
  readonly figures: readonly SpecialFigure[]
  /** A pack that the product does not know; `null`: the linux pack. */
  readonly foreign: ForeignPack | null
  /** Persistent noise that only this scenario has. */
  readonly quirks: ((rows: Rows, random: Random) => void) | null
  /** Is part of the short bench. */
  readonly short: boolean
}

/** A foreign pack: its queries, and how its rows follow from those of the linux pack. */
export interface ForeignPack {
  readonly queries: readonly Query[]
  /** The same rows in its own tables and columns; row by row, so that the planted ones stay known. */
  translate(rows: Rows): Rows
  /** Adds the columns that differ each time a host is queried. */
  addVolatileColumns(row: Row, random: Random): Row
}
