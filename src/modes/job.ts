import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import * as core from '@actions/core'
import { ssmClient } from '../aws/clients.ts'
import { login } from '../aws/login.ts'
import type { Clock } from '../clock.ts'
import { type Collected, collect } from '../collect/collect.ts'
import { type GitHub, gitHub } from '../github/api.ts'
import type { RunContext } from '../github/context.ts'
import type { Inputs } from '../inputs/inputs.ts'
import type { Log } from '../log.ts'
import { queriesOf } from '../osquery/load-packs.ts'
import { type Query, unknownQuery } from '../osquery/pack.ts'
import { publish } from '../publish/publish.ts'
import type { Report } from '../report/report.ts'
import { readSnapshot } from '../snapshot/read.ts'
import type { HostRecord } from '../snapshot/snapshot.ts'
import type { Definitions } from './definitions.ts'

/** One run: what it was told, where it stands, and when it must stop. */
export interface Job {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly context: RunContext
  readonly inputs: Inputs
  readonly outputDir: string
  /** ISO 8601. */
  readonly startedAt: string
  readonly signal: AbortSignal
  readonly log: Log
  readonly clock: Clock
}

/** A fleet in a snapshot, and what is asked of it. */
export interface Collection {
  readonly asked: Definitions
  readonly collected: Collected
  /** Of the packs, and those of the snapshot that no pack has. */
  readonly queries: readonly Query[]
  /** Opens the hosts; as often as it is called. */
  readonly hosts: () => AsyncGenerator<HostRecord>
}

export const readFileOf =
  ({ context }: Pick<Job, 'context'>) =>
  (path: string): Promise<string> =>
    readFile(resolve(context.workspace, path), 'utf8')

/** Collects all hosts into the snapshot of the output folder. */
export async function collectSnapshot(job: Job, asked: Definitions): Promise<Collection> {
  const { inputs, context, startedAt, outputDir, signal, log, clock } = job
  const path = join(outputDir, 'snapshot.ndjson.gz')
  const queries = queriesOf(asked.packs)
  const repository = context.repository === null ? 'local' : Object.values(context.repository).join('/')
  const collected = await log.group('Collect', async () => {
    const ssm =
      inputs.collector === 'ssm'
        ? ssmClient(inputs.region, await login(inputs, context, { clock, log, mask: core.setSecret }))
        : null
    try {
      return await collect(
        {
          inputs,
          packs: asked.packs,
          queries,
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
  })
  core.setOutput('snapshot', path)
  return {
    asked,
    collected,
    queries: [...queries, ...collected.unknownQueries.map(unknownQuery)],
    async *hosts() {
      yield* (await readSnapshot(path)).hosts
    }
  }
}

export function gitHubOf({ context: { repository }, inputs: { githubToken } }: Job): GitHub | null {
  return repository !== null && githubToken !== ''
    ? gitHub(githubToken, repository.owner, repository.repo)
    : null
}

/** @param baseline the baseline that findings can be shown at */
export async function publishReport(
  job: Job,
  report: Report,
  baseline: Definitions['baseline'] = null
): Promise<void> {
  const { env, context, inputs, outputDir, log } = job
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
