import { markdownTable } from 'markdown-table'
import { count, number } from '../../text/phrases.ts'
import { escapeCell, escapeSentence } from '../escape.ts'
import { type HostNames, hostList } from '../host-names.ts'
import { SEVERITY_MARKS } from '../marks.ts'
import type { Report, ReportHost } from '../report.ts'
import { openFindings } from '../summarize.ts'
import type { Tier } from './tier.ts'

/** Hosts that are silent or partial, one line for all with the same reason; silent ones first. */
export function unassessedSection(report: Report, names: HostNames, tier: Tier): string {
  const { hosts, reported } = report.summary
  if (reported >= hosts) return ''
  const groups = groupByReason(report)
  const body = groups
    .slice(0, tier.lines)
    .map(({ first, mark, ids }) => [
      mark === '' ? first.status : `${mark} ${first.status}`,
      hostList(ids, names, tier.hosts, escapeCell),
      first.reason === null ? '' : escapeSentence(first.reason, tier.value * 2, escapeCell)
    ])
  const notFound = hosts - report.hosts.length
  if (notFound > 0)
    body.push(['not found', count(notFound, 'host'), 'Expected, but not matched by `targets`.'])
  const more = groups.slice(tier.lines).reduce((sum, group) => sum + group.ids.length, 0)
  const parts = [
    '### Not fully assessed',
    'A host that was not fully assessed is never reported as clean.',
    body.length > 0 ? markdownTable([['State', 'Hosts', 'Reason'], ...body], { alignDelimiters: false }) : '',
    more > 0 ? `And ${number(more)} more, for other reasons, in the full report.` : ''
  ]
  return parts.filter(part => part !== '').join('\n\n')
}

interface ReasonGroup {
  readonly first: ReportHost
  /** Mark of the severity that the hosts' finding has. */
  readonly mark: string
  readonly ids: string[]
}

/** Silent hosts first, then the largest groups. */
function groupByReason(report: Report): ReasonGroup[] {
  const marks = new Map(
    openFindings(report.findings)
      .filter(({ kind }) => kind === 'silent' || kind === 'partial')
      .flatMap(({ kind, severity, hosts }) =>
        hosts.map(id => [`${kind} ${id}`, SEVERITY_MARKS[severity]] as const)
      )
  )
  const groups = new Map<string, ReasonGroup>()
  for (const host of report.hosts) {
    if (host.status === 'reported') continue
    const mark = marks.get(`${host.status} ${host.id}`) ?? ''
    const key = JSON.stringify([host.status, mark, host.reason])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { first: host, mark, ids: [host.id] })
    else group.ids.push(host.id)
  }
  return [...groups.values()].sort(
    (a, b) =>
      Number(a.first.status === 'partial') - Number(b.first.status === 'partial') ||
      b.ids.length - a.ids.length
  )
}
