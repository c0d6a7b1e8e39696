import type { Baseline, BaselineQueries } from './baseline.ts'

export type List = 'required' | 'optional'

/** A row and the list it stands in. */
export interface ListedRow {
  readonly row: readonly string[]
  readonly list: List
}

/** All that a baseline says of one query to the hosts of one role, rows by {@link rowKey}. */
export interface RoleQuery {
  readonly columns: readonly string[]
  readonly rows: ReadonlyMap<string, ListedRow>
}

/** All that a baseline says to the hosts of one role, by query. */
export type RoleRows = ReadonlyMap<string, RoleQuery>

export const rowKey = (row: readonly string[]): string => JSON.stringify(row)

/** What a baseline says to each role, the common rows included; the one role of a baseline without roles is `null`. */
export function rowsByRole(baseline: Pick<Baseline, 'queries' | 'roles'>): Map<string | null, RoleRows> {
  const roles = Object.entries(baseline.roles)
  if (roles.length === 0) return new Map([[null, mergeQueries([baseline.queries])]])
  return new Map(roles.map(([label, { queries }]) => [label, mergeQueries([baseline.queries, queries])]))
}

/** Rows of several places put together; what is required in one place is required. */
export function mergeQueries(parts: readonly BaselineQueries[]): RoleRows {
  const result = new Map<string, { columns: readonly string[]; rows: Map<string, ListedRow> }>()
  for (const queries of parts) {
    for (const [name, query] of Object.entries(queries)) {
      const own = result.get(name) ?? { columns: query.columns, rows: new Map() }
      result.set(name, own)
      for (const row of query.optional)
        if (!own.rows.has(rowKey(row))) own.rows.set(rowKey(row), { row, list: 'optional' })
      for (const row of query.required) own.rows.set(rowKey(row), { row, list: 'required' })
    }
  }
  return result
}

/**
 * The inverse of {@link rowsByRole}: what every role has in the same list stands under `queries`, the rest with its role.
 * O(rows × roles).
 */
export function factorRoles(
  parts: ReadonlyMap<string | null, RoleRows>
): Pick<Baseline, 'queries' | 'roles'> {
  const all = [...parts.values()]
  const queries = new Map<string, RoleQuery>()
  for (const [name, { columns, rows }] of all[0] ?? []) {
    if (!all.every(other => other.has(name))) continue
    const common = [...rows].filter(([key, { list }]) =>
      all.every(other => other.get(name)?.rows.get(key)?.list === list)
    )
    queries.set(name, { columns, rows: new Map(common) })
  }
  const roles = [...parts].flatMap(([label, own]) =>
    label === null ? [] : [[label, { queries: rest(own, queries) }]]
  )
  return { queries: plain(queries), roles: Object.fromEntries(roles) }
}

/** What of a role's rows is not among the common ones. */
function rest(own: RoleRows, common: RoleRows): BaselineQueries {
  const left = new Map<string, RoleQuery>()
  for (const [name, { columns, rows }] of own) {
    const known = common.get(name)
    const others = [...rows].filter(([key]) => known?.rows.has(key) !== true)
    if (known === undefined || others.length > 0) left.set(name, { columns, rows: new Map(others) })
  }
  return plain(left)
}

function plain(queries: RoleRows): BaselineQueries {
  return Object.fromEntries(
    [...queries].map(([name, { columns, rows }]) => {
      const listed = (wanted: List) =>
        [...rows.values()].flatMap(({ row, list }) => (list === wanted ? [[...row]] : []))
      return [name, { columns: [...columns], required: listed('required'), optional: listed('optional') }]
    })
  )
}

/** Puts people's notes of an older baseline back where they stood. */
export function withNotes(baseline: Baseline, older: Baseline | null): Baseline {
  if (older === null) return baseline
  const roles = Object.entries(baseline.roles).map(([label, { queries }]) => [
    label,
    { queries: noted(queries, older.roles[label]?.queries ?? {}) }
  ])
  return { ...baseline, queries: noted(baseline.queries, older.queries), roles: Object.fromEntries(roles) }
}

function noted(queries: BaselineQueries, older: BaselineQueries): BaselineQueries {
  const result: BaselineQueries = { ...queries }
  for (const [name, { columns, note }] of Object.entries(older)) {
    if (note === undefined) continue
    result[name] = { ...(queries[name] ?? { columns, required: [], optional: [] }), note }
  }
  return result
}
