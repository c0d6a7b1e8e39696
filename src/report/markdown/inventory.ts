import { count, plural } from '../../text/phrases.ts'
import { escapeLine, escapeText, fenced } from '../escape.ts'
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
    return `<details><summary>${escapeText(query, 64)}: ${count(total, 'row')}</summary>\n\n${fenced(lines)}\n\n</details>`
  })
  return [
    '### 🔎 Inventory',
    `Nothing judged ${plural(hosts.length, 'this host', `these ${hosts.length} hosts`)}. These are ${plural(hosts.length, 'its', 'their')} rows in the tables whose changes are rarely innocent: read them once.`,
    baselineAdvice(run.baseline !== null),
    ...(tables.length > 0 ? tables : ['These tables have no rows.'])
  ].join('\n\n')
}

function baselineAdvice(hasBaseline: boolean): string {
  return hasBaseline
    ? 'If they are right, learn the baseline again with `mode: baseline`: it does not cover all queries of this run.'
    : 'If they are right, run once with `mode: baseline` and `baseline: baselines/NAME.json`, commit that file after a review, and name it in the input `baseline` from then on. Three or more hosts are also compared with each other.'
}
