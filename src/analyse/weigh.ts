import { type Group, groupByHosts } from './group.ts'
import type { Residual } from './residuals.ts'
import type { Scene } from './scene.ts'
import { type Scale, scoreGroup, type Tier, tierOf } from './score.ts'
import { mostBits, type Surprise } from './surprise.ts'

/** Below this a residual is noise: bits, capped by what so small a fleet can give. */
const leastBits = (hosts: number): number => Math.min(3, 0.6 * mostBits(hosts))

/** What this share of the hosts stays below is usual, whatever its bits; in a fleet of few hosts a larger share. */
const USUAL = 0.5
const USUAL_OF_FEW = 0.75
const FEW = 30
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
  readonly scale: Scale
  /** Bits that hosts show anyway. */
  readonly usual: number
}

export interface WeighedGroup {
  readonly hosts: readonly number[]
  /** Most surprising first. */
  readonly rows: readonly Residual[]
  /** Those that may accuse. */
  readonly telling: readonly Residual[]
  readonly bits: number
  readonly tier: Tier
  readonly quiet: Surprise | undefined
}

/** Weighs residuals, asking those whose cause is not known what is usual. */
export function weigh(
  scene: Scene,
  surprises: (known: ReadonlySet<Residual>, least: number) => readonly Surprise[],
  witnesses: Witnesses
): Weighed {
  const { apart, accuses, known } = witnesses
  const kept = surprises(known, leastBits(scene.size))
  const groups = groupByHosts(kept)
  const scale = scaleOf(scene, kept, groups, witnesses)
  const best = new Float64Array(scene.fleet.hosts.length)
  const scored = groups.map(({ hosts, members }) => {
    const sorted = [...members].sort((a, b) => b.bits - a.bits || a.residual.item - b.residual.item)
    const telling = sorted.filter(({ residual }) => accuses(residual))
    const counted = !telling.every(({ residual }) => known.has(residual))
    const bits = telling.length === 0 ? 0 : scoreGroup(telling, hosts, scale, counted)
    if (counted) for (const host of hosts) best[host] = Math.max(best[host] ?? 0, bits)
    return { hosts, sorted, telling, bits }
  })
  const compared = scene.clusters.flatMap(({ hosts }) => hosts).filter(host => !apart.has(host))
  const sorted = Float64Array.from(compared, host => best[host] ?? 0).sort()
  const usual =
    sorted[Math.floor((compared.length < FEW ? USUAL_OF_FEW : USUAL) * (compared.length - 1))] ?? 0
  return {
    scale,
    usual,
    groups: scored.map(({ hosts, sorted, telling, bits }) => ({
      hosts,
      rows: sorted.map(({ residual }) => residual),
      telling: telling.map(({ residual }) => residual),
      bits,
      tier: telling.length === 0 ? 'fold' : tierOf(bits, scale, usual),
      quiet: sorted[0]
    }))
  }
}

/** How common it is that hosts show so many surprising rows in a channel, and so many groups. */
function scaleOf(
  scene: Scene,
  kept: readonly Surprise[],
  groups: readonly Group[],
  { apart, accuses, known }: Witnesses
): Scale {
  const byHost = new Map<string, Map<number, number>>()
  for (const { residual, channel } of kept) {
    if (known.has(residual) || !accuses(residual)) continue
    const counts = byHost.get(channel) ?? new Map<number, number>()
    for (const host of residual.hosts) if (!apart.has(host)) counts.set(host, (counts.get(host) ?? 0) + 1)
    if (counts.size > 0) byHost.set(channel, counts)
  }
  const rowsByChannel = new Map<string, Map<number, number>>()
  for (const [channel, counts] of byHost) {
    const tail = new Map<number, number>()
    for (const rows of counts.values()) {
      for (let fewer = 1; fewer <= rows; fewer++) tail.set(fewer, (tail.get(fewer) ?? 0) + 1)
    }
    rowsByChannel.set(channel, tail)
  }
  const groupsOfSize = new Map<number, number>()
  for (const { hosts, members } of groups) {
    if (hosts.every(host => apart.has(host)) || members.every(({ residual }) => known.has(residual))) continue
    groupsOfSize.set(hosts.length, (groupsOfSize.get(hosts.length) ?? 0) + 1)
  }
  return { hosts: scene.size, channels: byHost.size, rowsByChannel, groupsOfSize }
}
