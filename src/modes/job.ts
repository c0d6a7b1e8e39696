import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { BaselineFile } from '../baseline/baseline.ts'
import { type Collected, collect } from '../collect/collect.ts'
import { gitHub } from '../github/api.ts'
import type { RunContext } from '../github/context.ts'
import type { GitHub } from '../github/ports.ts'
import type { Inputs } from '../inputs/inputs.ts'
import { queriesOf } from '../osquery/load-packs.ts'
import { type Query, unknownQuery } from '../osquery/pack.ts'
import type { Ports } from '../ports.ts'
import type { Outputs } from '../publish/channel.ts'
import type { Report } from '../report/report.ts'
import { isProposal } from '../review/base-commit.ts'
import type { JudgingPacks } from '../review/base-packs.ts'
import { refuseTrackedFiles } from '../review/tracked-files.ts'
import { readSnapshot } from '../snapshot/read.ts'
import type { HostRecord } from '../snapshot/snapshot.ts'
import { decodeUtf8 } from '../text/decode.ts'
import { sanitize } from '../text/sanitize.ts'
import type { Definitions, ReadFile } from './definitions.ts'

/** One run: its inputs, its surroundings, and when it must stop. */
export interface Job extends Ports {
  readonly context: RunContext
  readonly inputs: Inputs
  /** Absolute. */
  readonly outputDir: string
  /** ISO 8601. */
  readonly startedAt: string
  readonly signal: AbortSignal
}

/** What a mode produced. Nothing of it is written, set or published yet. */
export interface ModeResult {
  /** `null`: the mode publishes none. */
  readonly report: Report | null
  /** The file whose lines the findings can point at. */
  readonly baseline?: BaselineFile | null
  /** Outputs of the action besides those that every report determines. */
  readonly outputs?: Outputs
  readonly files?: readonly OutputFile[]
  /** Why the run must fail, one sentence each. */
  readonly problems: readonly string[]
}

export interface OutputFile {
  /** Absolute. */
  readonly path: string
  readonly text: string
}

/** Definitions, and what a pull request would change in its packs. */
export interface JudgedDefinitions extends Definitions {
  readonly proposed: Pick<JudgingPacks, 'drafts' | 'notices'>
}

/** A fleet in a snapshot, and the definitions to judge it by. */
export interface Collection {
  /** Of the snapshot file, absolute. */
  readonly path: string
  readonly definitions: JudgedDefinitions
  readonly collected: Collected
  /** Of the packs, and those of the snapshot that no pack has. */
  readonly queries: readonly Query[]
  /** Reads the hosts from the file, each time that it is called. */
  readonly hosts: () => AsyncGenerator<HostRecord>
}

/** Reads a text file by its path in the workspace. */
export function workspaceReader({ context }: Job): ReadFile {
  return async path => decodeUtf8(await readFile(resolve(context.workspace, path)), sanitize(path))
}

/** Collects all hosts into a snapshot in the output folder. */
export async function collectSnapshot(job: Job, definitions: JudgedDefinitions): Promise<Collection> {
  const { inputs, context, startedAt, outputDir, signal, log, clock, mask, env } = job
  const { repository, runId, workspace } = context
  if (isProposal(context)) {
    if (inputs.collector === 'files') await refuseTrackedFiles('files', inputs.files, workspace)
    await refuseTrackedFiles('previous', inputs.previous, workspace)
  }
  const path = join(outputDir, 'snapshot.ndjson.gz')
  const queries = queriesOf(definitions.packs)
  const name = repository === null ? 'local' : `${repository.owner}/${repository.repo}`
  const request = {
    inputs,
    packs: definitions.packs,
    queries,
    comment: `fleet-drift ${name} run ${runId ?? 'local'}`,
    workspace,
    startedAt
  }
  const connect = async () => {
    const { connectToSsm } = await import('../aws/connect.ts')
    return connectToSsm(inputs, context, { clock, log, mask })
  }
  const collected = await log.group('Collect', () =>
    collect(request, path, { connect, env, log, clock, signal })
  )
  return {
    path,
    definitions,
    collected,
    queries: [...queries, ...collected.unknownQueries.map(unknownQuery)],
    async *hosts() {
      yield* (await readSnapshot(path)).hosts
    }
  }
}

/** `null`: the run has no repository or no token. */
export function gitHubOf({
  context: { repository },
  inputs: { githubToken },
  env,
  clock
}: Job): GitHub | null {
  if (repository === null || githubToken === '') return null
  return gitHub(githubToken, repository, { apiUrl: env.GITHUB_API_URL || 'https://api.github.com', clock })
}
