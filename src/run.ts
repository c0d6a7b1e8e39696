import { mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import * as core from '@actions/core'
import manifest from '../package.json' with { type: 'json' }
import { actionsLog } from './actions-log.ts'
import { assess } from './assess.ts'
import { ambientAccount, refuseOtherAccounts, ssmClient } from './aws/clients.ts'
import { assumeRole, CredentialsError } from './aws/credentials.ts'
import { runnerTokens } from './aws/oidc.ts'
import { systemClock } from './clock.ts'
import { collectFromSsm } from './collect/ssm.ts'
import { type RunContext, readContext } from './context.ts'
import { type Inputs, parseInputs } from './inputs/inputs.ts'
import { queriesOf } from './osquery/load-packs.ts'
import type { Query } from './osquery/pack.ts'
import { failures } from './publish/gate.ts'
import { gitHub } from './publish/github.ts'
import { publish } from './publish/publish.ts'
import { type Question, readQuestion } from './question.ts'
import { buildReport } from './report/build.ts'
import type { Report, ReportRun } from './report/report.ts'
import { readSnapshot } from './snapshot/read.ts'
import { openSnapshot } from './snapshot/write.ts'

type Environment = Readonly<Record<string, string | undefined>>

const log = actionsLog
const clock = systemClock

/**
 * One run of the action, from inputs to publication. Returns the exit code; every failure is one clear error in the
 * log and in the job summary.
 */
export async function run(env: Environment): Promise<number> {
  try {
    const context = await readContext(env, path => readFile(path, 'utf8'))
    const inputs = parseInputs(core.getInput, {
      region: env.AWS_REGION || env.AWS_DEFAULT_REGION,
      runId: env.GITHUB_RUN_ID,
      temp: env.RUNNER_TEMP || '/tmp'
    })
    const question = await readQuestion(inputs, path => readFile(resolve(context.workspace, path), 'utf8'))
    const problems = await examine(inputs, context, question, env)
    for (const problem of problems) log.error(problem)
    return problems.length > 0 ? 1 : 0
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    log.error(message)
    await core.summary
      .addRaw(`## ⛔ Fleet Drift could not do its job\n\n`)
      .addCodeBlock(message)
      .write()
      .catch(() => undefined)
    return 1
  }
}

/** Collects, analyses and publishes. Returns why the run must fail. */
async function examine(
  inputs: Inputs,
  context: RunContext,
  question: Question,
  env: Environment
): Promise<string[]> {
  const startedAt = new Date(clock.now()).toISOString()
  const outputDir = resolve(context.workspace, inputs.outputDir)
  const queries = queriesOf(question.packs)
  if (context.pullRequest?.untrusted && !(inputs.role !== null && context.oidc)) {
    log.warning(
      'This pull request comes from a fork or from Dependabot, which get no OIDC token: no host was asked, and the verdict is incomplete.'
    )
    core.setOutput('verdict', 'incomplete')
    await core.summary
      .addRaw(
        `## ⚠️ ${inputs.name}: incomplete. No host was asked, for a fork's pull request gets no credentials\n`
      )
      .write()
    return []
  }
  const credentials = await login(inputs, context, env)
  const snapshot = join(outputDir, 'snapshot.ndjson.gz')
  await mkdir(outputDir, { recursive: true })
  const snapshotSha256 = await log.group('Collect', () =>
    collect(inputs, context, question, queries, credentials, snapshot, startedAt)
  )
  core.setOutput('snapshot', snapshot)
  if (inputs.mode === 'collect') return []

  const report = await log.group('Analyse', async (): Promise<Report> => {
    const baseline = question.baseline?.content ?? null
    const { analysis, findings } = await assess(
      { queries, baseline, indicators: question.indicators, today: startedAt.slice(0, 10) },
      () => hostsOf(snapshot)
    )
    const facts: ReportRun = {
      mode: inputs.mode,
      name: inputs.name,
      collector: inputs.collector,
      startedAt,
      finishedAt: new Date(clock.now()).toISOString(),
      targets: inputs.targetLines,
      region: inputs.region,
      packs: question.packs.map(({ name, sha256 }) => ({ name, sha256 })),
      baseline:
        question.baseline === null
          ? null
          : { path: question.baseline.path, sha256: question.baseline.sha256 },
      snapshotSha256
    }
    const expected =
      inputs.expectedHosts !== null && 'count' in inputs.expectedHosts ? inputs.expectedHosts.count : null
    return buildReport(
      { name: manifest.name, version: manifest.version },
      facts,
      analysis,
      findings,
      expected
    )
  })
  const { repository } = context
  await publish(
    {
      report,
      context,
      outputDir,
      redact: inputs.redact,
      publishToPublic: inputs.publishToPublic,
      comment: inputs.comment === 'auto',
      summaryPath: env.GITHUB_STEP_SUMMARY || null
    },
    {
      log,
      github:
        repository !== null && inputs.githubToken !== ''
          ? gitHub(inputs.githubToken, repository.owner, repository.repo)
          : null,
      setOutput: core.setOutput
    }
  )
  return failures(report, inputs)
}

/** The credentials to use, of an allowed account; `null` means the ambient ones. */
async function login(inputs: Inputs, context: RunContext, env: Environment) {
  const { role, region } = inputs
  if (role === null) {
    if (inputs.allowedAccountIds.length > 0)
      refuseOtherAccounts(await ambientAccount(region), inputs.allowedAccountIds)
    return null
  }
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = env
  if (!url || !token) {
    throw new CredentialsError(
      'role-to-assume needs an OIDC token, and this job may not ask for one: add "id-token: write" to the permissions of the job (or of the workflow).'
    )
  }
  const mask = core.setSecret
  const tokens = runnerTokens({ url, token }, { clock, mask })
  const repository =
    context.repository === null ? '' : `${context.repository.owner}/${context.repository.repo}`
  const session = assumeRole({ ...role, region, repository }, { tokens, clock, log, mask })
  refuseOtherAccounts(await session.account(), inputs.allowedAccountIds)
  log.info('Assumed the role.')
  return session.credentials
}

/** Collects all hosts into the snapshot. Returns its digest. */
async function collect(
  inputs: Inputs,
  context: RunContext,
  { packs }: Question,
  queries: readonly Query[],
  credentials: Awaited<ReturnType<typeof login>>,
  path: string,
  startedAt: string
): Promise<string> {
  const { name, collector, region, targetLines: targets } = inputs
  const header = {
    name,
    collector,
    region,
    targets,
    startedAt,
    packs: packs.map(({ name, sha256 }) => ({ name, sha256 }))
  }
  const writer = await openSnapshot(path, { fleetDriftSnapshot: 1, ...header })
  const stopping = new AbortController()
  const stop = () => stopping.abort()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  const ssm = ssmClient(region, credentials)
  try {
    const repository =
      context.repository === null ? 'local' : `${context.repository.owner}/${context.repository.repo}`
    const hosts = collectFromSsm(
      {
        ...inputs,
        queries,
        comment: `fleet-drift ${repository} run ${context.runId ?? 'local'}`,
        expectedIds:
          inputs.expectedHosts !== null && 'ids' in inputs.expectedHosts ? inputs.expectedHosts.ids : []
      },
      { ssm, log, clock, signal: stopping.signal }
    )
    for await (const host of hosts) await writer.write(host)
  } finally {
    ssm.destroy()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop)
    await writer.close()
  }
  return `sha256:${await writer.close()}`
}

async function* hostsOf(snapshot: string) {
  yield* (await readSnapshot(snapshot)).hosts
}
