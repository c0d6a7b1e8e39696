import type { Finding, FindingRow, Report, ReportCluster, ReportHost } from '../../src/report/report.ts'
import { summarize } from '../../src/report/summarize.ts'

/** A host that reported everything, unless `more` says otherwise. */
export function host(id: string, more: Partial<ReportHost> = {}): ReportHost {
  return {
    id,
    name: null,
    status: 'reported',
    reason: null,
    code: null,
    cluster: 'c1',
    surprise: 0,
    outlier: false,
    findings: [],
    ...more
  }
}

export function row(
  query: string,
  columns: Record<string, string>,
  more: Partial<FindingRow> = {}
): FindingRow {
  return {
    kind: 'unexpected',
    query,
    row: columns,
    expected: null,
    baseline: 'new',
    prevalence: { cluster: [1, 48], fleet: [1, 62] },
    ...more
  }
}

export function finding(id: string, more: Partial<Finding> = {}): Finding {
  return {
    id,
    kind: 'deviation',
    verdict: 'intruder',
    severity: 'high',
    surprise: 20,
    hosts: ['i-0000000000000001'],
    cluster: 'c1',
    rows: [],
    explanation: 'No other host has this.',
    attack: [],
    acceptedBy: null,
    ...more
  }
}

export function cluster(
  id: string,
  hosts: readonly string[],
  more: Partial<ReportCluster> = {}
): ReportCluster {
  return { id, label: id, code: null, size: hosts.length, hosts, distinguishedBy: [], ...more }
}

/** A report whose summary agrees with its parts. */
export function report(
  hosts: readonly ReportHost[],
  findings: readonly Finding[] = [],
  more: Partial<Pick<Report, 'clusters' | 'notices'>> & {
    readonly expected?: number
    readonly foldedRows?: number
    readonly run?: Partial<Report['run']>
  } = {}
): Report {
  const clusters = more.clusters ?? []
  return {
    schemaVersion: 1,
    tool: { name: 'fleet-drift', version: '0.1.0' },
    run: {
      mode: 'check',
      name: 'checkout',
      collector: 'ssm',
      startedAt: '2026-09-30T06:00:00.000Z',
      finishedAt: '2026-09-30T06:01:12.000Z',
      targets: ['tag:Service=checkout'],
      region: 'eu-central-1',
      packs: [{ name: 'linux', sha256: `sha256:${'a'.repeat(64)}` }],
      baseline: { path: 'baselines/checkout.json', sha256: `sha256:${'b'.repeat(64)}` },
      snapshotSha256: `sha256:${'c'.repeat(64)}`,
      ...more.run
    },
    summary: summarize(hosts, findings, clusters, {
      expected: more.expected ?? null,
      foldedRows: more.foldedRows ?? 0,
      allCompared: true
    }),
    hosts,
    clusters,
    findings,
    notices: more.notices ?? []
  }
}
