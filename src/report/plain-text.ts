import { escapePlain } from './escape.ts'
import { capital, count, listed, nature, number } from './phrases.ts'
import type { Finding, FindingRow } from './report.ts'

/** The name each host gives itself, by id. */
export type HostNames = ReadonlyMap<string, string | null>

/** What a finding is, in a few words of ours: `Critical intruder on 5 hosts`. */
export function plainTitle(finding: Finding): string {
  return `${capital(nature(finding))} on ${count(finding.hosts.length, 'host')}`
}

/** Hosts by the name they give themselves, never without the id. */
export function plainHosts(ids: readonly string[], names: HostNames, most: number): string {
  const shown = ids.slice(0, most).map(id => {
    const name = names.get(id)?.split('.', 1)[0] ?? ''
    return name === '' || name === id
      ? escapePlain(id, 64)
      : `${escapePlain(name, 40)} (${escapePlain(id, 64)})`
  })
  return listed(shown, ids.length - shown.length)
}

const MARKS = { unexpected: '+', missing: '-', changed: '~' } as const

/** A row in one line: `+ crontab: path=/etc/cron.d/x  command=… (5 of 62)`. */
export function plainRow({ kind, query, row, expected, prevalence }: FindingRow): string {
  const columns = Object.entries(row).flatMap(([column, value]) => {
    const before = expected !== null && Object.hasOwn(expected, column) ? (expected[column] ?? '') : value
    if (before !== value) return [`${column}=${before.slice(0, 80)} → ${value.slice(0, 80)}`]
    return value === '' ? [] : [`${column}=${value}`]
  })
  const [having, observed] = prevalence.fleet
  const told = escapePlain(columns.slice(0, 24).join('  '), 300)
  return `${MARKS[kind]} ${escapePlain(query, 64)}: ${told} (${number(having)} of ${number(observed)})`
}
