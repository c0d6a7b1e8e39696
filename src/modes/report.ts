import manifest from '../../package.json' with { type: 'json' }
import type { Analysis } from '../analyze/analysis.ts'
import type { Finding } from '../analyze/finding.ts'
import type { Uncompared } from '../analyze/uncompared.ts'
import { diffBaselines, integrityAdditions } from '../baseline/diff.ts'
import { queriesOf } from '../osquery/load-packs.ts'
import { buildReport } from '../report/build.ts'
import { limitEvidence } from '../report/limit-evidence.ts'
import type { Report, ReportRun } from '../report/report.ts'
import { summarize } from '../report/summarize.ts'
import { type BaseVersion, NOT_REPLACED } from '../review/base-version.ts'
import type { Effect } from '../review/plan.ts'
import type { Definitions } from './definitions.ts'
import type { Collection, Job, JudgedDefinitions } from './job.ts'

const TOOL = { name: manifest.name, version: manifest.version }

/**
 * The report on a fleet that was collected.
 * @param notices to read before those of the analysis
 * @param uncompared hosts that were compared with nothing; left out: this is not a matter of the mode
 */
export function fleetReport(
  job: Job,
  { definitions, collected }: Collection,
  { analysis, findings }: { readonly analysis: Analysis; readonly findings: readonly Finding[] },
  notices: readonly string[],
  uncompared?: Uncompared
): Report {
  const run = {
    ...runOf(job, definitions),
    targets: collected.targets,
    region: collected.region,
    packs: definitions.packs.map(({ name, sha256 }) => ({ name, sha256 })),
    snapshotSha256: collected.sha256
  }
  const limited = limitEvidence(findings)
  return buildReport(
    TOOL,
    run,
    {
      ...analysis,
      notices: [
        ...notices,
        ...definitions.packs.flatMap(pack => pack.notices ?? []),
        ...collected.notices,
        ...analysis.notices,
        ...limited.notices
      ]
    },
    limited.findings,
    expectedHosts(job, collected.targeted),
    uncompared
  )
}

/**
 * The report on a run without hosts, with the reason: nothing was assessed, so nothing is called clean. For a pull
 * request that changes the baseline, it has the part of the plan that needs no hosts.
 * @param reason one or more lines
 */
export function emptyReport(
  job: Job,
  reason: string,
  definitions: JudgedDefinitions | null = null,
  baseVersion: BaseVersion = NOT_REPLACED
): Report {
  return {
    schemaVersion: 1,
    tool: TOOL,
    run: runOf(job, definitions),
    summary: summarize([], [], [], { expected: null, foldedRows: 0, allCompared: true }),
    hosts: [],
    clusters: [],
    findings: [],
    notices: [...reason.split('\n'), ...baseVersion.notices, ...proposalNotices(definitions)],
    ...(definitions === null ? {} : planOf(definitions, baseVersion.content, null))
  }
}

/** What a proposal changes in the packs, in sentences. */
function proposalNotices(definitions: JudgedDefinitions | null): string[] {
  if (definitions === null) return []
  const { drafts, notices } = definitions.proposed
  return [...drafts.map(({ explanation }) => explanation), ...notices]
}

/** What the pull request under review does; nothing if it leaves the baseline as it is. */
export function planOf(
  { baseline, packs }: Definitions,
  replaced: BaseVersion['content'],
  effect: Effect | null
): Pick<Report, 'plan'> {
  if (baseline === null || replaced === undefined) return {}
  const changes = diffBaselines(replaced, baseline.content)
  return { plan: { changes, integrity: integrityAdditions(changes, queriesOf(packs)), effect } }
}

/** The day of the run, YYYY-MM-DD: acceptances hold through their last day. */
export function dayOf({ startedAt }: Job): string {
  return startedAt.slice(0, 10)
}

/** How many hosts there should be, as far as the user or SSM says; `null` if the report is on named hosts only. */
export function expectedHosts(
  { inputs: { mode, expectedHosts, baselineHosts } }: Job,
  targeted: number
): number | null {
  if (mode === 'baseline' && baselineHosts.length > 0) return null
  return Math.max(targeted, expectedHosts !== null && 'count' in expectedHosts ? expectedHosts.count : 0)
}

/** The facts of a run that are known before any host is. */
function runOf({ inputs, startedAt, clock }: Job, definitions: Definitions | null): ReportRun {
  const baseline = definitions?.baseline ?? null
  return {
    mode: inputs.mode,
    name: inputs.name,
    collector: inputs.collector,
    startedAt,
    finishedAt: new Date(clock.now()).toISOString(),
    targets: inputs.targetLines,
    region: inputs.region || null,
    packs: [],
    baseline: baseline === null ? null : { path: baseline.path, sha256: baseline.sha256 },
    snapshotSha256: null
  }
}
