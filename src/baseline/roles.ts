import { ownValue } from '../lib/own-value.ts'
import type { Baseline, BaselineQueries } from './baseline.ts'

export type List = 'required' | 'optional'

/** A row and the list that has it. */
export interface ListedRow {
  readonly row: readonly string[]
  readonly list: List
}

/** Everything that a baseline says about one query for the hosts of one role; rows by {@link rowKey}. */
export interface RoleQuery {
  readonly columns: readonly string[]
  readonly rows: ReadonlyMap<string, ListedRow>
}

/** Everything that a baseline says for the hosts of one role, by query. */
export type RoleRows = ReadonlyMap<string, RoleQuery>

export const rowKey = (row: readonly string[]): string => JSON.stringify(row)

/** The rows of each role, common ones included. A baseline without roles has the one role `null`. */
export function rowsByRole(baseline: Pick<Baseline, 'queries' | 'roles'>): Map<string | null, RoleRows> {
  const roles = Object.entries(baseline.roles)
  if (roles.length === 0) return new Map([[null, mergeQueries([baseline.queries])]])
  return new Map(roles.map(([label, { queries }]) => [label, mergeQueries([baseline.queries, queries])]))
}

/** Combines the rows of several places in a baseline. A row that is required in one place is required. */
export function mergeQueries(places: readonly BaselineQueries[]): RoleRows {
  const result = new Map<string, { columns: readonly string[]; rows: Map<string, ListedRow> }>()
  for (const queries of places) {
    for (const [name, query] of Object.entries(queries)) {
      const merged = result.get(name) ?? { columns: query.columns, rows: new Map() }
      result.set(name, merged)
      for (const row of query.optional)
        if (!merged.rows.has(rowKey(row))) merged.rows.set(rowKey(row), { row, list: 'optional' })
      for (const row of query.required) merged.rows.set(rowKey(row), { row, list: 'required' })
    }
  }
  return result
}

/**
 * The inverse of {@link rowsByRole}: rows that every role has in the same list go under `queries`, the others under their
 * role. O(rows × roles).
 */
export function factorRoles(
  byRole: ReadonlyMap<string | null, RoleRows>
): Pick<Baseline, 'queries' | 'roles'> {
  const all = [...byRole.values()]
  const queries = new Map<string, RoleQuery>()
  for (const [name, { columns, rows }] of all[0] ?? []) {
    if (!all.every(other => other.has(name))) continue
    const common = [...rows].filter(([key, { list }]) =>
      all.every(other => other.get(name)?.rows.get(key)?.list === list)
    )
    queries.set(name, { columns, rows: new Map(common) })
  }
  const roles = [...byRole].flatMap(([label, rows]) =>
    label === null ? [] : [[label, { queries: roleSpecific(rows, queries) }]]
  )
  return { queries: baselineQueries(queries), roles: Object.fromEntries(roles) }
}

/** The rows of a role that are not common to all roles. */
function roleSpecific(role: RoleRows, common: RoleRows): BaselineQueries {
  const specific = new Map<string, RoleQuery>()
  for (const [name, { columns, rows }] of role) {
    const shared = common.get(name)
    const others = [...rows].filter(([key]) => shared?.rows.has(key) !== true)
    if (shared === undefined || others.length > 0) specific.set(name, { columns, rows: new Map(others) })
  }
  return baselineQueries(specific)
}

function baselineQueries(queries: RoleRows): BaselineQueries {
  return Object.fromEntries(
    [...queries].map(([name, { columns, rows }]) => {
      const listed = (wanted: List) =>
        [...rows.values()].flatMap(({ row, list }) => (list === wanted ? [[...row]] : []))
      return [name, { columns: [...columns], required: listed('required'), optional: listed('optional') }]
    })
  )
}

/** The baseline with the notes that people wrote in an older version, each at its query. */
export function withNotes(baseline: Baseline, older: Baseline | null): Baseline {
  if (older === null) return baseline
  const roles = Object.entries(baseline.roles).map(([label, { queries }]) => [
    label,
    { queries: addNotes(queries, ownValue(older.roles, label)?.queries ?? {}) }
  ])
  return { ...baseline, queries: addNotes(baseline.queries, older.queries), roles: Object.fromEntries(roles) }
}

function addNotes(queries: BaselineQueries, older: BaselineQueries): BaselineQueries {
  const result: BaselineQueries = { ...queries }
  for (const [name, { columns, note }] of Object.entries(older)) {
    if (note === undefined) continue
    result[name] = { ...(ownValue(queries, name) ?? { columns, required: [], optional: [] }), note }
  }
  return result
}
