import { isIntegrity, priorOf, type Scene } from '../clustered-fleet.ts'
import type { Residual } from '../deviate/deviations.ts'
import { groupByHosts } from './group-by-hosts.ts'
import { type Noise, scoreGroup } from './score.ts'
import { mostBits, type Surprise } from './surprise.ts'

/** Below this a residual is noise: bits, capped by what so small a fleet can give. */
const leastBits = (hosts: number): number => Math.min(3, 0.6 * mostBits(hosts))

/** Who and what is asked how usual something is. */
export interface Witnesses {
  /** Hosts that are not: they are like no other. */
  readonly apart: ReadonlySet<number>
  /** Residuals that are not: their cause is known. */
  readonly known: ReadonlySet<Residual>
  /** Rows of a table that are: those that may accuse. */
  readonly accuses: (residual: Residual) => boolean
}

export interface Weighed {
  readonly groups: readonly WeighedGroup[]
  readonly noise: Noise
}

export interface WeighedGroup {
  readonly hosts: readonly number[]
  /** Most surprising first. */
  readonly rows: readonly Residual[]
  /** Those that may accuse. */
  readonly telling: readonly Residual[]
  /** Evidence, and what its tables add beforehand. */
  readonly bits: number
  readonly prior: number
  readonly quiet: Surprise | undefined
}

/** Weighs residuals, asking those whose cause is not known what is usual. */
export function weigh(
  scene: Scene,
  surprises: (known: ReadonlySet<Residual>, least: number) => readonly Surprise[],
  witnesses: Witnesses
): Weighed {
  const kept = surprises(witnesses.known, leastBits(scene.size))
  const noise = noiseOf(scene, kept, witnesses)
  const integrity = ({ residual }: Surprise) => isIntegrity(scene, residual)
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

function noiseOf(scene: Scene, kept: readonly Surprise[], { apart, known, accuses }: Witnesses): Noise {
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
