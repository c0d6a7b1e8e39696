import { coverageOutputs } from '../publish/channels/outputs.ts'
import { coverageFailures } from '../publish/gate.ts'
import { coverageSentence } from '../report/phrases.ts'
import { coverage } from '../report/summarize.ts'
import type { HostStatus } from '../snapshot/snapshot.ts'
import type { Collection, Job, ModeResult } from './job.ts'
import { expectedHosts } from './report.ts'

/** Mode `collect`: only writes a snapshot; its outputs and the log say how much of the fleet is in it. */
export async function runCollect(job: Job, { collected }: Collection): Promise<ModeResult> {
  const { statuses } = collected
  const silentHosts = [...statuses].filter(([, status]) => status === 'silent').map(([host]) => host)
  const inStatus = (wanted: HostStatus) => [...statuses.values()].filter(status => status === wanted).length
  const reported = inStatus('reported')
  const all = Math.max(statuses.size, expectedHosts(job, collected.targeted) ?? 0)
  const summary = {
    hosts: all,
    reported,
    partial: inStatus('partial'),
    silent: silentHosts.length,
    coverage: coverage(reported, all)
  }
  job.log.info(coverageSentence(summary))
  return {
    report: null,
    outputs: coverageOutputs(summary.coverage, silentHosts),
    problems: coverageFailures(summary, job.inputs.minCoverage)
  }
}
