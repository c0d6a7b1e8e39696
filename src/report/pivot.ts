import type { Finding, FindingRow, ReportRun } from './report.ts'

const MAX_LINES = 10
const MAX_VALUE = 500
const DIGESTS: readonly string[] = ['sha256', 'sha1', 'md5']
/** Columns that say what a row is, the most exact first. */
const PREFERRED: readonly string[] = [
  'cmdline',
  'command',
  'path',
  'key',
  'fragment_path',
  'value',
  'name',
  'id',
  'username',
  'port'
]
/**
 * Values that cannot be a line, and those that a host did not report so: secrets that were hidden, long values that were
 * cut, placeholders.
 */
const UNUSABLE =
  /^$|^\s|\s$|[\p{C}\p{Zl}\p{Zp}]|\[redacted:|\u2026 \[cut:|<(?:host|ip|mac|(?:instance|machine)-id|hex|num|uuid|rand)>/u
const QUERY = /^\w[\w.-]{0,63}$/

/**
 * Lines of the `indicators` input that find the same elsewhere: the digests of what is unexpected or changed, else the
 * value that says most. Rows that are missing have none.
 */
export function pivotOf({ rows }: Pick<Finding, 'rows'>): string[] {
  return [...new Set(rows.flatMap(linesOf))].slice(0, MAX_LINES)
}

function linesOf({ kind, query, row, expected }: FindingRow): string[] {
  if (kind === 'missing' || !QUERY.test(query)) return []
  const usable = new Map(
    Object.entries(row).filter(
      ([column, value]) => value.length <= MAX_VALUE && !UNUSABLE.test(value) && value !== expected?.[column]
    )
  )
  const digests = DIGESTS.filter(column => /^[\da-f]{32,64}$/i.test(usable.get(column) ?? ''))
  if (digests.length > 0) return digests.map(column => `${column}:${usable.get(column)}`)
  const changed = (column: string) => (row[column] ?? '') !== '' && row[column] !== expected?.[column]
  const column = [...PREFERRED, ...Object.keys(row)].find(changed) ?? ''
  return usable.has(column) && /^\w+$/.test(column) ? [`${query}.${column}=${usable.get(column)}`] : []
}

/** The command that searches the targets of a run for indicators, with the example workflow `incident.yml`. */
export function pivotCommand({ targets }: Pick<ReportRun, 'targets'>, lines: readonly string[]): string {
  const where = targets.length > 0 ? ` -f targets=${quoted(targets)}` : ''
  return `gh workflow run incident.yml${where} -f indicators=${quoted(lines)}`
}

/** Lines as one word for a POSIX shell. */
function quoted(lines: readonly string[]): string {
  return `'${lines.join('\n').replaceAll("'", `'\\''`)}'`
}
