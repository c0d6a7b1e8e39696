import { type ActionResult, type ActionRun, removeRun, runAction } from '../../simulator/runner.ts'
import type { SimulatorServer } from '../../simulator/server/server.ts'

/** The inputs of a job that checks the embedded fleet. */
export const INPUTS = {
  'role-to-assume': 'arn:aws:iam::111122223333:role/fleet-drift',
  'aws-region': 'eu-west-1',
  targets: 'tag:Service=checkout',
  name: 'checkout'
}

export const PRIVATE = { full_name: 'acme/infra', private: true }

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

/** Runs the bundled action against a server; {@link removeRuns} removes what it leaves. */
export async function act(server: SimulatorServer, run: ActionRun): Promise<ActionResult> {
  const result = await runAction({
    event: { name: 'schedule', payload: { repository: PRIVATE } },
    ...run,
    inputs: { ...INPUTS, ...run.inputs },
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
