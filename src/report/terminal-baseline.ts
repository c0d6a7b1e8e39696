import { type BaselineChanges, isUnchanged, type RowChange } from '../baseline/diff.ts'
import { sanitize } from '../text/sanitize.ts'
import { changesInWords } from './diff-summary.ts'
import { count } from './phrases.ts'
import type { Report } from './report.ts'

const MAX_LINES = 60
const SIGNS = { added: '+', removed: '-', moved: '~' } as const

/** What of a baseline was learned, would change, or could follow the fleet, for the log. */
export function baselineLines({ plan, learned, suggestion, run }: Report): string[] {
  const lines: string[] = []
  if (plan !== undefined) {
    lines.push(
      `This pull request changes ${sanitize(run.baseline?.path ?? 'the baseline', 200)}: ${changesInWords(plan.changes)}.`
    )
    lines.push(...rowLines(plan.changes))
  }
  if (learned !== undefined) {
    const { path, changed, changes, refused } = learned
    const said = isUnchanged(changes) ? 'in its canonical form' : changesInWords(changes)
    lines.push(`${sanitize(path, 200)} ${changed ? `was written: ${said}` : 'is as it was'}.`)
    lines.push(...rowLines(changes))
    if (refused.length > 0)
      lines.push(`${count(refused.length, 'row')} not learned, which may be an intruder's:`)
    for (const { query, row, hosts, reason } of refused.slice(0, MAX_LINES))
      lines.push(`   ${rowText(query, row)} on ${sanitize(hosts.join(', '), 100)}: ${sanitize(reason, 200)}`)
    if (refused.length > MAX_LINES) lines.push(`   … and ${count(refused.length - MAX_LINES, 'more row')}`)
  }
  if (suggestion !== undefined)
    lines.push(
      `${sanitize(suggestion.file, 100)} follows the rollouts: ${changesInWords(suggestion.changes)}.`
    )
  return lines.length === 0 ? [] : ['', ...lines]
}

function rowLines({ rows }: BaselineChanges): string[] {
  const shown = rows
    .slice(0, MAX_LINES)
    .map(change => `   ${SIGNS[change.change]} ${rowText(change.query, change.row)}${where(change)}`)
  return rows.length > shown.length
    ? [...shown, `   … and ${count(rows.length - shown.length, 'more row')}`]
    : shown
}

function rowText(query: string, row: Readonly<Record<string, string>>): string {
  const columns = Object.entries(row).map(([column, value]) => `${column}=${value}`)
  return `${sanitize(query, 64)}: ${sanitize(columns.join('  '), 200)}`
}

function where({ change, role, from, to }: RowChange): string {
  const list = change === 'moved' ? `${from} → ${to}` : (to ?? from)
  return ` (${list}${role === null ? '' : `, role ${sanitize(role, 64)}`})`
}
