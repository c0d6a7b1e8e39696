import { markdownTable } from 'markdown-table'
import { count, number } from '../../text/phrases.ts'
import { escapeCell, escapeSentence } from '../escape.ts'
import { briefHostList, type HostNames, hostList } from '../host-names.ts'
import { SEVERITY_MARKS } from '../marks.ts'
import { findingLabel, listFirst } from '../phrases.ts'
import type { Report, ReportCluster } from '../report.ts'
import { columnTexts, shortenDigests } from '../row-text.ts'
import type { Tier } from './tier.ts'

/** Notices about the run as a whole. */
export function noticeList(notices: readonly string[], tier: Tier): string {
  const shown = notices.slice(0, tier.lines).map(notice => `> ℹ️ ${escapeSentence(notice, 600)}`)
  const more = notices.length - shown.length
  if (more > 0) shown.push(`> And ${count(more, 'more notice')} in the full report.`)
  return shown.join('\n>\n')
}

/** The clusters, with the rows that distinguish each; empty where all hosts form one cluster. */
export function clusterTable(clusters: readonly ReportCluster[], names: HostNames, tier: Tier): string {
  if (clusters.length < 2) return ''
  const shown = clusters.slice(0, tier.lines)
  const body = shown.map(cluster => [
    escapeCell(cluster.id, 40),
    number(cluster.size),
    labelCell(cluster),
    briefHostList(cluster.hosts, names, Math.min(3, tier.hosts), escapeCell),
    distinguishingRows(cluster, tier)
  ])
  const more = clusters.length - shown.length
  const table = markdownTable([['Cluster', 'Size', 'Label', 'Hosts', 'Distinguished by'], ...body], {
    align: ['', 'r'],
    alignDelimiters: false
  })
  const rest = more > 0 ? `\n\nAnd ${count(more, 'more cluster')} in the full report.` : ''
  return `<details><summary>${count(clusters.length, 'cluster')}: similar hosts are compared with each other</summary>\n\n${table}${rest}\n\n</details>`
}

function labelCell({ label, code }: ReportCluster): string {
  const text = escapeSentence(label, 120, escapeCell)
  return code === 'additions-only' ? `${text} (split by additions only)` : text
}

const MAX_DISTINGUISHING_ROWS = 3

function distinguishingRows({ distinguishedBy }: ReportCluster, tier: Tier): string {
  return listFirst(distinguishedBy, Math.min(MAX_DISTINGUISHING_ROWS, tier.lines), ({ query, row }) =>
    escapeCell(`${query}: ${shortenDigests(columnTexts(row).slice(0, 24).join(' '))}`, tier.value)
  )
}

/** Findings covered by an acceptance: no longer open, but still listed. */
export function acceptedList(report: Report, names: HostNames, tier: Tier): string {
  const accepted = report.findings.filter(finding => finding.acceptedBy !== null)
  if (accepted.length === 0) return ''
  const shown = accepted.slice(0, tier.lines)
  const body = shown.map(finding => [
    `${SEVERITY_MARKS[finding.severity]} ${findingLabel(finding)}`,
    hostList(finding.hosts, names, Math.min(3, tier.hosts), escapeCell),
    escapeSentence(finding.acceptedBy ?? '', tier.value * 2, escapeCell)
  ])
  const more = accepted.length - shown.length
  const table = markdownTable([['Finding', 'Hosts', 'Accepted by'], ...body], { alignDelimiters: false })
  const rest = more > 0 ? `\n\nAnd ${number(more)} more in the full report.` : ''
  return `<details><summary>${count(accepted.length, 'accepted finding')}</summary>\n\n${table}${rest}\n\n</details>`
}
