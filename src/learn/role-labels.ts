import type { Expectation } from '../baseline/match.ts'
import type { Fleet } from '../normalize/fleet.ts'
import type { CleanGroup } from './observations.ts'

/**
 * The label of each group. A role keeps its label: it goes to the group that has most of the rows specific to the role.
 * Other groups get a label made from their own. A single group without roles has none. O(groups × roles × rows).
 */
export function labelsOf(
  groups: readonly CleanGroup[],
  fleet: Fleet,
  roles: readonly Expectation[]
): (string | null)[] {
  const existing = roles.flatMap(({ role }) => role ?? [])
  if (groups.length < 2 && existing.length === 0) return groups.map(() => null)
  const votes = groups.flatMap((group, at) => {
    const shown = new Set<number>()
    for (const host of group.hosts) for (const id of fleet.hosts[host]?.items ?? []) shown.add(id)
    return roles.flatMap(role => {
      const rows = [...role.required, ...role.optional].filter(
        id => shown.has(id) && !roles.every(other => isKnown(other, id))
      ).length
      return role.role === null || rows === 0 ? [] : [{ at, label: role.role, rows }]
    })
  })
  votes.sort((a, b) => b.rows - a.rows || a.at - b.at || (a.label < b.label ? -1 : 1))
  const labels: (string | null)[] = groups.map(() => null)
  const given = new Set<string>()
  for (const { at, label } of votes) {
    if (labels[at] !== null || given.has(label)) continue
    labels[at] = label
    given.add(label)
  }
  const taken = new Set(existing)
  return labels.map((label, at) => {
    if (label !== null) return label
    const made = newLabel(groups[at]?.label ?? '', taken)
    taken.add(made)
    return made
  })
}

function newLabel(label: string, taken: ReadonlySet<string>): string {
  const plain = label
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[-_]+|[-_]+$/g, '')
    .slice(0, 64)
  const base = plain === '' ? 'role' : plain
  let made = base
  for (let next = 2; taken.has(made); next++) made = `${base}-${next}`
  return made
}

const isKnown = ({ required, optional }: Expectation, id: number): boolean =>
  required.has(id) || optional.has(id)
