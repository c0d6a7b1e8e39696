import { resolve } from 'node:path'
import { assess, type Question } from '../assess.ts'
import { type Previous, readPrevious } from '../memory/read.ts'
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
