const pairsAmong = (count: number): number => (count * (count - 1)) / 2

/**
 * The adjusted Rand index of a partition against the true groups (Hubert and Arabie 1985): 1 for the same partition,
 * 0 for one by chance.
 */
export function adjustedRandIndex<T>(
  clusters: readonly (readonly T[])[],
  groupOf: (element: T) => string
): number {
  const groups = new Map<string, number>()
  let together = 0
  let inClusters = 0
  let total = 0
  for (const cluster of clusters) {
    const shares = new Map<string, number>()
    for (const element of cluster) {
      const group = groupOf(element)
      shares.set(group, (shares.get(group) ?? 0) + 1)
      groups.set(group, (groups.get(group) ?? 0) + 1)
    }
    for (const count of shares.values()) together += pairsAmong(count)
    inClusters += pairsAmong(cluster.length)
    total += cluster.length
  }
  let inGroups = 0
  for (const count of groups.values()) inGroups += pairsAmong(count)
  const byChance = (inClusters * inGroups) / Math.max(1, pairsAmong(total))
  const maximum = (inClusters + inGroups) / 2
  return maximum === byChance ? 1 : (together - byChance) / (maximum - byChance)
}

/** The mean, over the wanted elements, of the precision at the rank of each; one that is not ranked adds 0. */
export function averagePrecision<T>(ranked: readonly T[], wanted: ReadonlySet<T>): number {
  let hits = 0
  let sum = 0
  for (const [index, element] of ranked.entries()) {
    if (!wanted.has(element)) continue
    hits++
    sum += hits / (index + 1)
  }
  return wanted.size === 0 ? 1 : sum / wanted.size
}
