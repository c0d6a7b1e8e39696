import type { Expectation } from '../baseline/match.ts'
import type { Fleet } from '../normalize/fleet.ts'
import type { CleanGroup } from './observations.ts'

/**
 * The label of each group: that of the role of whose own rows it shows most, so that a role keeps its name; else one
 * made from the group's own. One group without roles has none. O(groups × roles × rows).
 */
export function labelsOf(
  groups: readonly CleanGroup[],
  fleet: Fleet,
  roles: readonly Expectation[]
): (string | null)[] {
  const older = roles.flatMap(({ role }) => role ?? [])
  if (groups.length < 2 && older.length === 0) return groups.map(() => null)
  const votes = groups.flatMap((group, at) => {
    const shown = new Set<number>()
    for (const host of group.hosts) for (const id of fleet.hosts[host]?.items ?? []) shown.add(id)
    return roles.flatMap(role => {
      const own = rowsOf(role).filter(id => shown.has(id) && !roles.every(other => isKnown(other, id)))
      return role.role === null || own.length === 0 ? [] : [{ at, label: role.role, rows: own.length }]
    })
  })
  votes.sort((a, b) => b.rows - a.rows || a.at - b.at || (a.label < b.label ? -1 : 1))
  const labels: (string | null)[] = groups.map(() => null)
  const taken = new Set(older)
  const given = new Set<string>()
  for (const { at, label } of votes) {
    if (labels[at] !== null || given.has(label)) continue
    labels[at] = label
    given.add(label)
  }
  return labels.map((label, at) => {
    if (label !== null) return label
    const own = (groups[at]?.label ?? '')
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 64)
    const base = own === '' ? 'role' : own
    let name = base
    for (let next = 2; taken.has(name); next++) name = `${base}-${next}`
    taken.add(name)
    return name
  })
}

const rowsOf = ({ required, optional }: Expectation): number[] => [...required, ...optional]

const isKnown = ({ required, optional }: Expectation, id: number): boolean =>
  required.has(id) || optional.has(id)
