import { type ClusteredFleet, isIntegrity, priorOf } from '../clustered-fleet.ts'
import type { Deviation } from '../deviate/deviation.ts'
import { groupByHosts } from './group-by-hosts.ts'
import { type Noise, scoreGroup } from './score.ts'
import { mostBits, type ScoredDeviation } from './surprise.ts'

/** Below this a residual is noise: bits, capped by what so small a fleet can give. */
const leastBits = (hosts: number): number => Math.min(3, 0.6 * mostBits(hosts))

/** Who and what is asked how usual something is. */
export interface Witnesses {
  /** Hosts that are not: they are like no other. */
  readonly apart: ReadonlySet<number>
  /** Residuals that are not: their cause is known. */
  readonly known: ReadonlySet<Deviation>
  /** Rows of a table that are: those that may accuse. */
  readonly accuses: (residual: Deviation) => boolean
}

export interface Weighed {
  readonly groups: readonly WeighedGroup[]
  readonly noise: Noise
}

export interface WeighedGroup {
  readonly hosts: readonly number[]
  /** Most surprising first. */
  readonly rows: readonly Deviation[]
  /** Those that may accuse. */
  readonly telling: readonly Deviation[]
  /** Evidence, and what its tables add beforehand. */
  readonly bits: number
  readonly prior: number
  readonly quiet: ScoredDeviation | undefined
}

/** Weighs residuals, asking those whose cause is not known what is usual. */
export function weigh(
  scene: ClusteredFleet,
  surprises: (known: ReadonlySet<Deviation>, least: number) => readonly ScoredDeviation[],
  witnesses: Witnesses
): Weighed {
  const kept = surprises(witnesses.known, leastBits(scene.size))
  const noise = noiseOf(scene, kept, witnesses)
  const integrity = ({ residual }: ScoredDeviation) => isIntegrity(scene, residual)
  const groups = groupByHosts(kept).map(({ hosts, members }) => {
    const sorted = [...members].sort((a, b) => b.bits - a.bits || a.residual.item - b.residual.item)
    const telling = sorted.filter(({ residual }) => witnesses.accuses(residual))
    return {
      bits: scoreGroup(telling, hosts, noise, integrity),
      prior: telling.reduce((most, { residual }) => Math.max(most, priorOf(scene, residual)), 0),
      hosts,
      rows: sorted.map(({ residual }) => residual),
      telling: telling.map(({ residual }) => residual),
      quiet: sorted[0]
    }
  })
  return { groups, noise }
}

function noiseOf(
  scene: ClusteredFleet,
  kept: readonly ScoredDeviation[],
  { apart, known, accuses }: Witnesses
): Noise {
  const most = new Float64Array(scene.fleet.hosts.length)
  const mostOfIntegrity = new Float64Array(scene.fleet.hosts.length)
  for (const { residual, bits } of kept) {
    if (known.has(residual) || !accuses(residual)) continue
    const integrity = isIntegrity(scene, residual)
    for (const host of residual.hosts) {
      if (apart.has(host)) continue
      most[host] = Math.max(most[host] ?? 0, bits)
      if (integrity) mostOfIntegrity[host] = Math.max(mostOfIntegrity[host] ?? 0, bits)
    }
  }
  const falling = (values: Float64Array) => values.filter(bits => bits > 0).sort((a, b) => b - a)
  return {
    hosts: scene.size,
    most,
    mostOfIntegrity,
    falling: falling(most),
    fallingOfIntegrity: falling(mostOfIntegrity)
  }
}
