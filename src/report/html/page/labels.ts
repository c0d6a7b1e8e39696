import { count, number } from '../../../text/phrases.ts'
import { findingTitle } from '../../phrases.ts'
import type { Severity } from '../../report.ts'
import type { FindingView, HostView, Model } from './model.ts'

/** `web-03 (i-…)`: the name a host gives itself is never shown without its id. */
export function hostLabel({ brief, host }: HostView): string {
  return brief === host.id ? host.id : `${brief} (${host.id})`
}

/** A host at a glance: its status unless it reported, and its findings. */
export function hostStatus(view: HostView, model: Model): string {
  const { host, findings, worst } = view
  const reason = host.reason === null ? '' : `: ${host.reason.slice(0, 200)}`
  const status = host.status === 'reported' ? '' : `${host.status}${reason}`
  const open = findings.filter(index => model.findings[index]?.section === 'findings').length
  const found = open === 0 ? '' : `${count(open, 'finding')}, worst ${worst ?? 'info'}`
  return [status, found].filter(part => part !== '').join('; ') || 'nothing found'
}

/** `1: high intruder on 5 hosts`. */
export function numberedFinding(view: FindingView): string {
  const title = findingTitle(view.finding)
  return `${number(view.number)}: ${title.charAt(0).toLowerCase()}${title.slice(1)}`
}

/** The shape of each severity's icon. */
export const SEVERITY_SHAPES: Readonly<Record<Severity, string>> = {
  critical: 'diamond',
  high: 'triangle',
  medium: 'disc',
  low: 'ring',
  info: 'dash'
}

/** What happened to a row, as a mark with typographic characters. */
export const CHANGE_MARKS = {
  unexpected: '+',
  missing: '−',
  changed: '→',
  added: '+',
  removed: '−',
  moved: '→'
} as const
