import { rareLimit } from '../analyze/counts.ts'
import { weightOfQuery } from '../analyze/table-weight.ts'
import type { Baseline } from '../baseline/baseline.ts'
import { type BaselineChanges, diffBaselines } from '../baseline/diff.ts'
import { matchBaseline } from '../baseline/match.ts'
import {
  factorRoles,
  type ListedRow,
  mergeQueries,
  type RoleQuery,
  type RoleRows,
  rowKey,
  rowsByRole,
  withNotes
} from '../baseline/roles.ts'
import { compareRows } from '../baseline/write.ts'
import type { Fleet } from '../normalize/fleet.ts'
import type { Query } from '../osquery/pack.ts'
import { count, plural } from '../text/phrases.ts'
import { type CleanGroup, type ObservedRow, observeRows, type QueryObservations } from './observations.ts'
import { labelsOf } from './role-labels.ts'
import { generalizeVariants } from './variants.ts'

export interface LearningInput {
  readonly name: string
  readonly packs: Readonly<Record<string, string>>
  /** Clean hosts only. */
  readonly fleet: Fleet
  readonly groups: readonly CleanGroup[]
  /** The baseline so far. Its acceptances and notes are kept, and the rows of queries that no host answered. */
  readonly previous: Baseline | null
  /** Also learn rows that look like an intruder's. */
  readonly acceptRare: boolean
}

/** A row that a clean host has and that was not learned. */
export interface Refused {
  readonly query: string
  readonly row: Readonly<Record<string, string>>
  /** Ids, sorted. */
  readonly hosts: readonly string[]
  readonly reason: string
}

export interface Learned {
  readonly baseline: Baseline
  readonly changes: BaselineChanges
  readonly refused: readonly Refused[]
  readonly notices: readonly string[]
}

/**
 * Learns a baseline from clean hosts. A row is `required` if every host of a group that answered its query has it,
 * `optional` if some have it. Pure: the same hosts give the same baseline, in any order.
 * O(items of all hosts + distinct items × pattern rows of their query).
 */
export function learnBaseline(input: LearningInput): Learned {
  const { previous, groups } = input
  const match = previous === null ? null : matchBaseline(previous, input.fleet)
  const fleet = match?.fleet ?? input.fleet
  const before = previous === null ? new Map<string | null, RoleRows>() : rowsByRole(previous)
  const common = previous === null ? new Map() : mergeQueries([previous.queries])
  const columns = new Map(
    [...before.values()].flatMap(role => [...role].map(([name, query]) => [name, query.columns]))
  )
  const labels = labelsOf(groups, fleet, match?.roles ?? [])
  const everywhere = new Map(observeRows(fleet, allHosts(groups)).map(of => [of.query.name, of]))
  const refused: Refused[] = []
  const roles = new Map<string | null, RoleRows>()
  for (const [at, group] of groups.entries()) {
    const label = labels[at] ?? null
    const learned = new Map(before.get(label) ?? common)
    // A role that the baseline does not know may be made by an intruder on a few hosts: they do not vouch for it.
    const judges = before.has(label) ? null : everywhere
    for (const observations of observeRows(fleet, withMatchedItems(group, match?.matchedItem ?? null))) {
      const { name } = observations.query
      const known = learned.get(name)
      const result = learnQuery(observations, columns.get(name), known, input.acceptRare, judges?.get(name))
      if (result.rows !== null) learned.set(name, result.rows)
      refused.push(...result.refused.map(row => refusedRow(name, row, fleet)))
    }
    roles.set(label, learned)
  }
  const unseen = [...before].filter(([label]) => label !== null && !roles.has(label))
  for (const [label, rows] of unseen) roles.set(label, rows)
  const baseline = withNotes(
    {
      ...(previous?.$schema === undefined ? {} : { $schema: previous.$schema }),
      version: 1,
      name: input.name,
      packs: { ...previous?.packs, ...input.packs },
      ...factorRoles(roles),
      accept: previous?.accept ?? []
    },
    previous
  )
  return {
    baseline,
    changes: diffBaselines(previous, baseline),
    refused: refused.sort((a, b) =>
      compareRows([a.query, ...Object.values(a.row)], [b.query, ...Object.values(b.row)])
    ),
    notices: unseen.map(([label]) => `No clean host belongs to the role ${label}: its rows are unchanged.`)
  }
}

/** All clean hosts as one group. */
function allHosts(groups: readonly CleanGroup[]): CleanGroup {
  const hosts = groups.flatMap(group => group.hosts)
  return {
    label: '',
    hosts,
    reference: hosts,
    suspicious: new Map(),
    onlyOnSuspects: new Map(),
    exempt: new Map()
  }
}

/** The group with its items replaced by the rows of the previous baseline that they match. */
function withMatchedItems(group: CleanGroup, matchedItem: Int32Array | null): CleanGroup {
  if (matchedItem === null) return group
  const matched = <T>(items: ReadonlyMap<number, T>) =>
    new Map([...items].map(([id, value]): [number, T] => [matchedItem[id] ?? id, value]))
  return {
    ...group,
    suspicious: matched(group.suspicious),
    onlyOnSuspects: matched(group.onlyOnSuspects),
    exempt: matched(group.exempt)
  }
}

