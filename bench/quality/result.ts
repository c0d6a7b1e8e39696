import type { FindingRow } from '../../src/analyze/findings/finding.ts'
import { assess } from '../../src/assess.ts'
import { buildReport } from '../../src/report/build.ts'
import { SEVERITIES } from '../../src/report/report.ts'
import type { TrueFleet } from './fleet/ground-truth.ts'

/** A finding as any method tells it, engine or peer. */
export interface AnswerFinding {
  readonly hosts: readonly string[]
  readonly rows: readonly Pick<FindingRow, 'kind' | 'query' | 'row' | 'expected'>[]
  /** Severity high or critical; of a peer: what its rule calls an outlier. */
  readonly alert: boolean
  /** Severity medium or above. */
  readonly told: boolean
}

/** What a method says of a fleet. */
export interface Answer {
  /** Host ids by cluster; hosts that were not assessed stand in none. */
  readonly clusters: readonly (readonly string[])[]
  /** Open deviations, worst first. */
  readonly findings: readonly AnswerFinding[]
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

/** The product's own answer, through the same door as a run: hosts stand by their worst severity, then by their bits. */
export async function ourAnswer({ queries, baseline, hosts }: TrueFleet): Promise<Answer> {
  const question = { queries, baseline, indicators: [], today: TODAY }
  const { analysis, findings } = await assess(question, async function* () {
    yield* hosts
  })
  const report = buildReport(TOOL, RUN, analysis, findings, null)
  const open = findings.filter(({ kind, acceptedBy }) => kind === 'deviation' && acceptedBy === null)
  const worst = new Map<string, number>()
  for (const { hosts: named, severity } of open) {
    for (const host of named)
      worst.set(host, Math.min(worst.get(host) ?? SEVERITIES.length, SEVERITIES.indexOf(severity)))
  }
  const severityOf = (host: string) => worst.get(host) ?? SEVERITIES.length
  return {
    clusters: report.clusters.map(cluster => cluster.hosts),
    findings: open.map(({ hosts: named, rows, severity }) => ({
      hosts: named,
      rows,
      alert: severity === 'critical' || severity === 'high',
      told: severity !== 'low' && severity !== 'info'
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
