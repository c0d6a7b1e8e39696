import { count } from '../../text/phrases.ts'
import { escapeHtml, escapeLine, fenced } from '../escape.ts'
import { baselineAdvice, inventoryMeaning, NO_INVENTORY } from '../inventory-text.ts'
import type { Report } from '../report.ts'
import { columnTexts } from '../row-text.ts'
import type { Tier } from './tier.ts'

/** Rows of integrity tables on hosts that were compared with nothing, and the way to a baseline. */
export function inventorySection({ inventory, run }: Report, tier: Tier): string {
  if (inventory === undefined) return ''
  const { hosts, queries } = inventory
  const tables = queries.slice(0, tier.lines).map(({ query, total, rows }) => {
    const shown = rows.slice(0, tier.rows + tier.folded)
    const lines = shown.map(({ row, hosts: having }) => {
      const text = columnTexts(row).slice(0, tier.columns).join('  ')
      return escapeLine(hosts.length > 1 ? `${text}  (${count(having, 'host')})` : text, tier.value * 2)
    })
    const more = total - shown.length
    if (more > 0) lines.push(`… and ${count(more, 'more row')}`)
    return `<details><summary>${escapeHtml(query, 64)}: ${count(total, 'row')}</summary>\n\n${fenced(lines)}\n\n</details>`
  })
  return [
    '### 🔎 Inventory',
    inventoryMeaning(inventory),
    baselineAdvice(run.baseline !== null),
    ...(tables.length > 0 ? tables : [NO_INVENTORY])
  ].join('\n\n')
}
