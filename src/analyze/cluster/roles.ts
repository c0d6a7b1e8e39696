import type { Fleet } from '../../normalize/fleet.ts'
import { countItems } from '../counts.ts'
import { traitsOf } from '../table-traits.ts'
import type { Split } from './evidence.ts'

/** So many hosts that differ in so many rows without an exception are a role, whatever the rows are. */
export const ROLE_HOSTS = 8
export const ROLE_ROWS = 3
/** In a small fleet, this share of it is as good as eight hosts. A one-sided difference must be on this share. */
const ROLE_SHARE = 0.25
/** A small group must replace so many rows in each direction: one row lost is a stopped program. */
const REPLACED_ROWS = 2
/** Fewer hosts that share rows may be one host and its copy: they need so many times the rows. */
const MIN_GROUP = 3
const PAIR_TIMES = 4

/** The hosts that a split is about. */
export interface Divided {
  readonly fleet: Fleet
  /** Hosts of the fleet that can be compared. */
  readonly comparable: number
  readonly hosts: readonly number[]
}

/** The hosts from which on a group is large, however few rows it differs in. */
export const largeGroup = ({ comparable }: Divided): number =>
  Math.min(ROLE_HOSTS, Math.max(2, ROLE_SHARE * comparable))

/**
 * Whether a split that pays is a role or a version.
 *
 * - A *one-sided* difference (one side only adds, the other only lacks) looks the same for a role, a tool set and a
 *   compromise: it must be on at least eight hosts and a quarter of those divided. Where the smaller side lacks the
 *   rows, three of them must last, because idle and booting hosts lack the others.
 * - A *large* group needs three rows.
 * - A *small* group must fill as much as the smallest large one: hosts × rows ≥ 24. It must lose rows as well as add
 *   them, or add three rows that last where there are no rows to replace. Of two hosts, four times as many rows are asked.
 */
export function isRole(divided: Divided, split: Split, size: number): boolean {
  const { added, lost, hasOwn, othersHaveOwn } = split
  const rows = [...added, ...lost]
  const lasting = lastingRows(divided.fleet, rows)
  if (!othersHaveOwn)
    return size >= ROLE_HOSTS && size >= ROLE_SHARE * divided.hosts.length && rows.length >= ROLE_ROWS
  if (!hasOwn)
    return (
      size >= ROLE_HOSTS &&
      size >= ROLE_SHARE * divided.hosts.length &&
      lasting.length >= ROLE_ROWS &&
      !isShortAnswer(divided, split)
    )
  if (size >= largeGroup(divided)) return rows.length >= ROLE_ROWS
  if (added.length < REPLACED_ROWS || size * rows.length < ROLE_HOSTS * ROLE_ROWS) return false
  const times = size < MIN_GROUP ? PAIR_TIMES : 1
  return lost.length >= times * REPLACED_ROWS || lasting.length >= times * ROLE_ROWS
}

/** Rows that say what a host is, rather than what runs on it: an idle, busy or booting host differs in the latter. */
function lastingRows({ queries, items }: Fleet, rows: readonly number[]): number[] {
  return rows.filter(item => {
    const query = queries[items[item]?.query ?? -1]
    return query !== undefined && traitsOf(query).kind === 'state'
  })
}

/** Whether the hosts only lack rows, all of one table, and more than half of its usual rows: the answer was cut. */
function isShortAnswer({ fleet, hosts }: Divided, { added, lost }: Split): boolean {
  const [query, ...more] = new Set(lost.map(item => fleet.items[item]?.query ?? -1))
  if (query === undefined || more.length > 0 || added.length > 0) return false
  const { items } = countItems(fleet, hosts)
  const usual = fleet.items.filter((item, at) => item.query === query && (items[at] ?? 0) * 2 > hosts.length)
  return lost.length * 2 > usual.length
}
