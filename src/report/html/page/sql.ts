import type { FindingRow } from '../../report.ts'

/** Columns that differ between two collections of the same row: a condition on them would not find it again. */
const VOLATILE = new Set([
  'pid',
  'parent',
  'start_time',
  'mtime',
  'atime',
  'ctime',
  'size',
  'resident_size',
  'uptime'
])

/**
 * osquery SQL that finds a row: the pack's query with a condition around it, or only the condition if the query is not
 * known; `null` if no column can be searched for. Values are SQL literals in printable ASCII that neither SQLite nor a
 * shell interprets as anything else.
 */
export function sqlFor(
  { query, row, expected, kind }: FindingRow,
  sql: Readonly<Record<string, string>>
): string | null {
  const wanted = kind === 'missing' || expected === null ? row : { ...expected, ...row }
  const conditions = Object.entries(wanted)
    .filter(([column, value]) => COLUMN.test(column) && !VOLATILE.has(column) && isLiteral(value))
    .map(([column, value]) => `"${column}" = ${literal(value)}`)
  if (conditions.length === 0) return null
  const where = `WHERE ${conditions.join('\n  AND ')}`
  const known = Object.hasOwn(sql, query) ? sql[query] : undefined
  return known === undefined
    ? `-- The SQL of this row's query is in its pack, not in the report.\n${where}`
    : `SELECT * FROM (\n  ${known.trim().replace(/;$/, '')}\n)\n${where};`
}

const COLUMN = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/
/** Longer values would not fit in a terminal. */
const MAX_VALUE_LENGTH = 2_000

/** Whether a value is the host's own, and not put there by redaction or normalization. */
function isLiteral(value: string): boolean {
  if (
    value === '' ||
    value.length > MAX_VALUE_LENGTH ||
    value.includes('[redacted:') ||
    value.includes('… [cut:')
  )
    return false
  return !/<(?:host|ip|mac|instance-id|machine-id|hex|num|uuid|rand)>/.test(value)
}

function literal(value: string): string {
  if (/^[ -~]*$/.test(value) && !/[!$`"\\]/.test(value)) return `'${value.replaceAll("'", "''")}'`
  let hex = ''
  for (const byte of new TextEncoder().encode(value)) hex += byte.toString(16).padStart(2, '0')
  return `CAST(X'${hex}' AS TEXT)`
}
