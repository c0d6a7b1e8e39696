/** Union–find over the numbers below `size`, with path halving; the smallest member of a set is its root. */
export function disjointSets(size: number) {
  const parent = Int32Array.from({ length: size }, (_, at) => at)
  const root = (at: number): number => {
    let one = at
    while (parent[one] !== one) {
      parent[one] = parent[parent[one] ?? one] ?? one
      one = parent[one] ?? one
    }
    return one
  }
  return {
    root,
    unite(a: number, b: number): void {
      const [left, right] = [root(a), root(b)]
      parent[Math.max(left, right)] = Math.min(left, right)
    }
  }
}
