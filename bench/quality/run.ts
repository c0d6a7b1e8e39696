import type { FleetScenario } from './fleet/ground-truth.ts'
import { jaccardClusters } from './reference-methods/jaccard.ts'
import { stacking } from './reference-methods/stacking.ts'
import { productResult, type Variant } from './result.ts'
import { type Observation, score } from './score.ts'

/** Observations of one figure, added up. */
export interface Tally {
  readonly value: number
  /** How many fleets, incidents, hosts or rows it is made of. */
  readonly weight: number
}

/** Figures by key. */
export type Tallies = ReadonlyMap<string, Tally>

export interface Measured {
  readonly product: Tallies
  /** By the name of the reference method. */
  readonly references: ReadonlyMap<string, Tallies>
  readonly byScenario: ReadonlyMap<string, Tallies>
}

/** Above this the reference methods, which compare every host with every other, would take most of the time. */
const MAX_HOSTS_FOR_REFERENCES = 300
const REFERENCE_METHODS = { stacking, 'Jaccard, DBSCAN': jaccardClusters }

/** `references`: also score the reference methods. `variant`: measure the product changed so. */
export interface MeasureOptions {
  readonly references?: boolean
  readonly variant?: Variant
}

/** Makes a fleet for every scenario and seed, and scores the product on it. */
export async function measure(
  scenarios: readonly FleetScenario[],
  seeds: readonly number[],
  { references: withReferences = false, variant = {} }: MeasureOptions = {}
): Promise<Measured> {
  const product: Observation[] = []
  const byScenario = new Map<string, Tallies>()
  const references = new Map<string, Observation[]>()
  for (const scenario of scenarios) {
    const observed: Observation[] = []
    for (const seed of seeds) {
      const fleet = scenario.make(seed)
      observed.push(...score(fleet, await productResult(fleet, variant)))
      if (!withReferences || scenario.hosts > MAX_HOSTS_FOR_REFERENCES) continue
      for (const [name, method] of Object.entries(REFERENCE_METHODS))
        references.set(name, [...(references.get(name) ?? []), ...score(fleet, method(fleet))])
    }
    product.push(...observed)
    byScenario.set(scenario.name, tally(observed))
  }
  return {
    product: tally(product),
    references: new Map([...references].map(([name, observations]) => [name, tally(observations)])),
    byScenario
  }
}

function tally(observations: readonly Observation[]): Tallies {
  const tallies = new Map<string, Tally>()
  for (const [key, group] of Map.groupBy(observations, observation => observation.key)) {
    const weight = group.reduce((total, observation) => total + observation.weight, 0)
    const sum = group.reduce((total, observation) => total + observation.sum, 0)
    if (weight > 0) tallies.set(key, { value: sum / weight, weight })
  }
  return tallies
}
