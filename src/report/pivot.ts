import type { Finding, FindingRow, ReportRun } from './report.ts'

const MAX_LINES = 10
const MAX_VALUE = 500
const DIGESTS: readonly string[] = ['sha256', 'sha1', 'md5']
/** Columns that say what a row is, the most exact first. */
const TELLING: readonly string[] = [
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
/** Values that a host did not report so: secrets that were hidden, long values that were cut, placeholders. */
const REPLACED = /\[redacted:|… \[cut:|<(?:host|ip|mac|instance-id|machine-id|hex|num|uuid|rand)>/
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/u
const QUERY = /^[A-Za-z0-9][\w.-]{0,63}$/

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
    Object.entries(row).filter(([column, value]) => isUsable(value) && value !== expected?.[column])
  )
  const digests = DIGESTS.flatMap(column => {
    const value = usable.get(column)
    return value !== undefined && /^[0-9a-f]{32,64}$/i.test(value) ? [`${column}:${value.toLowerCase()}`] : []
  })
  if (digests.length > 0) return digests
  const changed = (column: string) => (row[column] ?? '') !== '' && row[column] !== expected?.[column]
  const column = [...TELLING, ...Object.keys(row)].find(changed) ?? ''
  return usable.has(column) && /^\w+$/.test(column) ? [`${query}.${column}=${usable.get(column)}`] : []
}

function isUsable(value: string): boolean {
  return (
    value !== '' &&
    value.length <= MAX_VALUE &&
    value === value.trim() &&
    !REPLACED.test(value) &&
    !UNPRINTABLE.test(value)
  )
}

/** The command that searches the targets of a run for indicators, with the example workflow `incident.yml`. */
export function pivotCommand({ targets }: Pick<ReportRun, 'targets'>, lines: readonly string[]): string {
  const inputs = [
    ...(targets.length > 0 ? [`-f targets=${quoted(targets.join('\n'))}`] : []),
    `-f indicators=${quoted(lines.join('\n'))}`
  ]
  return `gh workflow run incident.yml ${inputs.join(' ')}`
}

/** One word for a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
