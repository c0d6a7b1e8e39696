import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { COLLECTORS } from './collect/collectors.ts'
import { readContext } from './github/context.ts'
import { readIndicators } from './indicators/read.ts'
import { parseInputs } from './inputs/inputs.ts'
import { errorMessage } from './lib/error-message.ts'
import type { Log } from './log.ts'
import { runBaseline } from './modes/baseline.ts'
import { runCheck } from './modes/check.ts'
import { runCollect } from './modes/collect.ts'
import { loadDefinitions } from './modes/definitions.ts'
import { collectSnapshot, gitHubOf, type Job, type ModeResult, workspaceReader } from './modes/job.ts'
import { refuseLinks } from './modes/refuse-links.ts'
import { dayOf, emptyReport } from './modes/report.ts'
import type { Pack } from './osquery/pack.ts'
import type { Ports } from './ports.ts'
import { addSummary, summaryFile } from './publish/channels/summary.ts'
import { publish } from './publish/publish.ts'
import { escapeLine, fenced } from './report/escape.ts'
import { baseFirst } from './review/base-commit.ts'
import { readBaseVersion } from './review/base-version.ts'
import { judgeProposal } from './review/proposal.ts'

const UNTRUSTED =
  'Pull requests from forks and from Dependabot never reach a host. No host was contacted, so the verdict is incomplete.'
const NO_PACK =
  'No pack of this run is on the base branch yet. No host was contacted, so the verdict is incomplete.'

/**
 * One run of the action, from inputs to publication. Returns the exit code; every failure is one clear error in the
 * log and in the job summary, and files and outputs are written as far as the run got.
 */
export async function run(ports: Ports): Promise<number> {
  const abort = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort())
  try {
    const problems = await execute(await prepare(ports, abort.signal))
    if (problems.length > 0) ports.log.error(problems.join(' '))
    return problems.length > 0 ? 1 : 0
  } catch (error) {
    await reportFailure(errorMessage(error), ports.env.GITHUB_STEP_SUMMARY, ports.log)
    return 1
  }
}

/** @throws InputError, or Error if the output folder is a link of the checkout */
async function prepare(ports: Ports, signal: AbortSignal): Promise<Job> {
  const { env, clock, getInput } = ports
  const context = await readContext(env, path => readFile(path, 'utf8'))
  const inputs = parseInputs(getInput, {
    region: env.AWS_REGION || env.AWS_DEFAULT_REGION,
    runId: env.GITHUB_RUN_ID,
    temp: env.RUNNER_TEMP || '/tmp'
  })
  const outputDir = resolve(context.workspace, inputs.outputDir)
  await refuseLinks(outputDir, context.workspace)
  return {
    ...ports,
    context,
    inputs,
    outputDir,
    startedAt: new Date(clock.now()).toISOString(),
    signal
  }
}

/** Runs the mode and acts on its result. Returns why the run must fail, one sentence each. */
async function execute(job: Job): Promise<readonly string[]> {
  try {
    const result = await runMode(job)
    await act(job, result)
    return result.problems
  } catch (error) {
    const message = errorMessage(error)
    try {
      await act(job, { report: emptyReport(job, message) })
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

/** For a run that failed before there could be a report. */
async function reportFailure(message: string, summaryPath: string | undefined, log: Log): Promise<void> {
  log.error(message)
  if (!summaryPath) return
  const lines = message.split('\n').slice(0, 100)
  const text = fenced(lines.map(line => escapeLine(line, 1_000)))
  await addSummary(`## ⛔ Fleet Drift could not run\n\n${text}\n`, summaryFile(summaryPath), log)
}
