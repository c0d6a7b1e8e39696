import type { Residual } from './residuals.ts'
import type { Scene } from './scene.ts'

/** A host is alone when it has more rows of its own than this, this part of its rows, … */
const OWN_ROWS = 10
const OWN_SHARE = 0.06
/** … and so many robust standard deviations above the median of its fleet. */
const DEVIATIONS = 6

/**
 * Hosts like no other (a bastion among web servers), by the number of rows that only they show. They are told, but they
 * are no witnesses of what is usual: otherwise one of them hides a real hit on every other host.
 */
export function loneHosts(scene: Scene, residuals: readonly Residual[]): Set<number> {
  const own = new Map<number, number>()
  for (const { hosts } of scene.clusters) for (const host of hosts) own.set(host, 0)
  for (const { hosts } of residuals) {
    const host = hosts.length === 1 ? hosts[0] : undefined
    if (host !== undefined) own.set(host, (own.get(host) ?? 0) + 1)
  }
  const counts = Float64Array.from(own.values()).sort()
  const median = middle(counts)
  const spread = 1.4826 * middle(counts.map(count => Math.abs(count - median)).sort())
  const rows = middle(
    Float64Array.from(own.keys(), host => scene.fleet.hosts[host]?.items.length ?? 0).sort()
  )
  const limit = Math.max(OWN_ROWS, OWN_SHARE * rows, median + DEVIATIONS * spread)
  return new Set([...own].filter(([, count]) => count > limit).map(([host]) => host))
}

function middle(sorted: Float64Array): number {
  return sorted[sorted.length >> 1] ?? 0
}
