import type { Query } from '../osquery/pack.ts'

const FROM =
  /\b(?:from|join)\s+\(?\s*([a-z_]\w*(?:\s+(?:as\s+)?[a-z_]\w*)?(?:\s*,\s*[a-z_]\w*(?:\s+(?:as\s+)?[a-z_]\w*)?)*)/gi

const names = new WeakMap<Query, ReadonlySet<string>>()

/** The names that an indicator may give a query by, in lower case: its own, and those of the tables that it reads. */
export function namesOf(query: Query): ReadonlySet<string> {
  const known = names.get(query)
  if (known !== undefined) return known
  const tables = [...query.sql.matchAll(FROM)].flatMap(([, list = '']) =>
    list.split(',').map(entry => entry.trim().split(/\s+/)[0] ?? '')
  )
  const found = new Set([query.name, ...tables].map(name => name.toLowerCase()))
  names.set(query, found)
  return found
}

/** Whether the rows of a query may have a column: its pack names it, its SQL does, or a row had it. */
export function mayReturn(query: Query, column: string, seen: ReadonlySet<string>): boolean {
  if (seen.has(column) || query.identity?.includes(column)) return true
  if (!/^\w+$/.test(column)) return false
  return new RegExp(`\\b${column}\\b`, 'i').test(query.sql)
}
