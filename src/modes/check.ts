import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Assessment, assess } from '../assess.ts'
import { baselineNotices } from '../baseline/notices.ts'
import { writeBaseline } from '../baseline/write.ts'
import { failures } from '../publish/gate.ts'
import type { Report } from '../report/report.ts'
import type { BaseVersion } from '../review/base-version.ts'
import { suggest } from '../review/suggestion.ts'
import { type Collection, type Job, publishReport } from './job.ts'
import { dayOf, fleetReport, planOf } from './report.ts'

/** Mode `check`: compares the fleet with its baseline and itself, and tells of it. Returns why the run must fail. */
export async function runCheck(job: Job, fetched: Collection, replaced: BaseVersion): Promise<string[]> {
  const report = await job.log.group('Analyze', () => examine(job, fetched, replaced))
  await publishReport(job, report, fetched.asked.baseline)
  return failures(report, job.inputs)
}

async function examine(
  job: Job,
  fetched: Collection,
  { content: replaced, notices }: BaseVersion
): Promise<Report> {
  const { asked, queries, hosts } = fetched
  const { baseline, indicators, packs } = asked
  const question = {
    queries,
    indicators,
    today: dayOf(job),
    baseline: baseline?.content ?? null,
    ...(replaced === undefined ? {} : { replaced })
  }
  const assessment = await assess(question, hosts)
  const told = [...notices, ...(baseline === null ? [] : baselineNotices(baseline, packs, queries))]
  return {
    ...fleetReport(job, fetched, assessment, told),
    ...planOf(asked, replaced, assessment.effect),
    ...(await followRollouts(job, assessment))
  }
}

/** Writes the baseline that follows the rollouts of an analysis, where there are any. */
async function followRollouts(
  { outputDir }: Job,
  { match, analysis }: Assessment
): Promise<Pick<Report, 'suggestion'>> {
  const suggestion = match === null ? null : suggest(match, analysis)
  if (suggestion === null) return {}
  const file = 'baseline.suggested.json'
  await writeFile(join(outputDir, file), writeBaseline(suggestion.baseline))
  return { suggestion: { file, changes: suggestion.changes } }
}