interface RefusedObservation {
  readonly observed: ObservedRow
  readonly reason: string
}

interface LearnedQuery {
  /** `null`: no host has a row of this query of a foreign pack, so its columns are unknown. */
  readonly rows: RoleQuery | null
  readonly refused: readonly RefusedObservation[]
}

/** @param judges the same query on all clean hosts; left out: the hosts of the group decide which rows are rare */
function learnQuery(
  { query, observers, rows }: QueryObservations,
  previousColumns: readonly string[] | undefined,
  previous: RoleQuery | undefined,
  acceptRare: boolean,
  judges: QueryObservations | undefined
): LearnedQuery {
  const columns = columnsFor(query, rows, previousColumns)
  if (columns === null) return { rows: null, refused: [] }
  const candidates: ObservedRow[] = []
  const refused: RefusedObservation[] = []
  for (const observed of rows) {
    const row = reordered(observed, columns)
    if (row === null) {
      refused.push({ observed, reason: 'its columns are not those of the other rows' })
      continue
    }
    const isTrusted = acceptRare || previous?.rows.has(rowKey(row)) === true
    const reason = isTrusted ? null : suspicionOf(query, observed)
    if (reason !== null) refused.push({ observed, reason })
    else
      candidates.push({
        ...observed,
        columns,
        row,
        onlyOnSuspects: isTrusted ? null : observed.onlyOnSuspects
      })
  }
  const learned = new Map<string, ListedRow>()
  const hostsWith = new Map(
    judges?.rows.map(({ row, columns, hosts }) => [rowKey([...columns, ...row]), hosts.length])
  )
  const merged =
    weightOfQuery(query) === 'integrity' ? candidates : generalizeVariants(query, candidates, observers)
  for (const observed of merged) {
    const { row, hosts, exempt, onlyOnSuspects } = observed
    const isNew = previous !== undefined && !previous.rows.has(rowKey(row))
    const all = judges?.observers ?? observers
    const have = Math.max(hosts.length, hostsWith.get(rowKey([...observed.columns, ...row])) ?? 0)
    const isFew = have * 2 < all && have <= rareLimit(all)
    if (onlyOnSuspects !== null) refused.push({ observed, reason: onlyOnSuspects })
    else if (isNew && isFew && !acceptRare && weightOfQuery(query) !== 'context')
      refused.push({
        observed,
        reason: `only ${have} of ${count(all, 'clean host')} ${plural(have, 'has', 'have')} it, and the baseline did not know it`
      })
    else learned.set(rowKey(row), { row, list: hosts.length + exempt >= observers ? 'required' : 'optional' })
  }
  return { rows: { columns, rows: learned }, refused }
}

function refusedRow(query: string, { observed, reason }: RefusedObservation, fleet: Fleet): Refused {
  const { columns, row, hosts } = observed
  return {
    query,
    row: Object.fromEntries(columns.map((column, at) => [column, row[at] ?? ''])),
    hosts: hosts.map(host => fleet.hosts[host]?.id ?? '').sort(),
    reason
  }
}

/** The columns in the file's order; for a foreign query those of most rows. */
function columnsFor(
  query: Query,
  rows: readonly ObservedRow[],
  previous: readonly string[] | undefined
): readonly string[] | null {
  const columns = query.identity ?? mostCommonColumns(rows) ?? previous
  if (columns === undefined) return null
  return previous !== undefined && isSameSet(columns, previous) ? previous : columns
}

function mostCommonColumns(rows: readonly ObservedRow[]): readonly string[] | undefined {
  const votes = new Map<string, { columns: readonly string[]; hosts: number }>()
  for (const { columns, hosts } of rows) {
    const vote = votes.get(rowKey(columns)) ?? { columns, hosts: 0 }
    vote.hosts += hosts.length
    votes.set(rowKey(columns), vote)
  }
  const [first] = [...votes.values()].sort((a, b) => b.hosts - a.hosts || compareRows(a.columns, b.columns))
  return first?.columns
}

const isSameSet = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every(column => b.includes(column))

function reordered({ columns, row }: ObservedRow, wanted: readonly string[]): readonly string[] | null {
  if (!isSameSet(columns, wanted)) return null
  return wanted.map(column => row[columns.indexOf(column)] ?? '')
}

/** Why a row looks like an intruder's. In a pull request the poisoning guard would report the same rows. */
function suspicionOf(query: Query, { suspicion, prevalence: [have, of] }: ObservedRow): string | null {
  if (suspicion !== null) return suspicion
  if (weightOfQuery(query) !== 'integrity' || have * 2 >= of) return null
  return `only ${have} of ${count(of, 'clean host')} ${plural(have, 'has', 'have')} it, and a change in this table is rarely innocent`
}
