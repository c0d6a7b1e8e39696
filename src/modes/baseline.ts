import { resolve } from 'node:path'
import { integrityAdditions } from '../baseline/diff.ts'
import { writeBaseline } from '../baseline/write.ts'
import { learnFromFleet } from '../learn/learn-from-fleet.ts'
import { coverageFailures } from '../publish/gate.ts'
import type { Collection, Job, ModeResult } from './job.ts'
import { dayOf, fleetReport } from './report.ts'

/**
 * Mode `baseline`: learns the baseline from the fleet. The file is written if its text changes, and left untouched if
 * the run must fail.
 */
export async function runBaseline(job: Job, collection: Collection): Promise<ModeResult> {
  const { inputs, context, log } = job
  const { definitions, queries, hosts } = collection
  const previous = definitions.baseline?.content ?? null
  const options = {
    name: previous?.name ?? inputs.name,
    packs: Object.fromEntries(definitions.packs.map(({ name, sha256 }) => [name, sha256])),
    cleanHosts: inputs.baselineHosts,
    previous,
    acceptRare: inputs.baselineAcceptRare
  }
  const question = { queries, indicators: definitions.indicators, today: dayOf(job) }
  const learned = await log.group('Learn', () => learnFromFleet(options, question, hosts))
  const { baseline, changes, refused, notices } = learned
  // The clean hosts are compared with each other, not with the baseline that is replaced.
  const unguided = { ...collection, definitions: { ...definitions, baseline: null } }
  const report = fleetReport(job, unguided, learned, notices)
  const problems = coverageFailures(report.summary, inputs.minCoverage)

  const path = inputs.baseline ?? ''
  const text = writeBaseline(baseline)
  const changed = problems.length === 0 && text !== definitions.baseline?.text
  const integrity = integrityAdditions(changes, queries)
  return {
    report: { ...report, learned: { path, changed, changes, integrity, refused } },
    outputs: { 'baseline-path': path, 'baseline-changed': String(changed) },
    files: changed ? [{ path: resolve(context.workspace, path), text }] : [],
    problems
  }
}
