import { markdownTable } from 'markdown-table'
import { count, list, number, plural } from '../../text/phrases.ts'
import { escapeCell, escapeSentence } from '../escape.ts'
import type { Memory } from '../memory.ts'
import type { Finding } from '../report.ts'
import type { Tier } from './tier.ts'

/** Hosts of a resolved finding that are named. */
const MAX_HOSTS = 2

/** Since when a group drifts and what changed last: what a rolling report knows beyond one run. */
export function historySection(memory: Memory, findings: readonly Finding[], tier: Tier): string {
  const { since, unseen } = memory
  const sentences = [
    since === null ? '' : `Not clean since **${since}**.`,
    changeSentence(memory),
    unseen.length > 0
      ? `${count(unseen.length, 'earlier finding')} could not be checked again, because a host did not answer in full.`
      : ''
  ].filter(sentence => sentence !== '')
  if (sentences.length === 0) return ''
  return [`> 🕑 ${sentences.join(' ')}`, newFindings(memory, findings, tier), resolvedTable(memory, tier)]
    .filter(part => part !== '')
    .join('\n\n')
}

function changeSentence({ change, of, findings, known }: Memory): string {
  if (change === null) return ''
  const on = `Last change on ${change.on}`
  if (of === 'counts')
    return `${on}: ${count(change.before ?? 0, 'open finding')} before, ${number(findings)} now.`
  const parts = [
    change.came.length > 0 ? `${number(change.came.length)} new` : '',
    change.went.length > 0 ? `${number(change.went.length)} resolved` : ''
  ].filter(part => part !== '')
  const changes = parts.length > 0 ? list(parts) : 'the same findings, on other hosts or with another verdict'
  const limit =
    known.length < findings
      ? ` First-seen dates are kept for the ${number(known.length)} worst findings.`
      : ''
  return `${on}: ${changes}.${limit}`
}

/** The new findings, by their numbers in this report. */
function newFindings({ change }: Memory, findings: readonly Finding[], tier: Tier): string {
  const came = new Set(change?.came ?? [])
  const numbers = findings.flatMap(({ id }, index) => (came.has(id) ? [`${index + 1}`] : []))
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

/** First day of each finding, by id. */
export function firstDays(memory: Memory | undefined): ReadonlyMap<string, string> {
  return new Map((memory?.known ?? []).map(([id, day]) => [id, day]))
}
