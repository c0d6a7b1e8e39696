import { markdownTable } from 'markdown-table'
import { count, number } from '../../text/phrases.ts'
import { escapeCell, escapeSentence } from '../escape.ts'
import { type HostNames, hostList } from '../host-names.ts'
import { SEVERITY_MARKS } from '../marks.ts'
import type { Report } from '../report.ts'
import { NEVER_CLEAN, notFound, notFoundReason, unassessedGroups } from '../unassessed.ts'
import type { Tier } from './tier.ts'

/** Hosts that are silent or partial, one line for all with the same reason; silent ones first. */
export function unassessedSection(report: Report, names: HostNames, tier: Tier): string {
  const { hosts, reported } = report.summary
  if (reported >= hosts) return ''
  const groups = unassessedGroups(report)
  const body = groups
    .slice(0, tier.lines)
    .map(({ status, reason, severity, ids }) => [
      severity === null ? status : `${SEVERITY_MARKS[severity]} ${status}`,
      hostList(ids, names, tier.hosts, escapeCell),
      reason === null ? '' : escapeSentence(reason, tier.value * 2, escapeCell)
    ])
  const missing = notFound(report)
  if (missing > 0) body.push(['not found', count(missing, 'host'), notFoundReason(report)])
  const more = groups.slice(tier.lines).reduce((sum, group) => sum + group.ids.length, 0)
  const parts = [
    '### Not fully assessed',
    NEVER_CLEAN,
    body.length > 0 ? markdownTable([['State', 'Hosts', 'Reason'], ...body], { alignDelimiters: false }) : '',
    more > 0 ? `And ${number(more)} more, for other reasons, in the full report.` : ''
  ]
  return parts.filter(part => part !== '').join('\n\n')
}
