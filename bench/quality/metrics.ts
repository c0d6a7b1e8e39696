/** Pairs among `count`. */
const pairs = (count: number): number => (count * (count - 1)) / 2

/**
 * The adjusted Rand index of a partition against the true cells (Hubert and Arabie 1985): 1 for the same partition, 0
 * for one by chance.
 */
export function adjustedRandIndex<T>(
  clusters: readonly (readonly T[])[],
  cellOf: (one: T) => string
): number {
  const cells = new Map<string, number>()
  let together = 0
  let inClusters = 0
  let total = 0
  for (const cluster of clusters) {
    const shares = new Map<string, number>()
    for (const one of cluster) {
      const cell = cellOf(one)
      shares.set(cell, (shares.get(cell) ?? 0) + 1)
      cells.set(cell, (cells.get(cell) ?? 0) + 1)
    }
    for (const count of shares.values()) together += pairs(count)
    inClusters += pairs(cluster.length)
    total += cluster.length
  }
  let inCells = 0
  for (const count of cells.values()) inCells += pairs(count)
  const byChance = (inClusters * inCells) / Math.max(1, pairs(total))
  const most = (inClusters + inCells) / 2
  return most === byChance ? 1 : (together - byChance) / (most - byChance)
}

/** The mean, over the wanted, of the precision at the place where each stands; a wanted one that is not ranked adds 0. */
export function averagePrecision<T>(ranked: readonly T[], wanted: ReadonlySet<T>): number {
  let hits = 0
  let sum = 0
  for (const [index, one] of ranked.entries()) {
    if (!wanted.has(one)) continue
    hits++
    sum += hits / (index + 1)
  }
  return wanted.size === 0 ? 1 : sum / wanted.size
}
