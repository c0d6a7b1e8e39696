import { number } from '../../../text/phrases.ts'
import { baselineAdvice, inventoryMeaning, NO_INVENTORY } from '../../inventory-text.ts'
import type { Inventory } from '../../report.ts'
import { disclosure } from './disclosure.ts'
import { el, sentence, untrusted } from './dom.ts'
import { hostList } from './hosts.ts'
import type { Model } from './model.ts'
import { columnsOf, value } from './rows.ts'
import { cell, dataTable, tableRow } from './table.ts'

/** Tables with up to this many rows are open from the start. */
const MAX_OPEN_ROWS = 12
const MAX_HOSTS = 12

/** Rows of integrity tables on hosts that were compared with nothing, and the way to a baseline. */
export function inventorySection(
  inventory: Inventory,
  model: Model,
  showHost: (id: string) => void
): HTMLElement[] {
  const { hosts, queries } = inventory
  return [
    el('p', { class: 'explanation' }, inventoryMeaning(inventory)),
    el('p', { class: 'quiet' }, ...sentence(baselineAdvice(model.report.run.baseline !== null))),
    ...(hosts.length > 1 ? [hostList(hosts, model, showHost, MAX_HOSTS)] : []),
    ...(queries.length === 0 ? [el('p', {}, NO_INVENTORY)] : []),
    ...queries.map(query => {
      const title = el('span', {}, untrusted(query.query, 64), ' ')
      title.append(el('span', { class: 'count' }, number(query.total)))
      return disclosure(title, query.total <= MAX_OPEN_ROWS, () => [tableOf(query, hosts.length)])
    })
  ]
}

function tableOf({ query, total, rows }: Inventory['queries'][number], hosts: number): HTMLElement {
  const columns = columnsOf(rows.map(({ row }) => row))
  const more = total - rows.length
  return dataTable({
    title:
      more > 0
        ? el(
            'p',
            { class: 'quiet' },
            `The first ${number(rows.length)} rows; the others are in the snapshot.`
          )
        : null,
    label: `Inventory of ${query}`,
    headers: [...columns.map(column => untrusted(column, 64)), ...(hosts > 1 ? ['Hosts that have it'] : [])],
    rows,
    toRow: ({ row, hosts: having }) =>
      tableRow(
        'inventory',
        ...columns.map(column => cell(column, value(Object.hasOwn(row, column) ? (row[column] ?? '') : ''))),
        ...(hosts > 1 ? [cell('Hosts that have it', `${number(having)} of ${number(hosts)}`)] : [])
      )
  })
}
