import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import * as core from '@actions/core'
import { systemClock as clock } from './clock.ts'
import { readContext } from './github/context.ts'
import { actionsLog as log } from './github/log.ts'
import { parseInputs } from './inputs/inputs.ts'
import { runBaseline } from './modes/baseline.ts'
import { runCheck } from './modes/check.ts'
import { runCollect } from './modes/collect.ts'
import { loadDefinitions } from './modes/definitions.ts'
import { collectSnapshot, gitHubOf, type Job, publishReport, readFileOf } from './modes/job.ts'
import { emptyReport } from './modes/report.ts'
import { addSummary, summaryFile } from './publish/summary.ts'
import { escapeLine, fenced } from './report/escape.ts'
import { readBaseVersion } from './review/base-version.ts'

const NO_TOKEN_HERE =
  'This pull request comes from a fork or from Dependabot, which get no OIDC token: no host was asked, and the verdict is incomplete.'

/**
 * One run of the action, from inputs to publication. Returns the exit code; every failure is one clear error in the
 * log and in the job summary, and files and outputs are written as far as the run got.
 */
export async function run(env: Job['env']): Promise<number> {
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())
  try {
    const context = await readContext(env, path => readFile(path, 'utf8'))
    const inputs = parseInputs(core.getInput, {
      region: env.AWS_REGION || env.AWS_DEFAULT_REGION,
      runId: env.GITHUB_RUN_ID,
      temp: env.RUNNER_TEMP || '/tmp'
    })
    const outputDir = resolve(context.workspace, inputs.outputDir)
    const startedAt = new Date(clock.now()).toISOString()
    const { signal } = stopping
    const problems = await carryOut({ env, context, inputs, outputDir, startedAt, signal, log, clock })
    if (problems.length > 0) log.error(problems.join(' '))
    return problems.length > 0 ? 1 : 0
  } catch (error) {
    await tellFailure(messageOf(error), env.GITHUB_STEP_SUMMARY)
    return 1
  }
}

/** Does the job. Returns why the run must fail, one sentence each. */
async function carryOut(job: Job): Promise<string[]> {
  const { inputs, context } = job
  try {
    const asked = await loadDefinitions(inputs, readFileOf(job))
    const reviewed = inputs.mode === 'check' ? asked.baseline : null
    const replaced = await readBaseVersion(reviewed, context, gitHubOf(job))
    if (inputs.collector === 'ssm' && context.pullRequest?.untrusted && context.oidc === null) {
      log.warning(NO_TOKEN_HERE)
      await publishReport(job, await emptyReport(job, NO_TOKEN_HERE, asked, replaced))
      return []
    }
    const fetched = await collectSnapshot(job, asked)
    switch (inputs.mode) {
      case 'collect':
        return await runCollect(job, fetched)
      case 'baseline':
        return await runBaseline(job, fetched)
      case 'check':
        return await runCheck(job, fetched, replaced)
    }
  } catch (error) {
    const message = messageOf(error)
    try {
      await publishReport(job, await emptyReport(job, message))
    } catch (second) {
      log.warning(`The report could not be written either: ${messageOf(second)}`)
    }
    return [message]
  }
}

/** For a run that never got as far as a report. */
async function tellFailure(message: string, summary: string | undefined): Promise<void> {
  log.error(message)
  if (!summary) return
  const lines = message.split('\n').slice(0, 100)
  const told = fenced(lines.map(line => escapeLine(line, 1_000)))
  await addSummary(`## ⛔ Fleet Drift could not do its job\n\n${told}\n`, summaryFile(summary), log)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
