import { z } from 'zod'

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
  /** Where this job can request an OIDC token; `null`: it may not. */
  readonly oidc: { readonly url: string; readonly token: string } | null
}

export interface PullRequest {
  readonly number: number
  /** From another repository, or by Dependabot: such a run gets no OIDC token, and its GitHub token can only read. */
  readonly untrusted: boolean
}

const repositorySchema = z.object({ full_name: z.string() }).nullish().catch(null)

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
  issue: z.object({ pull_request: z.unknown().optional() }).nullish().catch(null),
  workflow_run: z.object({ event: z.string() }).nullish().catch(null)
})

type Payload = z.infer<typeof payloadSchema>

/** Reads the context. A missing or broken event payload is not an error: its facts are `null`. */
export async function readContext(
  env: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => Promise<string>
): Promise<RunContext> {
  const payload = payloadSchema.safeParse(await readJson(env.GITHUB_EVENT_PATH, readFile)).data
  const [owner, repo] = (env.GITHUB_REPOSITORY ?? '').split('/')
  const server = env.GITHUB_SERVER_URL || 'https://github.com'
  const pull = payload?.pull_request
  const runId = env.GITHUB_RUN_ID || null
  const baseCommit = baseCommitOf(payload, env.GITHUB_SHA)
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
    oidc: url && token ? { url, token } : null
  }
}

function baseCommitOf(payload: Payload | undefined, sha: string | undefined): string | undefined {
  if (payload?.merge_group) return payload.merge_group.base_sha
  const isOnBase =
    (payload?.issue?.pull_request ?? null) !== null ||
    (payload?.workflow_run?.event.startsWith('pull_request') ?? false)
  return isOnBase ? sha : undefined
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
