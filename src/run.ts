import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { readContext } from './github/context.ts'
import { parseInputs } from './inputs/parse.ts'
import { errorMessage } from './lib/error-message.ts'
import type { Log } from './log.ts'
import type { Job } from './modes/job.ts'
import { refuseLinks } from './modes/refuse-links.ts'
import type { Ports } from './ports.ts'
import { addSummary, summaryFile } from './publish/channels/summary.ts'
import { escapeLine, fenced } from './report/escape.ts'

/**
 * One run of the action, from inputs to publication. Returns the exit code; every failure is one clear error in the
 * log and in the job summary, and files and outputs are written as far as the run got.
 */
export async function run(ports: Ports): Promise<number> {
  const abort = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort())
  try {
    const job = await prepare(ports, abort.signal)
    // Loaded when the inputs are known to be good.
    const { execute } = await import('./execute.ts')
    const problems = await execute(job)
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

/** For a run that failed before there could be a report. */
async function reportFailure(message: string, summaryPath: string | undefined, log: Log): Promise<void> {
  log.error(message)
  if (!summaryPath) return
  const lines = message.split('\n').slice(0, 100)
  const text = fenced(lines.map(line => escapeLine(line, 1_000)))
  await addSummary(`## ⛔ Fleet Drift could not run\n\n${text}\n`, summaryFile(summaryPath), log)
}
