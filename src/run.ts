import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import * as core from '@actions/core'
import manifest from '../package.json' with { type: 'json' }
import { actionsLog } from './actions-log.ts'
import type { Analysis } from './analyse/analyse.ts'
import { assess, type Question } from './assess.ts'
import { ssmClient } from './aws/clients.ts'
import { login } from './aws/login.ts'
import { changesBetween, integrityAdditions } from './baseline/changes.ts'
import { baselineNotices } from './baseline/notices.ts'
import { writeBaseline } from './baseline/write.ts'
import { systemClock } from './clock.ts'
import { type Collected, collect } from './collect/collect.ts'
import { type RunContext, readContext } from './context.ts'
import { type Inputs, parseInputs } from './inputs/inputs.ts'
import { queriesOf } from './osquery/load-packs.ts'
import { unknownQuery } from './osquery/pack.ts'
import { failures } from './publish/gate.ts'
import { type GitHub, gitHub } from './publish/github.ts'
import { silentHosts } from './publish/outputs.ts'
import { publish } from './publish/publish.ts'
import { addSummary, summaryFile } from './publish/summary.ts'
import { type AskedFor, readQuestion } from './question.ts'
import { NOT_REPLACED, type Replaced, readReplaced } from './replaced.ts'
import { buildReport } from './report/build.ts'
import { escapeLine, fenced } from './report/escape.ts'
import type { Report } from './report/report.ts'
import { coverageSentence } from './report/words.ts'
import type { Effect } from './review/plan.ts'
import { suggest } from './review/suggestion.ts'
import { readSnapshot } from './snapshot/read.ts'
import { learnFrom } from './upkeep.ts'

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

const TOOL = { name: manifest.name, version: manifest.version }

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
    const replaced = await readReplaced(
      inputs.mode === 'check' ? asked.baseline : null,
      context,
      gitHubOf(job)
    )
    if (inputs.collector === 'ssm' && context.pullRequest?.untrusted && context.oidc === null) {
      log.warning(NO_TOKEN_HERE)
      await publishReport(job, await reportOfNothing(job, NO_TOKEN_HERE, asked, replaced))
      return []
    }
    const snapshot = join(job.outputDir, 'snapshot.ndjson.gz')
    const collected = await log.group('Collect', () => collectTo(snapshot, job, asked))
    core.setOutput('snapshot', snapshot)
    if (inputs.mode === 'collect')
      return tellCollected(await reportOf(job, asked, collected, snapshot, [], NOT_REPLACED), inputs)
    const queries = [...queriesOf(asked.packs), ...collected.unknownQueries.map(unknownQuery)]
    if (inputs.mode === 'baseline') return await writeLearned(job, asked, collected, snapshot, queries)
    const report = await log.group('Analyse', () =>
      reportOf(job, asked, collected, snapshot, queries, replaced)
    )
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
  asked: AskedFor,
  collected: Collected,
  path: string,
  queries: Question['queries'],
  { content: replaced, notices }: Replaced
): Promise<Report> {
  const { baseline } = asked
  const question = {
    ...questionOf(job, asked, queries),
    baseline: baseline?.content ?? null,
    ...(replaced === undefined ? {} : { replaced })
  }
  const { analysis, findings, effect } = await assess(question, hostsOf(path))
  const told = [...notices, ...(baseline === null ? [] : baselineNotices(baseline, asked.packs, queries))]
  const report = buildReport(
    TOOL,
    factsOfFleet(job, asked, collected),
    { ...analysis, notices: [...told, ...analysis.notices] },
    findings,
    expectedOf(job)
  )
  return {
    ...report,
    ...planOf(asked, replaced, effect),
    ...(await followRollouts(job, baseline, analysis))
  }
}

