/** Rows that the same hosts show: one cause, one finding. */
export interface Group<Row> {
  /** Indices into the fleet's hosts, ascending. */
  readonly hosts: readonly number[]
  readonly rows: readonly Row[]
}

/** Sets of so many hosts may differ a little and still be one group … */
const MIN_HOSTS_FUZZY = 3
/** … when they share this part of their union (Jaccard). */
const MIN_SHARED = 0.6

/**
 * Groups rows by the set of hosts that show them; then joins sets of three and more hosts that nearly agree. Sets with
 * the most rows lead. O(groups²) set comparisons, over groups of three and more hosts only.
 * @param joined rows that are one thing under many names, with all hosts that show one
 */
export function groupByHosts<Row>(joined: readonly Group<Row>[]): Group<Row>[] {
  const exact = new Map<string | number, { hosts: readonly number[]; rows: Row[] }>()
  for (const { hosts, rows } of joined) {
    const key = hosts.length === 1 ? (hosts[0] ?? -1) : hosts.join()
    const group = exact.get(key)
    if (group === undefined) exact.set(key, { hosts, rows: [...rows] })
    else for (const row of rows) group.rows.push(row)
  }
  const byWeight = [...exact.values()].sort(
    (a, b) =>
      b.rows.length - a.rows.length || b.hosts.length - a.hosts.length || compareHosts(a.hosts, b.hosts)
  )
  const groups: { hosts: readonly number[]; rows: Row[] }[] = []
  for (const group of byWeight) {
    const leader =
      group.hosts.length < MIN_HOSTS_FUZZY
        ? undefined
        : groups.find(
            known => known.hosts.length >= MIN_HOSTS_FUZZY && jaccard(known.hosts, group.hosts) >= MIN_SHARED
          )
    if (leader === undefined) groups.push(group)
    else {
      for (const row of group.rows) leader.rows.push(row)
      leader.hosts = [...new Set([...leader.hosts, ...group.hosts])].sort((a, b) => a - b)
    }
  }
  return groups
}

/** The shared part of the union of two ascending sets. */
function jaccard(a: readonly number[], b: readonly number[]): number {
  if (Math.min(a.length, b.length) < MIN_SHARED * Math.max(a.length, b.length)) return 0
  let shared = 0
  for (let left = 0, right = 0; left < a.length && right < b.length; ) {
    const difference = (a[left] ?? 0) - (b[right] ?? 0)
    if (difference === 0) shared++
    if (difference <= 0) left++
    if (difference >= 0) right++
  }
  return shared / (a.length + b.length - shared)
}

function compareHosts(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((host, index) => host !== b[index])
  return at < 0 ? a.length - b.length : (a[at] ?? -1) - (b[at] ?? -1)
}
