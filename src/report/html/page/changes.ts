import type { BaselineChanges, RowChange } from '../../../baseline/diff.ts'
import { count } from '../../../text/phrases.ts'
import { listFirst } from '../../phrases.ts'
import { disclosure } from './disclosure.ts'
import { type Child, el, untrusted } from './dom.ts'
import { CHANGE_MARKS } from './labels.ts'
import { cellContent, columnsOf, queryTitle } from './rows.ts'
import { cell, changeCell, dataTable, tableRow, visuallyHidden } from './table.ts'

/** Up to this many changes are open from the start. */
const MAX_OPEN_CHANGES = 24

/** What differs between two versions of a baseline: its rows as tables, one for each query and role. */
export function changesDisclosure(changes: BaselineChanges): HTMLElement[] {
  const { rows, acceptances, queries, packs } = changes
  const total = rows.length + acceptances.length + queries.length + packs.length
  if (total === 0) return []
  const tables = () => [
    ...otherChanges(changes),
    ...[...Map.groupBy(rows, ({ role, query }) => JSON.stringify([role, query])).values()].map(rowTable),
    ...(acceptances.length > 0 ? [acceptanceTable(acceptances)] : [])
  ]
  return [disclosure('Changes to the baseline', total <= MAX_OPEN_CHANGES, tables)]
}

/** Asks for a review of rows that are added to integrity tables. */
export function integrityNotice(queries: readonly string[]): HTMLElement[] {
  if (queries.length === 0) return []
  const tables = untrusted(
    listFirst(queries, 8, query => query),
    600
  )
  const advice = ', where a change is rarely benign: review each one.'
  return [el('p', { class: 'notice' }, 'Rows are added to ', tables, advice)]
}

const QUERY_CHANGES = { removed: 'was removed', columns: 'has other columns' } as const

function otherChanges({ queries, packs }: BaselineChanges): HTMLElement[] {
  const sentences: Child[][] = packs.map(name => ['The pack ', untrusted(name, 100), ' has a new digest.'])
  for (const { change, role, query } of queries) {
    if (change === 'added') continue
    sentences.push(['The query ', untrusted(query, 64), ...roleText(role), ` ${QUERY_CHANGES[change]}.`])
  }
  return sentences.map(sentence => el('p', { class: 'quiet' }, ...sentence))
}

function roleText(role: string | null): Child[] {
  return role === null ? [] : [' of role ', untrusted(role, 64)]
}

function rowTable(rows: readonly RowChange[]): HTMLElement {
  const { query = '', role = null } = rows[0] ?? {}
  const columns = columnsOf(rows.map(({ row }) => row))
  return dataTable({
    title: queryTitle(query, count(rows.length, 'row'), ...roleText(role)),
    label: `Changes of ${query}`,
    headers: [visuallyHidden('Change'), ...columns.map(column => untrusted(column, 64)), 'List'],
    rows,
    toRow: ({ change, row, from, to }) =>
      tableRow(
        change,
        changeCell(CHANGE_MARKS[change], change),
        ...columns.map(column => cell(column, ...cellContent({ row, expected: null }, column))),
        cell('List', change === 'moved' ? `${from} → ${to}` : (to ?? from ?? ''))
      )
  })
}

function acceptanceTable(acceptances: BaselineChanges['acceptances']): HTMLElement {
  return dataTable({
    title: queryTitle('accept', count(acceptances.length, 'acceptance')),
    label: 'Changes of acceptances',
    headers: [visuallyHidden('Change'), 'Table', 'Match', 'Hosts', 'Until', 'Reason', 'Owner'],
    rows: acceptances,
    toRow: ({ change, acceptance: { query, match, hosts, expires, reason, owner } }) =>
      tableRow(
        change,
        changeCell(CHANGE_MARKS[change], change),
        cell('Table', untrusted(query, 64)),
        cell('Match', ...Object.entries(match).map(entry => el('code', {}, untrusted(entry.join('='))))),
        cell('Hosts', untrusted(hosts?.join(', ') ?? 'every host')),
        cell('Until', untrusted(expires, 40)),
        cell('Reason', untrusted(reason)),
        cell('Owner', untrusted(owner, 100))
      )
  })
}
