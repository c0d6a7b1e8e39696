import { ownValue } from '../lib/own-value.ts'
import type { Query } from '../osquery/pack.ts'
import type { Acceptance, Baseline, BaselineQueries } from './baseline.ts'
import { type List, rowKey } from './roles.ts'
import { compareRows } from './write.ts'

/** A row that one version of a baseline has and the other lacks, or lists elsewhere. */
export interface RowChange {
  readonly change: 'added' | 'removed' | 'moved'
  /** `null`: the row is for all roles. */
  readonly role: string | null
  readonly query: string
  readonly row: Readonly<Record<string, string>>
  readonly from: List | null
  readonly to: List | null
}

/** The differences between two versions of a baseline, in the file's order. */
export interface BaselineChanges {
  readonly rows: readonly RowChange[]
  /** Queries that only one version covers, or whose columns differ. */
  readonly queries: readonly {
    readonly change: 'added' | 'removed' | 'columns'
    readonly role: string | null
    readonly query: string
  }[]
  readonly acceptances: readonly {
    readonly change: 'added' | 'removed'
    readonly acceptance: Acceptance
  }[]
  /** Names of packs whose digest differs. */
  readonly packs: readonly string[]
}

/**
 * Compares two versions of a baseline, role by role. O(rows).
 * @param older `null`: there was none
 */
export function diffBaselines(older: Baseline | null, newer: Baseline): BaselineChanges {
  const labels = new Set([...Object.keys(older?.roles ?? {}), ...Object.keys(newer.roles)])
  const byRole = [null, ...[...labels].sort()].map(role =>
    roleChanges(role, queriesAt(older, role), queriesAt(newer, role))
  )
  const before = new Map((older?.accept ?? []).map(acceptance => [acceptanceKey(acceptance), acceptance]))
  const after = new Map(newer.accept.map(acceptance => [acceptanceKey(acceptance), acceptance]))
  const packs = new Set([...Object.keys(older?.packs ?? {}), ...Object.keys(newer.packs)])
  return {
    rows: byRole.flatMap(({ rows }) => rows),
    queries: byRole.flatMap(({ queries }) => queries),
    acceptances: [
      ...[...after].flatMap(([key, acceptance]) =>
        before.has(key) ? [] : [{ change: 'added' as const, acceptance }]
      ),
      ...[...before].flatMap(([key, acceptance]) =>
        after.has(key) ? [] : [{ change: 'removed' as const, acceptance }]
      )
    ],
    packs: [...packs]
      .filter(name => ownValue(older?.packs ?? {}, name) !== ownValue(newer.packs, name))
      .sort()
  }
}

/** One text for an acceptance; two with the same members have the same. */
export function acceptanceKey(acceptance: Acceptance): string {
  return JSON.stringify(Object.entries(acceptance).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Names of the integrity queries to which rows are added: somebody should look, however common the rows are. */
export function integrityAdditions({ rows }: BaselineChanges, queries: readonly Query[]): string[] {
  const integrity = new Set(queries.filter(({ weight }) => weight === 'integrity').map(({ name }) => name))
  const added = rows.filter(({ change, query }) => change === 'added' && integrity.has(query))
  return [...new Set(added.map(({ query }) => query))].sort()
}

function queriesAt(baseline: Baseline | null, role: string | null): BaselineQueries {
  if (baseline === null) return {}
  return (role === null ? baseline.queries : ownValue(baseline.roles, role)?.queries) ?? {}
}

function roleChanges(
  role: string | null,
  older: BaselineQueries,
  newer: BaselineQueries
): Pick<BaselineChanges, 'rows' | 'queries'> {
  const names = [...new Set([...Object.keys(older), ...Object.keys(newer)])].sort()
  const rows: RowChange[] = []
  const queries: BaselineChanges['queries'][number][] = []
  for (const query of names) {
    const before = ownValue(older, query)
    const after = ownValue(newer, query)
    if (before === undefined) queries.push({ change: 'added', role, query })
    else if (after === undefined) queries.push({ change: 'removed', role, query })
    else if (rowKey(before.columns) !== rowKey(after.columns))
      queries.push({ change: 'columns', role, query })
    rows.push(...rowChanges(role, query, listedRows(before), listedRows(after)))
  }
  return { rows, queries }
}

interface RowInList {
  readonly columns: readonly string[]
  readonly row: readonly string[]
  readonly list: List
}

/** By columns and values. */
function listedRows(query: BaselineQueries[string] | undefined): Map<string, RowInList> {
  const rows = new Map<string, RowInList>()
  if (query === undefined) return rows
  for (const list of ['required', 'optional'] as const) {
    for (const row of query[list])
      rows.set(rowKey([...query.columns, ...row]), { columns: query.columns, row, list })
  }
  return rows
}

function rowChanges(
  role: string | null,
  query: string,
  before: ReadonlyMap<string, RowInList>,
  after: ReadonlyMap<string, RowInList>
): RowChange[] {
  const differing = [...new Set([...before.keys(), ...after.keys()])].flatMap(key => {
    const from = before.get(key)
    const to = after.get(key)
    const either = to ?? from
    return either === undefined || from?.list === to?.list ? [] : [{ from, to, either }]
  })
  return differing
    .sort((a, b) => compareRows(a.either.row, b.either.row))
    .map(({ from, to, either }) => ({
      change: from === undefined ? 'added' : to === undefined ? 'removed' : 'moved',
      role,
      query,
      row: Object.fromEntries(either.columns.map((column, at) => [column, either.row[at] ?? ''])),
      from: from?.list ?? null,
      to: to?.list ?? null
    }))
}
