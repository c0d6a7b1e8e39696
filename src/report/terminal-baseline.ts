import type { BaselineChanges, RowChange } from '../baseline/diff.ts'
import { count, plural } from '../text/phrases.ts'
import { sanitize } from '../text/sanitize.ts'
import { diffSummary } from './diff-summary.ts'
import { CHANGE_MARKS } from './marks.ts'
import type { LearnedBaseline, Report } from './report.ts'
import { columnTexts } from './row-text.ts'

const MAX_LINES = 60

/** For the log: what a pull request changes in a baseline, what was learned, and what the fleet suggests. */
export function baselineLines({ plan, learned, suggestion, run }: Report): string[] {
  const lines: string[] = []
  if (plan !== undefined) {
    const path = sanitize(run.baseline?.path ?? 'the baseline', 200)
    lines.push(`This pull request changes ${path}: ${diffSummary(plan.changes)}.`, ...rowLines(plan.changes))
  }
  if (learned !== undefined) lines.push(...learnedLines(learned))
  if (suggestion !== undefined)
    lines.push(
      `${sanitize(suggestion.file, 100)} suggests a baseline for the rollouts: ${diffSummary(suggestion.changes)}.`
    )
  return lines.length === 0 ? [] : ['', ...lines]
}

function learnedLines({ path, changed, changes, refused }: LearnedBaseline): string[] {
  const outcome = changed ? `was written: ${diffSummary(changes)}` : 'is unchanged'
  const lines = [`${sanitize(path, 200)} ${outcome}.`, ...rowLines(changes)]
  if (refused.length === 0) return lines
  lines.push(
    `${count(refused.length, 'row')} not learned, because ${plural(refused.length, 'it looks', 'they look')} like an intruder's:`
  )
  for (const { query, row, hosts, reason } of refused.slice(0, MAX_LINES))
    lines.push(`   ${rowOf(query, row)} on ${sanitize(hosts.join(', '), 100)}: ${sanitize(reason, 200)}`)
  return [...lines, ...moreRows(refused.length)]
}

function rowLines({ rows }: BaselineChanges): string[] {
  const lines = rows
    .slice(0, MAX_LINES)
    .map(change => `   ${CHANGE_MARKS[change.change]} ${rowOf(change.query, change.row)}${listOf(change)}`)
  return [...lines, ...moreRows(rows.length)]
}

function moreRows(rows: number): string[] {
  return rows > MAX_LINES ? [`   … and ${count(rows - MAX_LINES, 'more row')}`] : []
}

function rowOf(query: string, row: Readonly<Record<string, string>>): string {
  return `${sanitize(query, 64)}: ${sanitize(columnTexts(row).join('  '), 200)}`
}

function listOf({ change, role, from, to }: RowChange): string {
  const list = change === 'moved' ? `${from} → ${to}` : (to ?? from)
  return ` (${list}${role === null ? '' : `, role ${sanitize(role, 64)}`})`
}
