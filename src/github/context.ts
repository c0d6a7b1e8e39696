import * as z from 'zod'

/** The facts of a run, from the runner's environment and the event payload. */
export interface RunContext {
  readonly event: string
  readonly repository: { readonly owner: string; readonly repo: string } | null
  /** `null`: the payload does not say. */
  readonly isPrivate: boolean | null
  /** The commit of the run; for a pull request, its merge commit. */
  readonly sha: string | null
  readonly runId: string | null
  readonly runUrl: string | null
  readonly workspace: string
  /** Path of the workflow file in the repository; `null` if it is unknown or in another repository. */
  readonly workflow: string | null
  readonly pullRequest: PullRequest | null
  /**
   * The commit of the base branch that the run's files are judged by, where the event says so: of a merge group, and of
   * events that run on the default branch although a pull request may be checked out.
   */
  readonly baseCommit?: string
  /**
   * The pull request whose files may be checked out although the commit of the run is on the base branch; left out where
   * there is none, or the event does not say which.
   */
  readonly checkedOut?: number
  /** Where this job can request an OIDC token; `null`: it may not. */
  readonly oidc: { readonly url: string; readonly token: string } | null
}

export interface PullRequest {
  readonly number: number
  /** From another repository, or by Dependabot: such a run gets no OIDC token, and its GitHub token can only read. */
  readonly untrusted: boolean
}

const repositorySchema = z.object({ full_name: z.string() }).nullish().catch(null)
const numbersSchema = z.array(z.object({ number: z.int().positive() })).catch([])
/** A check run or a check suite. */
const checkSchema = z.object({ head_sha: z.string(), pull_requests: numbersSchema }).nullish().catch(null)

const payloadSchema = z.object({
  repository: z.object({ private: z.boolean() }).nullish().catch(null),
  pull_request: z
    .object({
      number: z.int().positive(),
      user: z.object({ login: z.string() }).nullish().catch(null),
      head: z.object({ repo: repositorySchema }),
      base: z.object({ repo: repositorySchema })
    })
    .nullish()
    .catch(null),
  merge_group: z.object({ base_sha: z.string() }).nullish().catch(null),
  issue: z
    .object({ number: z.int().positive(), pull_request: z.object({}) })
    .nullish()
    .catch(null),
  workflow_run: z
    .object({
      event: z.string(),
      head_repository: repositorySchema,
      pull_requests: numbersSchema
    })
    .nullish()
    .catch(null),
  check_run: checkSchema,
  check_suite: checkSchema
})

type Payload = z.infer<typeof payloadSchema>

/** Reads the context. A missing or broken event payload is not an error: its facts are `null`. */
export async function readContext(
  env: Environment,
  readFile: (path: string) => Promise<string>
): Promise<RunContext> {
  const payload = payloadSchema.safeParse(await readJson(env.GITHUB_EVENT_PATH, readFile)).data
  const [owner, repo] = (env.GITHUB_REPOSITORY ?? '').split('/')
  const server = env.GITHUB_SERVER_URL || 'https://github.com'
  const pull = payload?.pull_request
  const runId = env.GITHUB_RUN_ID || null
  const baseCommit = baseCommitOf(payload, env)
  const checkedOut = checkedOutIn(payload, env)
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = env
  return {
    event: env.GITHUB_EVENT_NAME ?? '',
    repository: owner && repo ? { owner, repo } : null,
    isPrivate: payload?.repository?.private ?? null,
    sha: env.GITHUB_SHA || null,
    runId,
    runUrl: owner && repo && runId ? `${server}/${owner}/${repo}/actions/runs/${runId}` : null,
    workspace: env.GITHUB_WORKSPACE || process.cwd(),
    workflow: workflowPath(env.GITHUB_WORKFLOW_REF, env.GITHUB_REPOSITORY),
    pullRequest: pull
      ? {
          number: pull.number,
          untrusted:
            !pull.head.repo ||
            pull.head.repo.full_name !== pull.base.repo?.full_name ||
            pull.user?.login === 'dependabot[bot]' ||
            env.GITHUB_ACTOR === 'dependabot[bot]'
        }
      : null,
    ...(baseCommit ? { baseCommit } : {}),
    ...(checkedOut === undefined ? {} : { checkedOut }),
    oidc: url && token ? { url, token } : null
  }
}

type Environment = Readonly<Record<string, string | undefined>>

function baseCommitOf(payload: Payload | undefined, env: Environment): string | undefined {
  if (payload?.merge_group) return payload.merge_group.base_sha
  const check = payload?.check_run ?? payload?.check_suite ?? null
  const isProposal =
    (payload?.issue ?? null) !== null ||
    (check !== null && check.head_sha !== env.GITHUB_SHA) ||
    startedByProposal(payload, env)
  return isProposal ? env.GITHUB_SHA : undefined
}

/** Events whose runs are of commits that are merged: what they started judges those. */
const MERGED_EVENTS: readonly string[] = [
  'push',
  'schedule',
  'workflow_dispatch',
  'repository_dispatch',
  'release',
  'deployment',
  'deployment_status'
]

/** Whether a run follows one that judged a proposal, or that a fork started. */
function startedByProposal(payload: Payload | undefined, env: Environment): boolean {
  const started = payload?.workflow_run ?? null
  if (started === null) return false
  return (
    !MERGED_EVENTS.includes(started.event) || started.head_repository?.full_name !== env.GITHUB_REPOSITORY
  )
}

function checkedOutIn(payload: Payload | undefined, env: Environment): number | undefined {
  if (env.GITHUB_EVENT_NAME === 'pull_request_target') return payload?.pull_request?.number
  const { issue, workflow_run, check_run, check_suite } = payload ?? {}
  return issue?.number ?? (workflow_run ?? check_run ?? check_suite)?.pull_requests[0]?.number
}

/** The path in `acme/infra/.github/workflows/drift.yml@refs/heads/main`, the form of GITHUB_WORKFLOW_REF. */
function workflowPath(ref: string | undefined, repository: string | undefined): string | null {
  const [path = ''] = (ref ?? '').split('@')
  return repository && path.startsWith(`${repository}/`) ? path.slice(repository.length + 1) : null
}

async function readJson(
  path: string | undefined,
  readFile: (path: string) => Promise<string>
): Promise<unknown> {
  try {
    return path ? JSON.parse(await readFile(path)) : {}
  } catch {
    return {}
  }
}
