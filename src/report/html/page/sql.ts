import type { FindingRow } from '../../report.ts'

/** How far columns vary between two looks at the same thing: they would find nothing the second time. */
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
 * osquery SQL that looks for a row: the pack's own query with a condition around it, or where that is not known a
 * condition alone. `null` where no column can be asked for. Values are SQL literals of printable ASCII that neither
 * SQLite nor a shell around it takes for anything else.
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
/** Longer ones would not fit a terminal. */
const LONGEST = 2_000

/** Not what redaction or normalizing put in the place of a value. */
function isLiteral(value: string): boolean {
  if (value === '' || value.length > LONGEST || value.includes('[redacted:') || value.includes('… [cut:'))
    return false
  return !/<(?:host|ip|mac|instance-id|machine-id|hex|num|uuid|rand)>/.test(value)
}

function literal(value: string): string {
  if (/^[ -~]*$/.test(value) && !/[!$`"\\]/.test(value)) return `'${value.replaceAll("'", "''")}'`
  let hex = ''
  for (const byte of new TextEncoder().encode(value)) hex += byte.toString(16).padStart(2, '0')
  return `CAST(X'${hex}' AS TEXT)`
}
