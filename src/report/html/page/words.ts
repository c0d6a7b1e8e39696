import { count, nature } from '../../phrases.ts'
import type { Severity } from '../../report.ts'
import type { FindingView, HostView, Model } from './model.ts'

export { capital, count, listed, nature, number, percent } from '../../phrases.ts'

/** `web-03 (i-…)`: what a host calls itself never stands without what it is. */
export function hostWords({ brief, host }: HostView): string {
  return brief === host.id ? host.id : `${brief} (${host.id})`
}

/** What there is to know of a host at a glance. */
export function hostNews(view: HostView, model: Model): string {
  const { host, findings, worst } = view
  const reason = host.reason === null ? '' : `: ${host.reason.slice(0, 200)}`
  const state = host.status === 'reported' ? '' : `${host.status}${reason}`
  const open = findings.filter(at => model.findings[at]?.section === 'findings').length
  const found = open === 0 ? '' : `${count(open, 'finding')}, worst ${worst ?? 'info'}`
  return [state, found].filter(part => part !== '').join('; ') || 'nothing found'
}

/** `1: high intruder on 5 hosts`. */
export function findingWords({ number, finding }: FindingView): string {
  return `${number}: ${nature(finding)} on ${count(finding.hosts.length, 'host')}`
}

export const SHAPES: Readonly<Record<Severity, string>> = {
  critical: 'diamond',
  high: 'triangle',
  medium: 'disc',
  low: 'ring',
  info: 'dash'
}
