import { markdownTable } from 'markdown-table'
import { escapeCell, escapeSentence } from '../escape.ts'
import type { Memory } from '../history.ts'
import { count, listed, number } from '../phrases.ts'
import type { Finding } from '../report.ts'
import type { Tier } from './tier.ts'

/** Since when a group drifts and what changed last: what a rolling report knows beyond one run. */
export function historySection(memory: Memory, findings: readonly Finding[], tier: Tier): string {
  const { since, change, unseen } = memory
  const said = [
    since === null ? '' : `Not clean since **${since}**.`,
    change === null ? '' : changeSentence(memory),
    unseen.length > 0
      ? `${count(unseen.length, 'finding')} could not be looked for, because a host did not answer in full.`
      : ''
  ].filter(sentence => sentence !== '')
  if (said.length === 0) return ''
  return [`> 🕑 ${said.join(' ')}`, cameList(memory, findings, tier), wentTable(memory, tier)]
    .filter(part => part !== '')
    .join('\n\n')
}

function changeSentence({ change, of, findings, known }: Memory): string {
  if (change === null) return ''
  if (of === 'counts')
    return `Last change on ${change.on}: ${number(change.before ?? 0)} open findings before, ${number(findings)} now.`
  const parts = [
    change.came.length > 0 ? `${number(change.came.length)} new` : '',
    change.went.length > 0 ? `${number(change.went.length)} gone` : ''
  ].filter(part => part !== '')
  const what = parts.length > 0 ? listed(parts) : 'the same findings on other hosts, or another verdict'
  const more =
    known.length < findings ? ` First days are remembered for the worst ${number(known.length)}.` : ''
  return `Last change on ${change.on}: ${what}.${more}`
}

/** The new findings by their numbers in this report. */
function cameList({ change }: Memory, findings: readonly Finding[], tier: Tier): string {
  const came = new Set(change?.came ?? [])
  const numbers = findings.flatMap(({ id }, at) => (came.has(id) ? [`${at + 1}`] : []))
  if (numbers.length === 0) return ''
  const shown = numbers.slice(0, tier.lines)
  return `**New**: ${numbers.length === 1 ? 'number' : 'numbers'} ${listed(shown, numbers.length - shown.length)}.`
}

function wentTable({ change }: Memory, tier: Tier): string {
  const went = change?.went ?? []
  if (went.length === 0) return ''
  const shown = went.slice(0, tier.lines)
  const body = shown.map(([id, since, what, hosts, on]) => [
    escapeSentence(what, 60, escapeCell),
    hosts > 0
      ? listed(
          on.slice(0, 2).map(host => escapeCell(host, 64)),
          hosts - Math.min(on.length, 2)
        )
      : '',
    since,
    escapeCell(id, 80)
  ])
  const rest = went.length - shown.length
  const table = markdownTable([['Gone', 'Hosts', 'First seen', 'Finding'], ...body], {
    alignDelimiters: false
  })
  return rest > 0 ? `${table}\n\nAnd ${number(rest)} more.` : table
}

/** First day of each finding, by id. */
export function firstDays(memory: Memory | undefined): ReadonlyMap<string, string> {
  return new Map((memory?.known ?? []).map(([id, day]) => [id, day]))
}
