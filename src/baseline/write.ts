import { escapeUnseen } from '../text/escape-json.ts'
import {
  type Acceptance,
  type Baseline,
  type BaselineQueries,
  type BaselineQuery,
  SCHEMA_URL
} from './baseline.ts'

/**
 * The text of a baseline: keys in a fixed order; names, rows and acceptances sorted by code unit; one row per line; LF.
 * Equal baselines give equal bytes, whatever their order. Every list ends with an empty element, so that each line
 * of a row or an acceptance ends with a comma and Git merges additions at different places of one list.
 */
export function writeBaseline(baseline: Baseline): string {
  const packs = byKey(baseline.packs).map(([name, sha256]) => `    ${quoted(name)}: ${quoted(sha256)}`)
  const accept = [...baseline.accept].map(acceptanceText).sort()
  const roles = byKey(baseline.roles).map(
    ([label, { queries }]) => `    ${quoted(label)}: {\n${queriesText(queries, '      ')}\n    }`
  )
  const parts = [
    `  "$schema": ${quoted(baseline.$schema ?? SCHEMA_URL)}`,
    `  "version": ${baseline.version}`,
    `  "name": ${quoted(baseline.name)}`,
    `  "packs": ${object(packs, '  ')}`,
    queriesText(baseline.queries, '  '),
    `  "accept": [\n${[...accept, '{}'].map(line => `    ${line}`).join(',\n')}\n  ]`,
    ...(roles.length === 0 ? [] : [`  "roles": ${object(roles, '  ')}`])
  ]
  return `{\n${parts.join(',\n')}\n}\n`
}

/** Compares two rows by code unit, value by value. */
export function compareRows(a: readonly string[], b: readonly string[]): number {
  for (const [at, value] of a.entries()) {
    const other = b[at]
    if (other === undefined) return 1
    if (value !== other) return value < other ? -1 : 1
  }
  return a.length - b.length
}

function queriesText(queries: BaselineQueries, indent: string): string {
  const members = byKey(queries).map(([name, query]) => queryText(name, query, `${indent}  `))
  return `${indent}"queries": ${object(members, indent)}`
}

function queryText(name: string, query: BaselineQuery, indent: string): string {
  const parts = [
    `"columns": ${rowText(query.columns)}`,
    ...(query.note === undefined ? [] : [`"note": ${quoted(query.note)}`]),
    `"required": ${rowsText(query.required, `${indent}  `)}`,
    `"optional": ${rowsText(query.optional, `${indent}  `)}`
  ]
  return `${indent}${quoted(name)}: {\n${parts.map(part => `${indent}  ${part}`).join(',\n')}\n${indent}}`
}

function rowsText(rows: readonly (readonly string[])[], indent: string): string {
  const lines = [...rows].sort(compareRows).map(rowText)
  return `[\n${[...lines, '[]'].map(line => `${indent}  ${line}`).join(',\n')}\n${indent}]`
}

const rowText = (row: readonly string[]): string => `[${row.map(quoted).join(', ')}]`

function acceptanceText({ query, match, hosts, reason, owner, expires }: Acceptance): string {
  const columns = byKey(match).map(([column, glob]) => `${quoted(column)}: ${quoted(glob)}`)
  const parts = [
    `"query": ${quoted(query)}`,
    `"match": { ${columns.join(', ')} }`,
    ...(hosts === undefined ? [] : [`"hosts": ${rowText(hosts)}`]),
    `"reason": ${quoted(reason)}`,
    `"owner": ${quoted(owner)}`,
    `"expires": ${quoted(expires)}`
  ]
  return `{ ${parts.join(', ')} }`
}

function object(entries: readonly string[], indent: string): string {
  return entries.length === 0 ? '{}' : `{\n${entries.join(',\n')}\n${indent}}`
}

function byKey<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))
}

const quoted = (value: string): string => escapeUnseen(JSON.stringify(value))
