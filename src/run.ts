import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import * as core from '@actions/core'
import manifest from '../package.json' with { type: 'json' }
import { actionsLog } from './actions-log.ts'
import { assess, type Question } from './assess.ts'
import { ssmClient } from './aws/clients.ts'
import { login } from './aws/login.ts'
import { systemClock } from './clock.ts'
import { type Collected, collect } from './collect/collect.ts'
import { type RunContext, readContext } from './context.ts'
import { type Inputs, parseInputs } from './inputs/inputs.ts'
import { queriesOf } from './osquery/load-packs.ts'
import { unknownQuery } from './osquery/pack.ts'
import { failures } from './publish/gate.ts'
import { gitHub } from './publish/github.ts'
import { silentHosts } from './publish/outputs.ts'
import { publish } from './publish/publish.ts'
import { addSummary, summaryFile } from './publish/summary.ts'
import { type AskedFor, readQuestion } from './question.ts'
import { buildReport } from './report/build.ts'
import { escapeLine, fenced } from './report/escape.ts'
import type { Report } from './report/report.ts'
import { coverageSentence } from './report/words.ts'
import { readSnapshot } from './snapshot/read.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** One run: what it was told, where it stands, and when it must stop. */
interface Job {
  readonly env: Environment
  readonly context: RunContext
  readonly inputs: Inputs
  readonly outputDir: string
  /** ISO 8601. */
  readonly startedAt: string
  readonly signal: AbortSignal
}

const log = actionsLog
const clock = systemClock

const NO_TOKEN_HERE =
  'This pull request comes from a fork or from Dependabot, which get no OIDC token: no host was asked, and the verdict is incomplete.'

/**
 * One run of the action, from inputs to publication. Returns the exit code; every failure is one clear error in the
 * log and in the job summary, and files and outputs are written as far as the run got.
 */
export async function run(env: Environment): Promise<number> {
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())
  try {
    const context = await readContext(env, path => readFile(path, 'utf8'))
    const inputs = parseInputs(core.getInput, {
      region: env.AWS_REGION || env.AWS_DEFAULT_REGION,
      runId: env.GITHUB_RUN_ID,
      temp: env.RUNNER_TEMP || '/tmp'
    })
    const problems = await carryOut({
      env,
      context,
      inputs,
      outputDir: resolve(context.workspace, inputs.outputDir),
      startedAt: new Date(clock.now()).toISOString(),
      signal: stopping.signal
    })
    for (const problem of problems) log.error(problem)
    return problems.length > 0 ? 1 : 0
  } catch (error) {
    const lines = messageOf(error).split('\n')
    log.error(lines.join('\n'))
    const told = fenced(lines.slice(0, 100).map(line => escapeLine(line, 1_000)))
    if (env.GITHUB_STEP_SUMMARY) {
      await addSummary(
        `## ⛔ Fleet Drift could not do its job\n\n${told}\n`,
        summaryFile(env.GITHUB_STEP_SUMMARY),
        log
      )
    }
    return 1
  }
}

/** Does the job. Returns why the run must fail, one sentence each. */
async function carryOut(job: Job): Promise<string[]> {
  try {
    const { inputs, context } = job
    const asked = await readQuestion(inputs, path => readFile(resolve(context.workspace, path), 'utf8'))
    if (inputs.collector === 'ssm' && context.pullRequest?.untrusted && context.oidc === null) {
      log.warning(NO_TOKEN_HERE)
      await publishReport(job, await reportOfNothing(job, NO_TOKEN_HERE))
      return []
    }
    const snapshot = join(job.outputDir, 'snapshot.ndjson.gz')
    const collected = await log.group('Collect', () => collectTo(snapshot, job, asked))
    core.setOutput('snapshot', snapshot)
    if (inputs.mode === 'collect')
      return tellCollected(await reportOf(job, asked, collected, snapshot, []), inputs)
    const queries = [...queriesOf(asked.packs), ...collected.unknownQueries.map(unknownQuery)]
    const report = await log.group('Analyse', () => reportOf(job, asked, collected, snapshot, queries))
    await publishReport(job, report, asked.baseline)
    return failures(report, inputs)
  } catch (error) {
    const message = messageOf(error)
    try {
      await publishReport(job, await reportOfNothing(job, message))
    } catch (second) {
      log.warning(`The report could not be written either: ${messageOf(second)}`)
    }
    return [message]
  }
}

