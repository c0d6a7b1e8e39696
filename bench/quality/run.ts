import { generate } from './fleet/generate.ts'
import type { Family } from './fleet/scenario.ts'
import { jaccardClusters } from './reference-methods/jaccard.ts'
import { stacking } from './reference-methods/stacking.ts'
import { ourAnswer } from './result.ts'
import { type Observation, score } from './score.ts'

/** Observations of one figure added up. */
export interface Tally {
  readonly value: number
  /** How many fleets, incidents or rows it is made of. */
  readonly weight: number
}

/** Figures by key. */
export type Tallies = ReadonlyMap<string, Tally>

export interface Measured {
  readonly ours: Tallies
  /** By the peer's name. */
  readonly peers: ReadonlyMap<string, Tallies>
  readonly byFamily: ReadonlyMap<string, Tallies>
}

/** Above this the peers, which compare every host with every other, would take most of the time. */
const LARGEST_FOR_PEERS = 300
const PEERS = { stacking, 'Jaccard, DBSCAN': jaccardClusters }

/** Makes every fleet of the families and seeds, and scores the engine on it, and the peers where asked. */
export async function measure(
  families: readonly Family[],
  seeds: readonly number[],
  peers: boolean
): Promise<Measured> {
  const ours: Observation[] = []
  const byFamily = new Map<string, Tallies>()
  const theirs = new Map<string, Observation[]>()
  for (const family of families) {
    const own: Observation[] = []
    for (const seed of seeds) {
      const fleet = generate(family, seed)
      own.push(...score(family, fleet, await ourAnswer(fleet)))
      if (!peers || family.hosts > LARGEST_FOR_PEERS) continue
      for (const [name, answer] of Object.entries(PEERS))
        theirs.set(name, [...(theirs.get(name) ?? []), ...score(family, fleet, answer(fleet))])
    }
    ours.push(...own)
    byFamily.set(family.name, tally(own))
  }
  return {
    ours: tally(ours),
    peers: new Map([...theirs].map(([name, list]) => [name, tally(list)])),
    byFamily
  }
}

function tally(observations: readonly Observation[]): Tallies {
  const tallies = new Map<string, Tally>()
  for (const [key, list] of Map.groupBy(observations, observation => observation.key)) {
    const weight = list.reduce((sum, one) => sum + one.weight, 0)
    if (weight > 0) tallies.set(key, { value: list.reduce((sum, one) => sum + one.sum, 0) / weight, weight })
  }
  return tallies
}
