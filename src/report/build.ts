import type { Analysis } from '../analyze/analysis.ts'
import type { Finding } from '../analyze/finding.ts'
import { ALL_COMPARED, type Uncompared } from '../analyze/uncompared.ts'
import { inventoryOf, rowOf } from './inventory.ts'
import type { Report, ReportCluster, ReportHost, ReportRun } from './report.ts'
import { outlierHosts, summarize } from './summarize.ts'

/** Every host with its status, cluster and findings. */
function reportHosts(analysis: Analysis, findings: readonly Finding[]): ReportHost[] {
  const clusterOf = new Map(
    analysis.clusters.flatMap(cluster =>
      cluster.hosts.map(host => [analysis.fleet.hosts[host]?.id ?? '', cluster.id])
    )
  )
  const findingsOf = new Map<string, Finding[]>()
  for (const finding of findings) {
    for (const host of finding.hosts) {
      const known = findingsOf.get(host)
      if (known === undefined) findingsOf.set(host, [finding])
      else known.push(finding)
    }
  }
  const outliers = new Set(outlierHosts(findings))
  return analysis.fleet.hosts.map((host, index) => {
    const found = findingsOf.get(host.id) ?? []
    const surprise = found.reduce(
      (bits, finding) => bits + (finding.acceptedBy === null ? finding.surprise : 0),
      analysis.foldedBits[index] ?? 0
    )
    return {
      id: host.id,
      name: host.name,
      status: host.status,
      reason: host.reason,
      code: host.code,
      cluster: clusterOf.get(host.id) ?? null,
      surprise: Math.round(surprise * 10) / 10,
      outlier: outliers.has(host.id),
      findings: found.map(finding => finding.id)
    }
  })
}

function reportClusters({ fleet, clusters, profiles }: Analysis): ReportCluster[] {
  return clusters.map(({ id, hosts, splitFrom }, index) => ({
    id,
    label: profiles[index]?.label ?? id,
    code: splitFrom === null ? null : 'additions-only',
    size: hosts.length,
    hosts: hosts.map(host => fleet.hosts[host]?.id ?? ''),
    distinguishedBy: (profiles[index]?.items ?? []).map(item => ({
      query: fleet.queries[fleet.items[item]?.query ?? -1]?.name ?? '',
      row: rowOf(fleet, item)
    }))
  }))
}

/**
 * Puts the facts of a run, its analysis and its findings together.
 *
 * @param expected how many hosts there should be, if the user or SSM said so
 * @param uncompared hosts that were compared with nothing
 */
export function buildReport(
  tool: Report['tool'],
  run: ReportRun,
  analysis: Analysis,
  findings: readonly Finding[],
  expected: number | null,
  uncompared: Uncompared = ALL_COMPARED
): Report {
  const hosts = reportHosts(analysis, findings)
  const clusters = reportClusters(analysis)
  const allCompared = uncompared.hosts.length === 0
  const { foldedRows, notices } = analysis
  const summary = summarize(hosts, findings, clusters, { expected, foldedRows, allCompared })
  const report = { schemaVersion: 1, tool, run, summary, hosts, clusters, findings, notices } as const
  return allCompared ? report : { ...report, inventory: inventoryOf(analysis.fleet, uncompared.hosts) }
}
