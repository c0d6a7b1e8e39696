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
import { type CleanGroup, type ObservedRow, observeRows, type QueryObservations } from './observations.ts'
import { labelsOf } from './role-labels.ts'
import { generalizeVariants } from './variants.ts'

export interface LearningInput {
  readonly name: string
  readonly packs: Readonly<Record<string, string>>
  /** Clean hosts only. */
  readonly fleet: Fleet
  readonly groups: readonly CleanGroup[]
  /** What the file said so far; its acceptances, its notes and what nobody answered stay. */
  readonly previous: Baseline | null
  /** Learn what looks like an intruder too. */
  readonly acceptRare: boolean
}

/** A row that was seen and not learned. */
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
 * Learns a baseline from clean hosts: `required` is what every host of a group showed on which the query was observed,
 * `optional` what some showed. Pure: the same hosts give the same baseline, in whatever order they come.
 * O(items of all hosts + distinct items × pattern rows of their query).
 */
export function learnBaseline(lesson: LearningInput): Learned {
  const { previous } = lesson
  const known = previous === null ? null : matchBaseline(previous, lesson.fleet)
  const fleet = known?.fleet ?? lesson.fleet
  const before = previous === null ? new Map<string | null, RoleRows>() : rowsByRole(previous)
  const common = previous === null ? new Map() : mergeQueries([previous.queries])
  const columns = new Map(
    [...before.values()].flatMap(whole => [...whole].map(([name, own]) => [name, own.columns]))
  )
  const labels = labelsOf(lesson.groups, fleet, known?.roles ?? [])
  const refused: Refused[] = []
  const roles = new Map<string | null, RoleRows>()
  for (const [at, group] of lesson.groups.entries()) {
    const label = labels[at] ?? null
    const learned = new Map(before.get(label) ?? common)
    for (const seen of observeRows(fleet, translated(group, known?.matchedItem ?? null))) {
      const { name } = seen.query
      const told = learnQuery(seen, columns.get(name), learned.get(name), lesson.acceptRare)
      if (told.whole !== null) learned.set(name, told.whole)
      for (const { sighting, reason } of told.refused) {
        refused.push({
          query: name,
          row: Object.fromEntries(sighting.columns.map((column, at) => [column, sighting.row[at] ?? ''])),
          hosts: sighting.hosts.map(host => fleet.hosts[host]?.id ?? '').sort(),
          reason
        })
      }
    }
    roles.set(label, learned)
  }
  const kept = [...before].filter(([label]) => label !== null && !roles.has(label))
  for (const [label, older] of kept) roles.set(label, older)
  const baseline = withNotes(
    {
      ...(previous?.$schema === undefined ? {} : { $schema: previous.$schema }),
      version: 1,
      name: lesson.name,
      packs: { ...previous?.packs, ...lesson.packs },
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
    notices: kept.map(([label]) => `No clean host belongs to the role ${label}: its rows stay as they were.`)
  }
}

/** A group whose items are named as the previous baseline names them. */
function translated(group: CleanGroup, stands: Int32Array | null): CleanGroup {
  if (stands === null) return group
  const rename = <T>(items: ReadonlyMap<number, T>) =>
    new Map([...items].map(([id, value]): [number, T] => [stands[id] ?? id, value]))
  return {
    ...group,
    suspects: rename(group.suspects),
    accused: rename(group.accused),
    excused: rename(group.excused)
  }
}

interface LearnedQuery {
  /** `null`: a query of a foreign pack of which no row was seen, so that its columns are not known. */
  readonly whole: RoleQuery | null
  readonly refused: readonly { readonly sighting: ObservedRow; readonly reason: string }[]
}

function learnQuery(
  { query, observers, rows }: QueryObservations,
  olderColumns: readonly string[] | undefined,
  older: RoleQuery | undefined,
  acceptRare: boolean
): LearnedQuery {
  const columns = columnsFor(query, rows, olderColumns)
  if (columns === null) return { whole: null, refused: [] }
  const kept: ObservedRow[] = []
  const refused: { sighting: ObservedRow; reason: string }[] = []
  for (const sighting of rows) {
    const row = reordered(sighting, columns)
    if (row === null) {
      refused.push({ sighting, reason: 'its columns are not those of the other rows' })
      continue
    }
    const agreed = acceptRare || older?.rows.has(rowKey(row)) === true
    const reason = agreed ? null : suspicionOf(query, sighting)
    if (reason === null) kept.push({ ...sighting, columns, row, accused: agreed ? null : sighting.accused })
    else refused.push({ sighting, reason })
  }
  const learned = new Map<string, ListedRow>()
  const list = ({ row, hosts, excused }: ObservedRow) =>
    learned.set(rowKey(row), { row, list: hosts.length + excused >= observers ? 'required' : 'optional' })
  for (const sighting of query.weight === 'integrity' ? kept : generalizeVariants(query, kept, observers)) {
    if (sighting.accused === null) list(sighting)
    else refused.push({ sighting, reason: sighting.accused })
  }
  return { whole: { columns, rows: learned }, refused }
}

/** The columns in the order that the file has them in; for a foreign query those of most rows. */
function columnsFor(
  query: Query,
  rows: readonly ObservedRow[],
  older: readonly string[] | undefined
): readonly string[] | null {
  const most = () => {
    const votes = new Map<string, { columns: readonly string[]; hosts: number }>()
    for (const { columns, hosts } of rows) {
      const vote = votes.get(rowKey(columns)) ?? { columns, hosts: 0 }
      vote.hosts += hosts.length
      votes.set(rowKey(columns), vote)
    }
    return [...votes.values()].sort((a, b) => b.hosts - a.hosts || compareRows(a.columns, b.columns))[0]
      ?.columns
  }
  const own = query.identity ?? most() ?? older
  if (own === undefined) return null
  return older !== undefined && isSameSet(own, older) ? older : own
}

const isSameSet = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every(column => b.includes(column))

function reordered({ columns, row }: ObservedRow, wanted: readonly string[]): readonly string[] | null {
  if (!isSameSet(columns, wanted)) return null
  return wanted.map(column => row[columns.indexOf(column)] ?? '')
}

/** Why a row looks like an intruder; what is refused here the review of a pull request would call poisoning. */
function suspicionOf(
  query: Query,
  { suspicion, prevalence: [having, observed] }: ObservedRow
): string | null {
  if (suspicion !== null) return suspicion
  if (query.weight !== 'integrity' || having * 2 >= observed) return null
  return `only ${having} of ${observed} clean hosts ${having === 1 ? 'has' : 'have'} it, and a change in this table is rarely innocent`
}
