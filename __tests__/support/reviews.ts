import { assess } from '../../src/assess.ts'
import type { Baseline } from '../../src/baseline/baseline.ts'
import type { RunContext } from '../../src/github/context.ts'
import { learnFromFleet } from '../../src/learn/learn-from-fleet.ts'
import type { HostRecord } from '../../src/snapshot/snapshot.ts'
import { QUERIES } from './fleets.ts'

/** A run for a pull request of somebody who may write to the repository. */
export const PULL_REQUEST: RunContext = {
  event: 'pull_request',
  repository: { owner: 'acme', repo: 'infra' },
  isPrivate: true,
  sha: 'merge',
  runId: null,
  runUrl: null,
  workspace: '/',
  workflow: null,
  pullRequest: { number: 1, untrusted: false },
  oidc: null
}

export const TODAY = '2026-09-30'
const question = { queries: QUERIES, indicators: [], today: TODAY }

/** The baseline that mode `baseline` learns from hosts. */
export async function learnedFrom(hosts: readonly HostRecord[]): Promise<Baseline> {
  const options = { name: 'web', packs: {}, cleanHosts: [], previous: null, acceptRare: false }
  const { baseline } = await learnFromFleet(options, question, async function* () {
    yield* hosts
  })
  return baseline
}

/** The review of a pull request that replaces one baseline with another, on a fleet. */
export async function review(hosts: readonly HostRecord[], replaced: Baseline | null, baseline: Baseline) {
  const { analysis, match, findings, effect } = await assess(
    { ...question, baseline, replaced },
    async function* () {
      yield* hosts
    }
  )
  return {
    analysis,
    match: match!,
    findings,
    effect: effect!,
    poisoned: findings.filter(({ kind }) => kind === 'poisoning')
  }
}

type Rows = string[][]

/** A baseline with rows added to a query. */
export function adding(
  baseline: Baseline,
  name: string,
  rows: { readonly required?: Rows; readonly optional?: Rows }
): Baseline {
  const query = baseline.queries[name]!
  const added = {
    ...query,
    required: [...query.required, ...(rows.required ?? [])],
    optional: [...query.optional, ...(rows.optional ?? [])]
  }
  return { ...baseline, queries: { ...baseline.queries, [name]: added } }
}

/** A baseline with one more acceptance. */
export function accepting(
  baseline: Baseline,
  query: string,
  match: Record<string, string>,
  more: { readonly hosts?: string[]; readonly expires?: string } = {}
): Baseline {
  const acceptance = {
    query,
    match,
    reason: 'load test',
    owner: '@acme/perf',
    expires: '2026-12-31',
    ...more
  }
  return { ...baseline, accept: [...baseline.accept, acceptance] }
}
