import type { FindingRow } from '../../src/analyze/finding.ts'
import { assess, type Question } from '../../src/assess.ts'
import { buildReport } from '../../src/report/build.ts'
import { SEVERITIES } from '../../src/report/report.ts'
import type { LabeledFleet } from './fleet/ground-truth.ts'

/** A finding of any method, the product's or a reference method's. */
export interface ResultFinding {
  readonly hosts: readonly string[]
  readonly rows: readonly Pick<FindingRow, 'kind' | 'query' | 'row' | 'expected'>[]
  /** Severity high or critical; of a reference method: what its rule calls an outlier. */
  readonly isHigh: boolean
  /** Severity medium or above. */
  readonly isMedium: boolean
}

/** What a method reports about a fleet. */
export interface Result {
  /** Host ids by cluster; hosts that were not assessed are in none. */
  readonly clusters: readonly (readonly string[])[]
  /** Open deviations, worst first. */
  readonly findings: readonly ResultFinding[]
  /** Every host that was assessed, worst first. */
  readonly hosts: readonly string[]
  /** Some finding of any kind is above low. */
  readonly aboveLow: boolean
}

const TODAY = '2026-11-24'
const TOOL = { name: 'fleet-drift', version: 'bench' }
const RUN = {
  mode: 'check',
  name: 'bench',
  collector: 'files',
  startedAt: '2026-11-24T08:00:00Z',
  finishedAt: '2026-11-24T08:00:00Z',
  targets: [],
  region: null,
  packs: [],
  baseline: null,
  snapshotSha256: null
}

/** What an ablation changes about the product: part of the question that `assess` is asked. */
export type Variant = Partial<Question>

/** The product's own result, through `assess` as in a run. Hosts are ordered by their worst severity, then by bits. */
export async function productResult(
  { queries, baseline, hosts }: LabeledFleet,
  variant: Variant = {}
): Promise<Result> {
  const question = { queries, baseline, indicators: [], today: TODAY, ...variant }
  const { analysis, findings } = await assess(question, async function* () {
    yield* hosts
  })
  const report = buildReport(TOOL, RUN, analysis, findings, null)
  const open = findings.filter(({ kind, acceptedBy }) => kind === 'deviation' && acceptedBy === null)
  const worst = new Map<string, number>()
  for (const { hosts: affected, severity } of open) {
    for (const host of affected)
      worst.set(host, Math.min(worst.get(host) ?? SEVERITIES.length, SEVERITIES.indexOf(severity)))
  }
  const severityOf = (host: string) => worst.get(host) ?? SEVERITIES.length
  return {
    clusters: report.clusters.map(cluster => cluster.hosts),
    findings: open.map(({ hosts: affected, rows, severity }) => ({
      hosts: affected,
      rows,
      isHigh: severity === 'critical' || severity === 'high',
      isMedium: severity !== 'low' && severity !== 'info'
    })),
    hosts: report.hosts
      .filter(({ cluster }) => cluster !== null)
      .sort(
        (a, b) => severityOf(a.id) - severityOf(b.id) || b.surprise - a.surprise || (a.id < b.id ? -1 : 1)
      )
      .map(({ id }) => id),
    aboveLow: findings.some(({ severity }) => severity !== 'low' && severity !== 'info')
  }
}
