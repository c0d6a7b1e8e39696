import { count, list, number } from '../text/phrases.ts'
import type { Memory } from './memory.ts'
import type { Finding } from './report.ts'

/** Since when a group drifts and what changed last, in sentences of ours; empty where nothing is known. */
export function historySentences(memory: Memory): string[] {
  const { since, unseen } = memory
  return [
    since === null ? '' : `Not clean since ${since}.`,
    changeSentence(memory),
    unseen.length > 0
      ? `${count(unseen.length, 'earlier finding')} could not be checked again, because a host did not answer in full.`
      : ''
  ].filter(sentence => sentence !== '')
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

/** The numbers of the findings that the run before did not have. */
export function newNumbers({ change }: Memory, findings: readonly Finding[]): string[] {
  const came = new Set(change?.came ?? [])
  return findings.flatMap(({ id }, index) => (came.has(id) ? [`${index + 1}`] : []))
}

/** First day of each finding, by id. */
export function firstDays(memory: Memory | undefined): ReadonlyMap<string, string> {
  return new Map((memory?.known ?? []).map(([id, day]) => [id, day]))
}
