import { markdownTable } from 'markdown-table'
import { isUnchanged } from '../../baseline/diff.ts'
import { changesInWords } from '../diff-summary.ts'
import { escapeCell, escapeSentence } from '../escape.ts'
import { capital, count } from '../phrases.ts'
import type { Report } from '../report.ts'
import { changesDiff, integrityText, pathText } from './changes.ts'
import { hostList, type Names } from './hosts.ts'
import type { Tier } from './tier.ts'

/** What mode `baseline` wrote: which rows came and went, and which were refused, with the reason. */
export function learnedSection({ learned }: Report, names: Names, tier: Tier): string {
  if (learned === undefined) return ''
  const { path, changed, changes, integrity, refused } = learned
  const diff = changesDiff(changes, tier)
  const parts = [
    '### 📘 The baseline',
    changed
      ? `${pathText(path)} was written: **${isUnchanged(changes) ? 'in its canonical form' : changesInWords(changes)}**.`
      : `${pathText(path)} is as it was: the clean hosts say nothing new.`,
    integrityText(integrity),
    diff === '' ? '' : `<details><summary>Which rows came and went</summary>\n\n${diff}\n\n</details>`,
    refusedTable(refused, names, tier)
  ]
  return parts.filter(part => part !== '').join('\n\n')
}

function refusedTable(refused: NonNullable<Report['learned']>['refused'], names: Names, tier: Tier): string {
  if (refused.length === 0) return ''
  const shown = refused.slice(0, tier.lines)
  const rest = refused.length - shown.length
  const body = shown.map(({ query, row, hosts, reason }) => [
    escapeCell(query, 64),
    escapeCell(
      Object.entries(row)
        .map(([column, value]) => `${column}=${value}`)
        .join(' '),
      tier.value
    ),
    hostList(hosts, names, Math.min(3, tier.hosts), escapeCell),
    escapeSentence(capital(reason), tier.value * 2, escapeCell)
  ])
  const table = markdownTable([['Table', 'Row', 'Hosts', 'Why not'], ...body], { alignDelimiters: false })
  const more = rest > 0 ? `\n\nAnd ${count(rest, 'more row')} in the full report.` : ''
  return `#### ⚠️ ${count(refused.length, 'row')} not learned\n\nLook at them. If they are yours, \`baseline-accept-rare: true\` learns them.\n\n${table}${more}`
}
