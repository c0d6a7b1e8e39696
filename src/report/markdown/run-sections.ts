import { markdownTable } from 'markdown-table'
import { escapeCell, escapeSentence } from '../escape.ts'
import { count, listed, nature, number, SIGNS } from '../phrases.ts'
import type { Report, ReportCluster } from '../report.ts'
import { hostCell, hostList, type Names } from './hosts.ts'
import type { Tier } from './tier.ts'

/** What a reader must know of the run as a whole. */
export function noticeList(notices: readonly string[], tier: Tier): string {
  const shown = notices.slice(0, tier.lines).map(notice => `> ℹ️ ${escapeSentence(notice, 600)}`)
  const rest = notices.length - shown.length
  if (rest > 0) shown.push(`> And ${count(rest, 'more notice')} in the full report.`)
  return shown.join('\n>\n')
}

/** The clusters with what sets each apart; nothing to tell where all hosts are one. */
export function clusterTable(clusters: readonly ReportCluster[], names: Names, tier: Tier): string {
  if (clusters.length < 2) return ''
  const shown = clusters.slice(0, tier.lines)
  const body = shown.map(cluster => [
    escapeCell(cluster.id, 40),
    number(cluster.size),
    escapeSentence(cluster.label, 120, escapeCell),
    hostCell(cluster.hosts, names, Math.min(3, tier.hosts)),
    distinguishing(cluster, tier)
  ])
  const rest = clusters.length - shown.length
  const table = markdownTable([['Cluster', 'Hosts', 'Label', 'Such as', 'Set apart by'], ...body], {
    align: ['', 'r'],
    alignDelimiters: false
  })
  const more = rest > 0 ? `\n\nAnd ${count(rest, 'more cluster')} in the full report.` : ''
  return `<details><summary>${count(clusters.length, 'cluster')}: hosts that are alike are compared with each other</summary>\n\n${table}${more}\n\n</details>`
}

const MAX_DISTINGUISHING_ROWS = 3

function distinguishing({ distinguishedBy }: ReportCluster, tier: Tier): string {
  const shown = distinguishedBy
    .slice(0, Math.min(MAX_DISTINGUISHING_ROWS, tier.lines))
    .map(({ query, row }) => {
      const columns = Object.entries(row).map(([column, value]) => `${column}=${value}`)
      return escapeCell(`${query}: ${columns.slice(0, 24).join(' ')}`, tier.value)
    })
  return listed(shown, distinguishedBy.length - shown.length)
}

/** Findings that an acceptance covers: not open, and not forgotten. */
export function acceptedList(report: Report, names: Names, tier: Tier): string {
  const accepted = report.findings.filter(finding => finding.acceptedBy !== null)
  if (accepted.length === 0) return ''
  const shown = accepted.slice(0, tier.lines)
  const body = shown.map(finding => [
    `${SIGNS[finding.severity]} ${nature(finding)}`,
    hostList(finding.hosts, names, Math.min(3, tier.hosts), escapeCell),
    escapeSentence(finding.acceptedBy ?? '', tier.value * 2, escapeCell)
  ])
  const rest = accepted.length - shown.length
  const table = markdownTable([['Finding', 'Hosts', 'Accepted by'], ...body], { alignDelimiters: false })
  const more = rest > 0 ? `\n\nAnd ${number(rest)} more in the full report.` : ''
  return `<details><summary>${count(accepted.length, 'accepted finding')}</summary>\n\n${table}${more}\n\n</details>`
}
