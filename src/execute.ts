import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { COLLECTORS } from './collect/collectors.ts'
import { readIndicators } from './indicators/read.ts'
import { errorMessage } from './lib/error-message.ts'
import { runBaseline } from './modes/baseline.ts'
import { runCheck } from './modes/check.ts'
import { runCollect } from './modes/collect.ts'
import { loadDefinitions } from './modes/definitions.ts'
import { collectSnapshot, gitHubOf, type Job, type ModeResult, workspaceReader } from './modes/job.ts'
import { keepMemory } from './modes/memory.ts'
import { refuseLinks } from './modes/refuse-links.ts'
import { dayOf, emptyReport } from './modes/report.ts'
import type { Pack } from './osquery/pack.ts'
import { publish } from './publish/publish.ts'
import { baseFirst } from './review/base-commit.ts'
import { readBaseVersion } from './review/base-version.ts'
import { judgeProposal } from './review/proposal.ts'

const UNTRUSTED =
  'Pull requests from forks and from Dependabot never reach a host. No host was contacted, so the verdict is incomplete.'
const NO_PACK =
  'No pack of this run is on the base branch yet. No host was contacted, so the verdict is incomplete.'

/** Runs the mode and acts on its result. Returns why the run must fail, one sentence each. */
export async function execute(job: Job): Promise<readonly string[]> {
  try {
    const result = await runMode(job)
    await act(job, result)
    return result.problems
  } catch (error) {
    const message = errorMessage(error)
    try {
      await act(job, { report: await keepMemory(job, emptyReport(job, message)) })
    } catch (second) {
      job.log.warning(`The report could not be written either: ${errorMessage(second)}`)
    }
    return [message]
  }
}

async function runMode(job: Job): Promise<ModeResult> {
  const { inputs, context, log } = job
  const read = workspaceReader(job)
  const loaded = await loadDefinitions(inputs, read, baseFirst(read, context, gitHubOf(job)), dayOf(job))
  const reviewed = inputs.mode === 'check' ? loaded.baseline : null
  const baseVersion = await readBaseVersion(reviewed, context, gitHubOf(job), dayOf(job))
  const baseline = baseVersion.proposed ?? loaded.baseline
  const reachesHosts = inputs.collector !== 'files'
  const readProposed = () => readIndicators(inputs.indicators ?? '', read)
  const { packs, ...proposed } = await judgeProposal(
    loaded,
    readProposed,
    reachesHosts,
    context,
    gitHubOf(job)
  )
  const definitions = { ...loaded, baseline, packs, proposed }
  const obstacle = obstacleOf(job, packs)
  if (obstacle !== null) {
    log.warning(obstacle)
    return { report: emptyReport(job, obstacle, definitions, baseVersion), problems: [] }
  }
  const collection = await collectSnapshot(job, definitions)
  // Set at once: the snapshot is complete whatever becomes of the analysis.
  job.setOutput('snapshot', collection.path)
  switch (inputs.mode) {
    case 'collect':
      return runCollect(job, collection)
    case 'baseline':
      return runBaseline(job, collection)
    case 'check':
      return runCheck(job, collection, baseVersion)
  }
}

/** Why a proposal may not contact hosts; `null`: it may. */
function obstacleOf({ inputs, context }: Job, packs: readonly Pack[]): string | null {
  if (COLLECTORS[inputs.collector].usesAws && context.pullRequest?.untrusted === true) return UNTRUSTED
  return packs.length === 0 ? NO_PACK : null
}

/** The one place that writes files, sets outputs and publishes. */
async function act(
  job: Job,
  { report, baseline = null, outputs = {}, files = [] }: Omit<ModeResult, 'problems'>
): Promise<void> {
  const { env, context, inputs, outputDir, log, setOutput } = job
  for (const { path, text } of files) {
    await refuseLinks(path, context.workspace)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }
  for (const [name, value] of Object.entries(outputs)) setOutput(name, value)
  if (report === null) return
  const summaryPath = env.GITHUB_STEP_SUMMARY || null
  await publish(
    { report, baseline, context, inputs, outputDir, summaryPath },
    { log, github: gitHubOf(job), setOutput }
  )
}