/** Collects all hosts into a snapshot at `path`. */
async function collectTo(path: string, job: Job, { packs }: AskedFor): Promise<Collected> {
  const { inputs, context, startedAt, signal } = job
  const ssm =
    inputs.collector === 'ssm'
      ? ssmClient(inputs.region, await login(inputs, context, { clock, log, mask: core.setSecret }))
      : null
  const repository = context.repository === null ? 'local' : Object.values(context.repository).join('/')
  try {
    return await collect(
      {
        inputs,
        packs,
        queries: queriesOf(packs),
        comment: `fleet-drift ${repository} run ${context.runId ?? 'local'}`,
        workspace: context.workspace,
        path,
        startedAt
      },
      { ssm, log, clock, signal }
    )
  } finally {
    ssm?.destroy()
  }
}

/** Analyses the snapshot at `path` and tells of it. */
async function reportOf(
  job: Job,
  { packs, baseline, indicators }: AskedFor,
  collected: Collected,
  path: string,
  queries: Question['queries']
): Promise<Report> {
  const { inputs, startedAt } = job
  const question = { queries, baseline: baseline?.content ?? null, indicators, today: startedAt.slice(0, 10) }
  const { analysis, findings } = await assess(question, async function* () {
    yield* (await readSnapshot(path)).hosts
  })
  const expected =
    inputs.expectedHosts !== null && 'count' in inputs.expectedHosts ? inputs.expectedHosts.count : null
  const facts = {
    ...factsOf(job),
    targets: collected.targets,
    region: collected.region,
    packs: packs.map(({ name, sha256 }) => ({ name, sha256 })),
    baseline: baseline === null ? null : { path: baseline.path, sha256: baseline.sha256 },
    snapshotSha256: collected.sha256
  }
  return buildReport({ name: manifest.name, version: manifest.version }, facts, analysis, findings, expected)
}

/** The report of a run that saw no host, with the reason: nothing was assessed, so nothing is called clean. */
async function reportOfNothing(job: Job, reason: string): Promise<Report> {
  const { analysis, findings } = await assess(
    { queries: [], baseline: null, indicators: [], today: job.startedAt.slice(0, 10) },
    async function* () {}
  )
  const facts = { ...factsOf(job), packs: [], baseline: null, snapshotSha256: null }
  const told = { ...analysis, notices: reason.split('\n') }
  return buildReport({ name: manifest.name, version: manifest.version }, facts, told, findings, null)
}

function factsOf({ inputs, startedAt }: Job) {
  return {
    mode: inputs.mode,
    name: inputs.name,
    collector: inputs.collector,
    startedAt,
    finishedAt: new Date(clock.now()).toISOString(),
    targets: inputs.targetLines,
    region: inputs.region || null
  }
}

async function publishReport(
  { env, context, inputs, outputDir }: Job,
  report: Report,
  baseline: AskedFor['baseline'] = null
): Promise<void> {
  const { repository } = context
  const github =
    repository !== null && inputs.githubToken !== ''
      ? gitHub(inputs.githubToken, repository.owner, repository.repo)
      : null
  await publish(
    {
      report,
      baseline,
      context,
      outputDir,
      redact: inputs.redact,
      publishToPublic: inputs.publishToPublic,
      comment: inputs.comment === 'auto',
      issue: inputs.issue === 'rolling',
      summaryPath: env.GITHUB_STEP_SUMMARY || null
    },
    { log, github, setOutput: core.setOutput }
  )
}

/** Mode `collect` writes a snapshot only; its outputs and the log tell how much of the fleet is in it. */
function tellCollected({ summary, hosts }: Report, { minCoverage }: Inputs): string[] {
  log.info(coverageSentence(summary))
  core.setOutput('coverage', summary.coverage.toFixed(4))
  core.setOutput('silent-hosts', silentHosts(hosts))
  return failures({ summary, findings: [] }, { failOn: 'never', minCoverage })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
