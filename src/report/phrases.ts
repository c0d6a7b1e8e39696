import { count, list, number } from '../text/phrases.ts'
import type { Finding, ReportSummary } from './report.ts'
import { atLeast, nonCoverageFindings, openFindings } from './summarize.ts'

/** The kinds of findings that have no verdict, and deviations, in words. */
export const KINDS: Readonly<Record<Finding['kind'], string>> = {
  deviation: 'deviation',
  indicator: 'indicator hit',
  silent: 'silent host',
  partial: 'partial host',
  poisoning: 'baseline poisoning',
  acceptance: 'stale acceptance'
}

/** `critical intruder`, `medium indicator hit`, `low anomaly` … Below medium severity nobody is accused. */
export function findingLabel({
  severity,
  kind,
  verdict
}: Pick<Finding, 'severity' | 'kind' | 'verdict'>): string {
  if (verdict === 'intruder' && !atLeast(severity, 'medium')) return `${severity} anomaly`
  return `${severity} ${verdict?.replace('-', ' ') ?? KINDS[kind]}`
}

/** `Critical intruder on 5 hosts`: our own words only. */
export function findingTitle(finding: Finding): string {
  const { length } = finding.hosts
  return `${capital(findingLabel(finding))}${length > 0 ? ` on ${count(length, 'host')}` : ''}`
}

/** How many hosts are in which state. */
export function coverageSentence(
  summary: Pick<ReportSummary, 'hosts' | 'reported' | 'partial' | 'silent'>
): string {
  const { hosts, reported, partial, silent } = summary
  if (hosts === 0) return 'no host was assessed.'
  const notFound = hosts - reported - partial - silent
  const states = [
    `${number(reported)} of ${count(hosts, 'host')} fully assessed`,
    partial > 0 ? `${number(partial)} partial` : '',
    silent > 0 ? `${number(silent)} silent` : '',
    notFound > 0 ? `${number(notFound)} expected but not found` : ''
  ]
  return `${states.filter(state => state !== '').join(', ')}.`
}

/** How many of the open findings are about coverage; empty where none is. */
export function coverageFindingsText(findings: readonly Finding[]): string {
  const open = openFindings(findings).length
  const about = open - nonCoverageFindings(findings).length
  if (about === 0) return ''
  return `${about < open ? `${number(about)} of them` : 'all'} about coverage`
}

/** Never `100%` unless every host was assessed. */
export function percent(share: number): string {
  if (share <= 0) return '0%'
  return share >= 1 ? '100%' : `${(Math.floor(share * 1000) / 10).toFixed(1)}%`
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** The first `max` items as a list, each in the words of `label`, and how many more there are. O(max). */
export function listFirst<Item>(items: readonly Item[], max: number, label: (item: Item) => string): string {
  const shown = items.slice(0, max).map(label)
  return list(items.length > max ? [...shown, `${number(items.length - max)} more`] : shown)
}
