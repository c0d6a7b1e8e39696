import { join } from 'node:path'
import { type Assessment, assess } from '../assess.ts'
import { baselineNotices } from '../baseline/notices.ts'
import { writeBaseline } from '../baseline/write.ts'
import { searchNotices } from '../indicators/notices.ts'
import { weighNewlySilent } from '../memory/silent.ts'
import { failures } from '../publish/gate.ts'
import { historyOf } from '../report/fleet-memory.ts'
import type { Report } from '../report/report.ts'
import type { BaseVersion } from '../review/base-version.ts'
import { suggest } from '../review/suggestion.ts'
import type { Collection, Job, ModeResult, OutputFile } from './job.ts'
import { readMemory } from './memory.ts'
import { dayOf, fleetReport, planOf } from './report.ts'

/** Mode `check`: compares the fleet with its baseline and with itself. */
export async function runCheck(
  job: Job,
  collection: Collection,
  { content: replaced, notices }: BaseVersion
): Promise<ModeResult> {
  const { definitions, queries, hosts } = collection
  const { baseline, indicators, packs, proposed } = definitions
  const question = {
    queries,
    indicators,
    today: dayOf(job),
    baseline: baseline?.content ?? null,
    proposed: proposed.drafts,
    ...(replaced === undefined ? {} : { replaced })
  }
  const previous = await readMemory(job, collection, question)
  const assessed = await job.log.group('Analyze', () => assess(question, hosts))
  const assessment =
    previous.memory === null
      ? assessed
      : { ...assessed, findings: weighNewlySilent(assessed.findings, previous.memory) }
  const suggestion = followRollouts(job, assessment)
  const report: Report = {
    ...fleetReport(
      job,
      collection,
      assessment,
      [
        ...notices,
        ...proposed.notices,
        ...previous.notices,
        ...searchSentences(assessment),
        ...(baseline === null ? [] : baselineNotices(baseline, packs, queries))
      ],
      assessment.uncompared
    ),
    ...planOf(definitions, replaced, assessment.effect),
    ...suggestion?.section,
    ...(assessment.search === null ? {} : { indicators: assessment.search })
  }
  return {
    report:
      job.inputs.previous.length === 0 ? report : { ...report, history: historyOf(previous.memory, report) },
    baseline,
    files: suggestion === null ? [] : [suggestion.file],
    problems: failures(report, job.inputs)
  }
}

/** What was looked for, and what could not be. */
function searchSentences({ search, findings }: Assessment): string[] {
  if (search === null) return []
  return searchNotices(search, findings.filter(({ kind }) => kind === 'indicator').length)
}

/** The baseline that follows the rollouts of an analysis; `null` if there is none. */
function followRollouts(
  { outputDir }: Job,
  { match, analysis }: Assessment
): { readonly file: OutputFile; readonly section: Pick<Report, 'suggestion'> } | null {
  const suggestion = match === null ? null : suggest(match, analysis)
  if (suggestion === null) return null
  const file = 'baseline.suggested.json'
  return {
    file: { path: join(outputDir, file), text: writeBaseline(suggestion.baseline) },
    section: { suggestion: { file, changes: suggestion.changes } }
  }
}
