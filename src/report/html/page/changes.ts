import type { BaselineChanges, RowChange } from '../../../baseline/diff.ts'
import { changesInWords } from '../../diff-summary.ts'
import { fold } from './disclosure.ts'
import { type Child, el, said } from './dom.ts'
import { cellOf, columnsOf, queryTitle } from './rows.ts'
import { cell, changeCell, line, sheet, unseen } from './table.ts'
import { count, listed } from './words.ts'

/** Up to this many changes are in sight from the start. */
const FEW = 24
const MARKS = { added: '+', removed: '−', moved: '→' } as const

/** `12 rows added and 3 removed`, in bold; what that is stands in the fold. */
export const changesWords = (changes: BaselineChanges): HTMLElement => el('b', {}, changesInWords(changes))

/** What differs between two versions of a baseline: its rows as tables, one for each query and role. */
export function changesFold(title: string, changes: BaselineChanges): HTMLElement[] {
  const { rows, acceptances, queries, packs } = changes
  const many = rows.length + acceptances.length + queries.length + packs.length
  if (many === 0) return []
  return [
    fold(title, many <= FEW, () => [
      ...others(changes),
      ...[...Map.groupBy(rows, ({ role, query }) => JSON.stringify([role, query])).values()].map(rowSheet),
      ...(acceptances.length > 0 ? [acceptanceSheet(acceptances)] : [])
    ])
  ]
}

/** Asks for a look at rows that are added to tables whose change is rarely innocent. */
export function integrityNote(queries: readonly string[]): HTMLElement[] {
  if (queries.length === 0) return []
  const named = queries.slice(0, 8)
  const tables = said(listed(named, queries.length - named.length), 600)
  const look = ', where a change is rarely innocent: look at each of them.'
  return [el('p', { class: 'notice' }, 'Rows are added to ', tables, look)]
}

const SAID = { removed: 'is gone', columns: 'has other columns' } as const

function others({ queries, packs }: BaselineChanges): HTMLElement[] {
  const told: Child[][] = packs.map(name => ['The pack ', said(name, 100), ' has another digest.'])
  for (const { change, role, query } of queries) {
    if (change === 'added') continue
    told.push(['The query ', said(query, 64), ...ofRole(role), ` ${SAID[change]}.`])
  }
  return told.map(words => el('p', { class: 'quiet' }, ...words))
}

function ofRole(role: string | null): Child[] {
  return role === null ? [] : [' of role ', said(role, 64)]
}

function rowSheet(rows: readonly RowChange[]): HTMLElement {
  const { query = '', role = null } = rows[0] ?? {}
  const columns = columnsOf(rows.map(({ row }) => row))
  return sheet({
    title: queryTitle(query, count(rows.length, 'row'), ...ofRole(role)),
    label: `Changes of ${query}`,
    heads: [unseen('Change'), ...columns.map(column => said(column, 64)), 'List'],
    rows,
    line: ({ change, row, from, to }) =>
      line(
        change,
        changeCell(MARKS[change], change),
        ...columns.map(column => cell(column, ...cellOf({ row, expected: null }, column))),
        cell('List', change === 'moved' ? `${from} → ${to}` : (to ?? from ?? ''))
      )
  })
}

function acceptanceSheet(acceptances: BaselineChanges['acceptances']): HTMLElement {
  return sheet({
    title: queryTitle('accept', count(acceptances.length, 'acceptance')),
    label: 'Changes of acceptances',
    heads: [unseen('Change'), 'Table', 'Match', 'Hosts', 'Until', 'Reason', 'Owner'],
    rows: acceptances,
    line: ({ change, acceptance: { query, match, hosts, expires, reason, owner } }) =>
      line(
        change,
        changeCell(MARKS[change], change),
        cell('Table', said(query, 64)),
        cell('Match', ...Object.entries(match).map(each => el('code', {}, said(each.join('='))))),
        cell('Hosts', said(hosts?.join(', ') ?? 'every host')),
        cell('Until', said(expires, 40)),
        cell('Reason', said(reason)),
        cell('Owner', said(owner, 100))
      )
  })
}
