import { markdownTable } from 'markdown-table'
import { list, number, plural } from '../../text/phrases.ts'
import { escapeCell, escapeSentence } from '../escape.ts'
import { historySentences, newNumbers } from '../history-text.ts'
import type { Memory } from '../memory.ts'
import type { Finding } from '../report.ts'
import type { Tier } from './tier.ts'

/** Hosts of a resolved finding that are named. */
const MAX_HOSTS = 2

/** Since when a group drifts and what changed last: what a rolling report knows beyond one run. */
export function historySection(memory: Memory, findings: readonly Finding[], tier: Tier): string {
  const sentences = historySentences(memory)
  if (sentences.length === 0) return ''
  return [`> 🕑 ${sentences.join(' ')}`, newFindings(memory, findings, tier), resolvedTable(memory, tier)]
    .filter(part => part !== '')
    .join('\n\n')
}

/** The new findings, by their numbers in this report. */
function newFindings(memory: Memory, findings: readonly Finding[], tier: Tier): string {
  const numbers = newNumbers(memory, findings)
  if (numbers.length === 0) return ''
  return `**New**: ${plural(numbers.length, 'finding', 'findings')} ${list(numbers, tier.lines)}.`
}

function resolvedTable({ change }: Memory, tier: Tier): string {
  const resolved = change?.went ?? []
  if (resolved.length === 0) return ''
  const shown = resolved.slice(0, tier.lines)
  const body = shown.map(([id, since, label, hosts, ids]) => [
    escapeSentence(label, 60, escapeCell),
    hostsCell(ids, hosts),
    since,
    escapeCell(id, 80)
  ])
  const more = resolved.length - shown.length
  const table = markdownTable([['Resolved', 'Hosts', 'First seen', 'Finding'], ...body], {
    alignDelimiters: false
  })
  return more > 0 ? `${table}\n\nAnd ${number(more)} more.` : table
}

/** @param hosts how many hosts there were; `ids` are some of them */
function hostsCell(ids: readonly string[], hosts: number): string {
  const named = ids.slice(0, Math.min(MAX_HOSTS, hosts)).map(id => escapeCell(id, 64))
  const more = hosts - named.length
  return list(more > 0 ? [...named, `${number(more)} more`] : named)
}
