import manifest from '../../package.json' with { type: 'json' }
import type { Analysis } from '../analyze/analyze.ts'
import type { Finding } from '../analyze/findings/finding.ts'
import { assess } from '../assess.ts'
import { diffBaselines, integrityAdditions } from '../baseline/diff.ts'
import { queriesOf } from '../osquery/load-packs.ts'
import { buildReport } from '../report/build.ts'
import type { Report } from '../report/report.ts'
import { type BaseVersion, NOT_REPLACED } from '../review/base-version.ts'
import type { Effect } from '../review/plan.ts'
import type { Definitions } from './definitions.ts'
import type { Collection, Job } from './job.ts'

const TOOL = { name: manifest.name, version: manifest.version }

/**
 * The report of a fleet that was collected.
 * @param notices what a reader must know before what the analysis has to say
 */
export function fleetReport(
  job: Job,
  { asked, collected }: Collection,
  { analysis, findings }: { readonly analysis: Analysis; readonly findings: readonly Finding[] },
  notices: readonly string[]
): Report {
  const facts = {
    ...factsOf(job),
    targets: collected.targets,
    region: collected.region,
    packs: asked.packs.map(({ name, sha256 }) => ({ name, sha256 })),
    baseline: fileOf(asked.baseline),
    snapshotSha256: collected.sha256
  }
  const told = { ...analysis, notices: [...notices, ...analysis.notices] }
  return buildReport(TOOL, facts, told, findings, expectedOf(job, collected.targeted))
}

/**
 * The report of a run that saw no host, with the reason: nothing was assessed, so nothing is called clean. Of a pull
 * request that changes the baseline it tells what can be told without hosts.
 */
export async function emptyReport(
  job: Job,
  reason: string,
  asked: Definitions | null = null,
  replaced: BaseVersion = NOT_REPLACED
): Promise<Report> {
  const { analysis, findings } = await assess(
    { queries: [], baseline: null, indicators: [], today: dayOf(job) },
    async function* () {}
  )
  const facts = {
    ...factsOf(job),
    packs: [],
    baseline: fileOf(asked?.baseline ?? null),
    snapshotSha256: null
  }
  const told = { ...analysis, notices: [...reason.split('\n'), ...replaced.notices] }
  return {
    ...buildReport(TOOL, facts, told, findings, null),
    ...(asked === null ? {} : planOf(asked, replaced.content, null))
  }
}

/** What the pull request under review does; nothing where it leaves the baseline as it is. */
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
export const dayOf = ({ startedAt }: Job): string => startedAt.slice(0, 10)

const fileOf = (baseline: Definitions['baseline']) =>
  baseline === null ? null : { path: baseline.path, sha256: baseline.sha256 }

/** How many hosts there should be, as the user or SSM says it of the hosts that are told of. */
function expectedOf(
  { inputs: { mode, expectedHosts, baselineHosts } }: Job,
  targeted: number
): number | null {
  if (mode === 'baseline' && baselineHosts.length > 0) return null
  return Math.max(targeted, expectedHosts !== null && 'count' in expectedHosts ? expectedHosts.count : 0)
}

function factsOf({ inputs, startedAt, clock }: Job) {
  return {
    mode: inputs.mode,
    name: inputs.name,
    collector: inputs.collector,
    startedAt,
    finishedAt: new Date(clock.now()).toISOString(),
    targets: inputs.targetLines,
    region: inputs.region || null
  }
}
