import { performance } from 'node:perf_hooks'
import { type ActionResult, type ActionRun, removeRun, runAction } from '../../simulator/runner.ts'
import type { SimulatorServer } from '../../simulator/server/server.ts'
import { builtinPack } from '../../src/osquery/builtin-packs.ts'

/** The inputs of a job that checks the simulated fleet. */
const INPUTS = {
  'role-to-assume': 'arn:aws:iam::111122223333:role/fleet-drift',
  'aws-region': 'eu-west-1',
  targets: 'tag:Service=checkout',
  name: 'checkout'
}

export const PRIVATE = { full_name: 'acme/infra', private: true }

const FEW_QUERIES = 'boot_scripts core_programs crontab login_config packages programs systemd_units'.split(
  ' '
)

/**
 * `few.json`, a pack in every checkout: a few queries, whose answers are longer than what SSM lists, as those of a whole
 * pack are. How a run reads replies does not depend on how many queries there are, and real shells answer few soon.
 */
export const FEW_PACK = JSON.stringify({
  platform: 'linux',
  queries: Object.fromEntries(
    (builtinPack('linux')?.queries ?? [])
      .filter(({ name }) => FEW_QUERIES.includes(name))
      .map(({ name, sql }) => [name, { query: sql }])
  )
})

/** The inputs of a job that only collects. */
export const COLLECT = { 'fail-on': 'never', mode: 'collect', packs: 'few.json' }

/** A pull request of the same repository, or of a fork. */
export function pullRequest(number: number, from = 'acme/infra') {
  return {
    name: 'pull_request',
    payload: {
      repository: PRIVATE,
      pull_request: {
        number,
        user: { login: 'alice' },
        head: { sha: 'a'.repeat(40), repo: { full_name: from } },
        base: { sha: 'b'.repeat(40), repo: { full_name: 'acme/infra' } }
      }
    }
  }
}

const runs: ActionResult[] = []

/** Runs the bundled action against a server; {@link removeRuns} removes its files. */
export async function act(server: SimulatorServer, run: ActionRun): Promise<ActionResult> {
  const result = await runAction({
    event: { name: 'schedule', payload: { repository: PRIVATE } },
    ...run,
    inputs: { ...INPUTS, ...run.inputs },
    files: { 'few.json': FEW_PACK, ...run.files },
    env: { ...server.env(), ...run.env }
  })
  runs.push(result)
  return result
}

export async function removeRuns(): Promise<void> {
  await Promise.all(runs.splice(0).map(removeRun))
}

/** The lines of a log that the runner shows as errors. */
export function errorsOf({ log }: ActionResult): string[] {
  return log.split('\n').flatMap(line => /^::error[^:]*::(.*)$/.exec(line)?.[1] ?? [])
}

/** How long the bundle takes to start and reject bad inputs on an idle machine, in seconds. */
const IDLE_START_SECONDS = 0.2
const MAX_SLOWDOWN = 8

/**
 * The input `timeout-seconds` for a run that ends at its deadline: `seconds` on an idle machine, and in proportion more
 * on a slow or busy one, as measured by a start of the bundle.
 */
export async function deadline(seconds: number): Promise<string> {
  const started = performance.now()
  await removeRun(await runAction({ inputs: { mode: 'none' } }))
  const startSeconds = (performance.now() - started) / 1000
  const slowdown = Math.min(MAX_SLOWDOWN, Math.max(1, startSeconds / IDLE_START_SECONDS))
  return String(Math.ceil(seconds * slowdown))
}
