import type { ScoredDeviation } from './surprise.ts'

/** Residuals that the same hosts show: one cause, one finding. */
export interface Group {
  /** Indices into the fleet's hosts, ascending. */
  readonly hosts: readonly number[]
  readonly members: readonly ScoredDeviation[]
}

/** Sets of so many hosts may differ a little and still be one group … */
const FUZZY_FROM = 3
/** … when they share this part of their union (Jaccard). */
const FUZZY_SHARE = 0.6

/**
 * Groups residuals by the set of hosts that show them; then joins sets of three and more hosts that nearly agree, and
 * gives per-host variants of one shape (random file names of one implant) to the group whose hosts all have one.
 * Commonest sets lead. O(groups²) set comparisons, over groups of three and more hosts only.
 */
export function groupByHosts(surprises: readonly ScoredDeviation[]): Group[] {
  const exact = new Map<string, { hosts: readonly number[]; members: ScoredDeviation[] }>()
  for (const surprise of variantsJoined(surprises)) {
    const key = surprise.hosts.join()
    const group = exact.get(key)
    if (group === undefined) exact.set(key, { hosts: surprise.hosts, members: [...surprise.members] })
    else for (const member of surprise.members) group.members.push(member)
  }
  const byWeight = [...exact.values()].sort(
    (a, b) =>
      b.members.length - a.members.length || b.hosts.length - a.hosts.length || compareHosts(a.hosts, b.hosts)
  )
  const groups: { hosts: readonly number[]; members: ScoredDeviation[] }[] = []
  for (const group of byWeight) {
    const leader =
      group.hosts.length < FUZZY_FROM
        ? undefined
        : groups.find(
            known => known.hosts.length >= FUZZY_FROM && jaccard(known.hosts, group.hosts) >= FUZZY_SHARE
          )
    if (leader === undefined) groups.push(group)
    else for (const member of group.members) leader.members.push(member)
  }
  return groups.map(({ members }) => ({
    hosts: [...new Set(members.flatMap(member => member.residual.hosts))].sort((a, b) => a - b),
    members
  }))
}

/** Rows of one shape whose hosts together are exactly the hosts of another row: they stand on those hosts together. */
function variantsJoined(
  surprises: readonly ScoredDeviation[]
): { hosts: readonly number[]; members: ScoredDeviation[] }[] {
  const sets = new Set(surprises.map(surprise => surprise.residual.hosts.join()))
  const shapes = new Map<number, ScoredDeviation[]>()
  for (const surprise of surprises) {
    const list = shapes.get(surprise.shape)
    if (list === undefined) shapes.set(surprise.shape, [surprise])
    else list.push(surprise)
  }
  const joined: { hosts: readonly number[]; members: ScoredDeviation[] }[] = []
  for (const members of shapes.values()) {
    const union = [...new Set(members.flatMap(member => member.residual.hosts))].sort((a, b) => a - b)
    if (members.length > 1 && sets.has(union.join())) joined.push({ hosts: union, members })
    else for (const member of members) joined.push({ hosts: member.residual.hosts, members: [member] })
  }
  return joined
}

/** Shared part of the union of two ascending sets. */
function jaccard(a: readonly number[], b: readonly number[]): number {
  if (Math.min(a.length, b.length) < FUZZY_SHARE * Math.max(a.length, b.length)) return 0
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
