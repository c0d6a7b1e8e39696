import { resolve } from 'node:path'
import { assess, type Question } from '../assess.ts'
import { type Previous, readPrevious } from '../memory/read.ts'
import { keptHistory } from '../report/fleet-memory.ts'
import type { Report } from '../report/report.ts'
import { readSnapshot } from '../snapshot/read.ts'
import type { Collection, Job } from './job.ts'
import { fleetReport } from './report.ts'

/** What earlier runs left, by the paths of the input `previous`. A snapshot is judged by today's question. */
export function readMemory(
  { inputs, context, ...job }: Job,
  collection: Collection,
  { replaced: _, proposed: __, ...question }: Question
): Promise<Previous> {
  const paths = inputs.previous.map(path => resolve(context.workspace, path))
  return readPrevious(paths, async path => {
    const { header } = await readSnapshot(path)
    const assessment = await assess(question, async function* () {
      yield* (await readSnapshot(path)).hosts
    })
    const earlier = { ...job, inputs, context, startedAt: header.startedAt || job.startedAt }
    return fleetReport(earlier, collection, assessment, [], assessment.uncompared)
  })
}

/**
 * For a run that saw no host: what earlier runs left goes on to the next run. A proposal has no memory, and a snapshot is
 * not analyzed for it.
 */
export async function keepMemory({ inputs, context }: Job, report: Report): Promise<Report> {
  const isProposal = context.pullRequest !== null || context.baseCommit !== undefined
  if (inputs.mode !== 'check' || inputs.previous.length === 0 || isProposal) return report
  const paths = inputs.previous.map(path => resolve(context.workspace, path))
  const { memory } = await readPrevious(paths, path => Promise.reject(new Error(`${path} is a snapshot`)))
  return { ...report, history: keptHistory(memory, report) }
}