/** Mode `baseline`: learns the baseline from the snapshot at `path`, writes it where it differs, and tells of it. */
async function writeLearned(
  job: Job,
  asked: AskedFor,
  collected: Collected,
  path: string,
  queries: Question['queries']
): Promise<string[]> {
  const { inputs, context } = job
  const previous = asked.baseline?.content ?? null
  const upkeep = {
    name: previous?.name ?? inputs.name,
    packs: Object.fromEntries(asked.packs.map(({ name, sha256 }) => [name, sha256])),
    cleanHosts: inputs.baselineHosts,
    previous,
    acceptRare: inputs.baselineAcceptRare
  }
  const { analysis, findings, baseline, changes, refused, notices } = await log.group('Learn', () =>
    learnFrom(upkeep, questionOf(job, asked, queries), hostsOf(path))
  )
  const report = buildReport(
    TOOL,
    { ...factsOfFleet(job, asked, collected), baseline: null },
    { ...analysis, notices: [...notices, ...analysis.notices] },
    findings,
    inputs.baselineHosts.length > 0 ? null : expectedOf(job)
  )
  const problems = failures({ ...report, findings: [] }, { ...inputs, failOn: 'never' })
  const file = inputs.baseline ?? ''
  const text = writeBaseline(baseline)
  const changed = problems.length === 0 && text !== asked.baseline?.text
  if (changed) {
    await mkdir(dirname(resolve(context.workspace, file)), { recursive: true })
    await writeFile(resolve(context.workspace, file), text)
  }
  core.setOutput('baseline-path', file)
  core.setOutput('baseline-changed', String(changed))
  await publishReport(job, {
    ...report,
    learned: { path: file, changed, changes, integrity: integrityAdditions(changes, queries), refused }
  })
  return problems
}

/** What the pull request under review does; nothing where it leaves the baseline as it is. */
function planOf(
  { baseline, packs }: AskedFor,
  replaced: Replaced['content'],
  effect: Effect | null
): Pick<Report, 'plan'> {
  if (baseline === null || replaced === undefined) return {}
  const changes = changesBetween(replaced, baseline.content)
  return { plan: { changes, integrity: integrityAdditions(changes, queriesOf(packs)), effect } }
}

/** Writes the baseline that follows the rollouts of an analysis, where there are any. */
async function followRollouts(
  { outputDir }: Job,
  baseline: AskedFor['baseline'],
  analysis: Analysis
): Promise<Pick<Report, 'suggestion'>> {
  const suggestion = baseline === null ? null : suggest(baseline.content, analysis)
  if (suggestion === null) return {}
  const file = 'baseline.suggested.json'
  await writeFile(join(outputDir, file), writeBaseline(suggestion.baseline))
  return { suggestion: { file, changes: suggestion.changes } }
}

/**
 * The report of a run that saw no host, with the reason: nothing was assessed, so nothing is called clean. Of a pull
 * request that changes the baseline it tells what can be told without hosts.
 */
async function reportOfNothing(
  job: Job,
  reason: string,
  asked: AskedFor | null = null,
  replaced: Replaced = NOT_REPLACED
): Promise<Report> {
  const { analysis, findings } = await assess(
    { queries: [], baseline: null, indicators: [], today: job.startedAt.slice(0, 10) },
    async function* () {}
  )
  const facts = {
    ...factsOf(job),
    packs: [],
    baseline: fileOf(asked?.baseline ?? null),
    snapshotSha256: null
  }
  const told = { ...analysis, notices: [...reason.split('\n'), ...replaced.notices] }
  return {
    ...buildReport(TOOL, facts, told, findings, null),
    ...(asked === null ? {} : planOf(asked, replaced.content, null))
  }
}

function questionOf({ startedAt }: Job, { indicators }: AskedFor, queries: Question['queries']) {
  return { queries, indicators, today: startedAt.slice(0, 10) }
}

const hostsOf = (path: string) =>
  async function* () {
    yield* (await readSnapshot(path)).hosts
  }

const expectedOf = ({ inputs: { expectedHosts } }: Job): number | null =>
  expectedHosts !== null && 'count' in expectedHosts ? expectedHosts.count : null

const fileOf = (baseline: AskedFor['baseline']) =>
  baseline === null ? null : { path: baseline.path, sha256: baseline.sha256 }

function factsOfFleet(job: Job, { packs, baseline }: AskedFor, { targets, region, sha256 }: Collected) {
  return {
    ...factsOf(job),
    targets,
    region,
    packs: packs.map(({ name, sha256 }) => ({ name, sha256 })),
    baseline: fileOf(baseline),
    snapshotSha256: sha256
  }
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

function gitHubOf({ context: { repository }, inputs: { githubToken } }: Job): GitHub | null {
  return repository !== null && githubToken !== ''
    ? gitHub(githubToken, repository.owner, repository.repo)
    : null
}

async function publishReport(job: Job, report: Report, baseline: AskedFor['baseline'] = null): Promise<void> {
  const { env, context, inputs, outputDir } = job
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
    { log, github: gitHubOf(job), setOutput: core.setOutput }
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
