import type { BaselineChanges, RowChange } from '../../baseline/diff.ts'
import { count } from '../../text/phrases.ts'
import { escapeLine, escapeText, fenced } from '../escape.ts'
import { DIFF_MARKS } from '../marks.ts'
import { listFirst } from '../phrases.ts'
import { columnTexts } from '../row-text.ts'
import type { Tier } from './tier.ts'

/** Lines of a diff for each line that a table of the tier may have. */
const DIFF_LINES_PER_TABLE_LINE = 5

/** The changes as a diff that GitHub colors: one block for each query and list, one line for each row. */
export function changesDiff(changes: BaselineChanges, tier: Tier): string {
  const lines = [...queryLines(changes), ...rowLines(changes.rows, tier), ...acceptanceLines(changes, tier)]
  if (lines.length === 0) return ''
  const shown = lines.slice(0, tier.lines * DIFF_LINES_PER_TABLE_LINE)
  const more = lines.length - shown.length
  return `${fenced(shown, 'diff')}${more > 0 ? `\n\nAnd ${count(more, 'more line')} in the file itself.` : ''}`
}

function queryLines({ queries, packs }: BaselineChanges): string[] {
  const outcomes = { added: 'added', removed: 'removed', columns: 'other columns' }
  const changed = queries
    .filter(({ change }) => change !== 'added')
    .map(({ change, role, query }) => `! query ${queryName(role, query)}: ${outcomes[change]}`)
  const updated = packs.map(name => `! pack ${escapeLine(name, 100)}: new digest`)
  return [...updated, ...changed]
}

function rowLines(rows: readonly RowChange[], tier: Tier): string[] {
  const blocks = Map.groupBy(rows, change => JSON.stringify([change.role, change.query, listOf(change)]))
  return [...blocks.values()].flatMap(block => {
    const [first] = block
    if (first === undefined) return []
    return [
      `@@ ${queryName(first.role, first.query)} · ${listOf(first)} @@`,
      ...block.map(row => rowLine(row, tier))
    ]
  })
}

/** `required`, or `required → optional` for a row that moved. */
function listOf({ change, from, to }: RowChange): string {
  return change === 'moved' ? `${from} → ${to}` : (to ?? from ?? '')
}

function rowLine({ change, row }: RowChange, tier: Tier): string {
  return `${DIFF_MARKS[change]} ${escapeLine(columnTexts(row).join('  '), Math.max(60, tier.value))}`
}

function acceptanceLines({ acceptances }: BaselineChanges, tier: Tier): string[] {
  if (acceptances.length === 0) return []
  const lines = acceptances.map(({ change, acceptance: { query, match, hosts, reason, owner, expires } }) => {
    const columns = Object.entries(match).map(([column, glob]) => `${column}=${glob}`)
    const on = hosts === undefined ? 'every host' : hosts.join(', ')
    const text = `${query}: ${columns.join('  ')} on ${on}, until ${expires}: ${reason} (${owner})`
    return `${DIFF_MARKS[change]} ${escapeLine(text, Math.max(120, tier.value * 2))}`
  })
  return ['@@ acceptances @@', ...lines]
}

function queryName(role: string | null, query: string): string {
  return role === null ? escapeLine(query, 64) : `${escapeLine(query, 64)} (role ${escapeLine(role, 64)})`
}

/** Asks for a review of rows that are added to integrity tables. */
export function integrityText(queries: readonly string[]): string {
  if (queries.length === 0) return ''
  const named = listFirst(queries, 8, query => escapeText(query, 64))
  return `👀 Rows are added to ${named}, where a change is rarely benign: review each one.`
}

/** A path in the repository, as code. */
export const pathText = (path: string): string => escapeText(path, 200)
