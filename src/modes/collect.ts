import { coverageOutputs } from '../publish/channels/outputs.ts'
import { coverageFailures } from '../publish/gate.ts'
import { mayShowHosts } from '../publish/publish.ts'
import { coverageSentence } from '../report/phrases.ts'
import { coverage } from '../report/summarize.ts'
import type { HostStatus } from '../snapshot/snapshot.ts'
import { type Collection, gitHubOf, type Job, type ModeResult } from './job.ts'
import { expectedHosts } from './report.ts'

/** Mode `collect`: only writes a snapshot; its outputs and the log say how much of the fleet is in it. */
export async function runCollect(job: Job, { collected, definitions }: Collection): Promise<ModeResult> {
  const { statuses, targeted } = collected
  const hostsThatAre = (status: HostStatus) =>
    [...statuses.keys()].filter(host => statuses.get(host) === status)
  const reported = hostsThatAre('reported').length
  const silent = hostsThatAre('silent')
  const hosts = Math.max(statuses.size, expectedHosts(job, targeted) ?? 0)
  const summary = {
    hosts,
    reported,
    partial: hostsThatAre('partial').length,
    silent: silent.length,
    coverage: coverage(reported, hosts)
  }
  job.log.info(coverageSentence(summary))
  const onlyCounts = !(await mayShowHosts(job, { github: gitHubOf(job) }))
  const shown = [...definitions.packs, ...(onlyCounts ? [] : [collected])]
  for (const { notices = [] } of shown) for (const notice of notices) job.log.warning(notice)
  return {
    report: null,
    outputs: coverageOutputs(summary.coverage, silent, onlyCounts),
    problems: coverageFailures(summary, job.inputs.minCoverage)
  }
}
