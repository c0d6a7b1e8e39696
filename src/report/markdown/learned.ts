import { markdownTable } from 'markdown-table'
import { count } from '../../text/phrases.ts'
import { diffSummary } from '../diff-summary.ts'
import { escapeCell, escapeSentence } from '../escape.ts'
import { type HostNames, hostList } from '../host-names.ts'
import { capital } from '../phrases.ts'
import type { LearnedBaseline, Report } from '../report.ts'
import { columnTexts } from '../row-text.ts'
import { changesDiff, integrityText, pathText } from './changes.ts'
import type { Tier } from './tier.ts'

/** What mode `baseline` wrote: the rows added and removed, and those not learned, with the reason. */
export function learnedSection({ learned }: Report, names: HostNames, tier: Tier): string {
  if (learned === undefined) return ''
  const { path, changed, changes, integrity, refused } = learned
  const diff = changesDiff(changes, tier)
  const parts = [
    '### 📘 Learned baseline',
    changed
      ? `${pathText(path)} was written: **${diffSummary(changes)}**.`
      : `${pathText(path)} is unchanged: the clean hosts have nothing new.`,
    integrityText(integrity),
    diff === '' ? '' : `<details><summary>Changes to the baseline</summary>\n\n${diff}\n\n</details>`,
    refusedTable(refused, names, tier)
  ]
  return parts.filter(part => part !== '').join('\n\n')
}

function refusedTable(refused: LearnedBaseline['refused'], names: HostNames, tier: Tier): string {
  if (refused.length === 0) return ''
  const shown = refused.slice(0, tier.lines)
  const more = refused.length - shown.length
  const body = shown.map(({ query, row, hosts, reason }) => [
    escapeCell(query, 64),
    escapeCell(columnTexts(row).join(' '), tier.value),
    hostList(hosts, names, Math.min(3, tier.hosts), escapeCell),
    escapeSentence(capital(reason), tier.value * 2, escapeCell)
  ])
  return [
    `#### ⚠️ ${count(refused.length, 'row')} not learned`,
    refused.length === 1
      ? 'Review it. If it is legitimate, run again with `baseline-accept-rare: true` to learn it.'
      : 'Review them. If they are legitimate, run again with `baseline-accept-rare: true` to learn them.',
    markdownTable([['Table', 'Row', 'Hosts', 'Reason'], ...body], { alignDelimiters: false }),
    more > 0 ? `And ${count(more, 'more row')} in the full report.` : ''
  ]
    .filter(part => part !== '')
    .join('\n\n')
}
