import * as core from '@actions/core'
import { assess } from '../assess.ts'
import { failures } from '../publish/gate.ts'
import { silentHosts } from '../publish/outputs.ts'
import { coverageSentence } from '../report/phrases.ts'
import type { Collection, Job } from './job.ts'
import { dayOf, fleetReport } from './report.ts'

/**
 * Mode `collect` writes a snapshot only; its outputs and the log tell how much of the fleet is in it. Returns why the
 * run must fail.
 */
export async function runCollect(job: Job, fetched: Collection): Promise<string[]> {
  const question = { queries: [], indicators: [], baseline: null, today: dayOf(job) }
  const { summary, hosts } = fleetReport(job, fetched, await assess(question, fetched.hosts), [])
  job.log.info(coverageSentence(summary))
  core.setOutput('coverage', summary.coverage.toFixed(4))
  core.setOutput('silent-hosts', silentHosts(hosts))
  return failures({ summary, findings: [] }, { failOn: 'never', minCoverage: job.inputs.minCoverage })
}
