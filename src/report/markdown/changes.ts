import type { BaselineChanges, RowChange } from '../../baseline/diff.ts'
import { escapeLine, escapeText, fenced } from '../escape.ts'
import { count, listed } from '../phrases.ts'
import type { Tier } from './tier.ts'

const SIGNS = { added: '+', removed: '-', moved: '!' } as const

/** What differs as a diff that GitHub colors: one block a query and list, one line a row. */
export function changesDiff(changes: BaselineChanges, tier: Tier): string {
  const lines = [...queryLines(changes), ...rowLines(changes.rows, tier), ...acceptanceLines(changes, tier)]
  if (lines.length === 0) return ''
  const most = tier.lines * LINES_FOR_EACH
  const shown = lines.slice(0, most)
  const rest = lines.length - shown.length
  const more = rest > 0 ? `\n\nAnd ${count(rest, 'more line')} in the file itself.` : ''
  return `${fenced(shown, 'diff')}${more}`
}

/** Lines of a diff for each line that a table of the tier may have. */
const LINES_FOR_EACH = 5

function queryLines({ queries, packs }: BaselineChanges): string[] {
  const said = { added: 'is new', removed: 'is gone', columns: 'has other columns' }
  const dropped = queries
    .filter(({ change }) => change !== 'added')
    .map(({ change, role, query }) => `! the query ${at(role, query)} ${said[change]}`)
  const updated = packs.map(name => `! the pack ${escapeLine(name, 100)} has another digest`)
  return [...updated, ...dropped]
}

function rowLines(rows: readonly RowChange[], tier: Tier): string[] {
  const blocks = Map.groupBy(rows, ({ role, query, from, to, change }) =>
    JSON.stringify([role, query, change === 'moved' ? `${from} → ${to}` : (to ?? from)])
  )
  return [...blocks.values()].flatMap(block => {
    const [first] = block
    if (first === undefined) return []
    const list = first.change === 'moved' ? `${first.from} → ${first.to}` : (first.to ?? first.from)
    return [`@@ ${at(first.role, first.query)} · ${list} @@`, ...block.map(row => rowLine(row, tier))]
  })
}

function rowLine({ change, row }: RowChange, tier: Tier): string {
  const columns = Object.entries(row).map(([column, value]) => `${column}=${value}`)
  return `${SIGNS[change]} ${escapeLine(columns.join('  '), Math.max(60, tier.value))}`
}

function acceptanceLines({ acceptances }: BaselineChanges, tier: Tier): string[] {
  if (acceptances.length === 0) return []
  const lines = acceptances.map(({ change, acceptance: { query, match, hosts, reason, owner, expires } }) => {
    const columns = Object.entries(match).map(([column, glob]) => `${column}=${glob}`)
    const on = hosts === undefined ? 'every host' : hosts.join(', ')
    const text = `${query}: ${columns.join('  ')} on ${on}, until ${expires}: ${reason} (${owner})`
    return `${SIGNS[change]} ${escapeLine(text, Math.max(120, tier.value * 2))}`
  })
  return ['@@ acceptances @@', ...lines]
}

const at = (role: string | null, query: string): string =>
  role === null ? escapeLine(query, 64) : `${escapeLine(query, 64)} of role ${escapeLine(role, 64)}`

/** Asks for a look at rows that are added to tables whose change is rarely innocent. */
export function integrityText(queries: readonly string[]): string {
  if (queries.length === 0) return ''
  const named = queries.slice(0, 8).map(query => escapeText(query, 64))
  return `👀 Rows are added to ${listed(named, queries.length - named.length)}, where a change is rarely innocent: look at each of them.`
}

/** A path of the repository, as code. */
export const pathText = (path: string): string => escapeText(path, 200)
