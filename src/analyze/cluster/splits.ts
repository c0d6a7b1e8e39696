import type { Fleet } from '../../normalize/fleet.ts'
import { weightOfQuery } from '../table-weight.ts'
import { countShared, sameBits } from './bitsets.ts'
import { joinBlocks } from './blocks.ts'
import { agreeing, type Split, tablesOf, weighSplit } from './evidence.ts'
import { firstRow, type RowSet, type RowSets, rowCount } from './row-sets.ts'

/** So many hosts that differ in so many rows without an exception are a role, whatever the rows are. */
export const ROLE_HOSTS = 8
export const ROLE_ROWS = 3
/** In a small fleet this share of it is as good as eight hosts. */
export const ROLE_SHARE = 0.25
/** Bits that a split must save beyond its cost. */
export const MARGIN = 20
/** Two sets are independent when each of their four combinations is on this part of the hosts that chance gives. */
const INDEPENDENT = 0.25
/** A set of rows that only come is a role, not a feature, beside one that it crosses and exceeds this many times. */
const LARGER = 2
/** A bound on the blocks that are tried as splits. */
const OVERLAP = 0.1
const MAX_CANDIDATES = 256
/** Times that a candidate's hosts are chosen again by its rows. */
const ROUNDS = 3

export interface Splits {
  /** Disjoint groups, best evidence first; the hosts of none are another group. */
  readonly chosen: readonly Split[]
  /** All groups that could be chosen, large or small. */
  readonly roles: readonly Split[]
  /** Rows of features, which divide nothing at any depth. */
  readonly features: ReadonlySet<number>
  /** Blocks that are no groups. */
  readonly left: readonly RowSet[]
}

/**
 * The splits of some hosts that pay and that are not features, idle hosts or short answers. Groups as large as a role
 * come first; small ones are only looked for where there are none.
 */
export function findSplits(fleet: Fleet, rowSets: RowSets, hosts: number, fleetHosts: number): Splits {
  const blocks = joinBlocks(rowSets)
  const least = Math.min(ROLE_HOSTS, Math.max(2, ROLE_SHARE * fleetHosts))
  const scale = hosts / rowSets.sample.length
  const candidates = candidateSplits(fleet, rowSets, blocks)
  const features = featuresOf(candidates, rowSets.sample.length)
  const roles = candidates
    .filter(split => !features.has(split))
    .filter(split => isRole(fleet, split, split.size * scale, least, hosts))
  const large = roles.filter(split => split.size * scale >= least)
  const chosen = disjoint(large.length > 0 ? large : roles)
  return {
    chosen,
    roles,
    features: rowsOfFeatures(candidates, features),
    left: blocks.filter(block => rowCount(block) >= ROLE_ROWS)
  }
}

/** The splits that pay, each group once. */
function candidateSplits(fleet: Fleet, rowSets: RowSets, blocks: readonly RowSet[]): Split[] {
  const found: Split[] = []
  const pays = (split: Split) => split.bits >= MARGIN && rowsBeyondContext(fleet, split) >= ROLE_ROWS
  for (const block of blocks.slice(0, MAX_CANDIDATES)) {
    if (block.size < 2) continue
    let split = weighSplit(rowSets, blocks, block.minority)
    for (let round = 0; round < ROUNDS && pays(split); round++) {
      const group = agreeing(rowSets, split)
      if (sameBits(group, split.group)) break
      split = weighSplit(rowSets, blocks, group)
    }
    if (split.size < 2 || !pays(split)) continue
    if (found.every(({ group }) => !sameBits(group, split.group))) found.push(split)
  }
  return found
}

/** Rows of the moment's context count beside others, never by themselves. */
function rowsBeyondContext(fleet: Fleet, { added, lost }: Split): number {
  const counts = (item: number) => {
    const query = fleet.queries[fleet.items[item]?.query ?? -1]
    return query !== undefined && weightOfQuery(query) !== 'context'
  }
  return added.filter(counts).length + lost.filter(counts).length
}

function isRole(fleet: Fleet, split: Split, size: number, least: number, hosts: number): boolean {
  const { added, lost, hasOwn, othersHaveOwn } = split
  if (!hasOwn)
    return (
      size >= ROLE_HOSTS &&
      size >= ROLE_SHARE * hosts &&
      lost.filter(item => !isMoment(fleet, item)).length >= ROLE_ROWS &&
      !isShortAnswer(fleet, split)
    )
  if (!othersHaveOwn) return size >= ROLE_HOSTS && size >= ROLE_SHARE * hosts
  if (size >= least) return true
  return added.length >= 2 && size * (added.length + lost.length) >= ROLE_HOSTS * ROLE_ROWS
}

const MOMENT =
  /\b(?:processes|process_open_sockets|listening_ports|process_envs|docker_containers|docker_container_\w+)\b/i

function isMoment(fleet: Fleet, item: number): boolean {
  const query = fleet.queries[fleet.items[item]?.query ?? -1]
  return query !== undefined && MOMENT.test(query.sql === '' ? query.name : query.sql)
}

/** Rows that vanish from one table only, and most of it: a query that was cut, never a role. */
function isShortAnswer(fleet: Fleet, { lost }: Split): boolean {
  const [table, ...more] = tablesOf(fleet, lost)
  if (more.length > 0) return false
  const usual = fleet.items.filter(({ query }) => query === table).length
  return lost.length * 2 > usual
}

/** The rows of features that belong to no other candidate. */
function rowsOfFeatures(candidates: readonly Split[], features: ReadonlySet<Split>): Set<number> {
  const rows = new Set<number>()
  for (const { added, lost } of features) for (const item of [...added, ...lost]) rows.add(item)
  for (const split of candidates)
    if (!features.has(split)) for (const item of [...split.added, ...split.lost]) rows.delete(item)
  return rows
}

/** One-sided candidates that cross another one at random: features, tool sets, containers. */
function featuresOf(candidates: readonly Split[], hosts: number): Set<Split> {
  return new Set(
    candidates.filter(
      feature =>
        isOneSided(feature) &&
        candidates.some(
          other =>
            other !== feature &&
            (!isOneSided(other) || rowsIn(feature) <= LARGER * rowsIn(other)) &&
            cross(feature, other, hosts)
        )
    )
  )
}

const isOneSided = ({ hasOwn, othersHaveOwn }: Split): boolean => !hasOwn || !othersHaveOwn
const rowsIn = ({ added, lost }: Split): number => added.length + lost.length

/** Whether two groups overlap about as often as if neither knew of the other. */
function cross(a: Split, b: Split, hosts: number): boolean {
  const both = countShared(a.group, b.group)
  const expected = (a.size * b.size) / hosts
  const cells = [
    [both, expected],
    [a.size - both, a.size - expected],
    [b.size - both, b.size - expected],
    [hosts - a.size - b.size + both, hosts - a.size - b.size + expected]
  ] as const
  const least = Math.min(...cells.map(([, chance]) => chance))
  return least >= 1 && cells.every(([count]) => count >= Math.max(1, INDEPENDENT * least))
}

/** The best splits that share no hosts. */
function disjoint(splits: readonly Split[]): Split[] {
  const sorted = [...splits].sort(
    (a, b) =>
      b.bits - a.bits ||
      firstRow({ plus: a.added, minus: a.lost }) - firstRow({ plus: b.added, minus: b.lost })
  )
  const chosen: Split[] = []
  for (const split of sorted)
    if (
      chosen.every(
        ({ group, size }) => countShared(group, split.group) <= OVERLAP * Math.min(size, split.size)
      )
    )
      chosen.push(split)
  return chosen
}
