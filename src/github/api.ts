import type { getOctokit } from '@actions/github'
import * as z from 'zod'
import type { Clock } from '../clock.ts'
import { ApiError, apiErrorOf, isTransient } from './api-error.ts'
import type { Comment, GitHub, Issue } from './ports.ts'

/** The maximum that GitHub returns at once. */
const PAGE_SIZE = 100
/** Comments and issues on later pages are not read: the action's own is among the oldest. */
const MAX_PAGES = 100
const TIMEOUT_MS = 20_000
const ATTEMPTS = 3
/** Before the second attempt; doubled before the third. */
const PAUSE_MS = 1_000
/** What GitHub's documentation asks for at a secondary limit without a time. */
const LIMIT_PAUSE_MS = 60_000
/** A run does not wait longer for a comment. */
const MAX_PAUSE_MS = 90_000

export interface GitHubOptions {
  /** Base URL of the API. */
  readonly apiUrl: string
  readonly clock: Pick<Clock, 'sleep'>
}

type Octokit = ReturnType<typeof getOctokit>

const userSchema = z.object({ login: z.string() })
const viewerSchema = z.object({ viewer: userSchema })
const repositorySchema = z.object({ private: z.boolean() })
const refSchema = z.object({ object: z.object({ sha: z.string() }) })
const commitSchema = z.object({ parents: z.array(z.object({ sha: z.string() })) })

const commentSchema = z
  .object({
    id: z.int(),
    body: z.string().nullish(),
    html_url: z.string(),
    user: userSchema.nullish()
  })
  .transform(
    ({ id, body, html_url, user }): Comment => ({
      id,
      body: body ?? '',
      url: html_url,
      author: user?.login ?? ''
    })
  )

const issueSchema = z
  .object({
    number: z.int(),
    state: z.string(),
    body: z.string().nullish(),
    html_url: z.string(),
    user: userSchema.nullish(),
    /** GitHub lists pull requests among the issues. */
    pull_request: z.unknown().optional()
  })
  .transform(({ number, state, body, html_url, user, pull_request }): Issue & { isPullRequest: boolean } => ({
    number,
    open: state === 'open',
    body: body ?? '',
    url: html_url,
    author: user?.login ?? '',
    isPullRequest: pull_request !== undefined
  }))

/** Statuses with which GitHub refuses what a token may not read. */
const REFUSALS: readonly (number | null)[] = [401, 403, 404]

/** Requests the bytes of a file; the JSON form has no content for a file over 1 MB. */
const RAW = { accept: 'application/vnd.github.raw+json' }
const rawSchema = z.union([
  z.string(),
  z.instanceof(ArrayBuffer).transform(bytes => new TextDecoder().decode(bytes))
])

/** The few endpoints of GitHub that the action uses. */
export function gitHub(
  token: string,
  { owner, repo }: { readonly owner: string; readonly repo: string },
  { apiUrl, clock }: GitHubOptions
): GitHub {
  let client: Promise<Octokit> | undefined
  const octokit = () => {
    client ??= openClient(token, { apiUrl, clock })
    return client
  }
  const path = `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(repo)}`
  const call = async (route: string, parameters: Record<string, unknown> = {}): Promise<unknown> =>
    (await (await octokit()).request(route, parameters)).data
  /** Asked of GraphQL, which also answers the token of an App or of a workflow: `GET /user` refuses both. */
  const whoami = async () => {
    try {
      return viewerSchema.parse(await (await octokit()).graphql('{ viewer { login } }')).viewer.login
    } catch (error) {
      if (error instanceof ApiError && (error.limit !== null || !REFUSALS.includes(error.status))) throw error
      return null
    }
  }
  return {
    comments: pullRequest => ({
      list: () => listAll(octokit, `GET ${path}/issues/${pullRequest}/comments`, {}, commentSchema),
      create: async body =>
        commentSchema.parse(await call(`POST ${path}/issues/${pullRequest}/comments`, { body })),
      update: async (id, body) =>
        commentSchema.parse(await call(`PATCH ${path}/issues/comments/${id}`, { body })),
      whoami
    }),
    issues: () => ({
      async *listBy(author) {
        const query = { state: 'all', sort: 'created', direction: 'asc', creator: author }
        for await (const issue of listAll(octokit, `GET ${path}/issues`, query, issueSchema)) {
          if (!issue.isPullRequest) yield issue
        }
      },
      create: async (title, body) => issueSchema.parse(await call(`POST ${path}/issues`, { title, body })),
      update: async (number, { body, open }) =>
        issueSchema.parse(
          await call(`PATCH ${path}/issues/${number}`, {
            ...(body === undefined ? {} : { body }),
            ...(open === undefined ? {} : { state: open ? 'open' : 'closed' })
          })
        ),
      whoami
    }),
    async isPublic() {
      try {
        return !repositorySchema.parse(await call(`GET ${path}`)).private
      } catch {
        return null
      }
    },
    async firstParent(sha) {
      const commit = await call(`GET ${path}/commits/${encodeURIComponent(sha)}`, { per_page: 1 })
      return commitSchema.parse(commit).parents[0]?.sha ?? null
    },
    mergeCommit: pullRequest =>
      unlessMissing(
        async () => refSchema.parse(await call(`GET ${path}/git/ref/pull/${pullRequest}/merge`)).object.sha
      ),
    fileAt: (file, sha) =>
      unlessMissing(async () => {
        const name = file.split('/').map(encodeURIComponent).join('/')
        const raw = rawSchema.safeParse(
          await call(`GET ${path}/contents/${name}`, { ref: sha, headers: RAW })
        )
        // For a folder, a submodule or a broken link GitHub returns JSON.
        return raw.success ? raw.data : null
      })
  }
}

/** The client is loaded when it is first used: a run without GitHub starts faster. */
async function openClient(token: string, { apiUrl, clock }: GitHubOptions): Promise<Octokit> {
  const { getOctokit } = await import('@actions/github')
  const octokit = getOctokit(token, { userAgent: 'fleet-drift', baseUrl: apiUrl })
  retry(octokit, clock)
  return octokit
}

/** What GitHub has; `null` where it says that there is no such thing. */
async function unlessMissing<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null
    throw error
  }
}

/**
 * Retries requests when the network or GitHub fails or asks to wait, within bounds. A POST that may have been carried
 * out is not sent again, so that nothing is created twice. Every failure becomes an ApiError.
 */
function retry(octokit: Octokit, clock: Pick<Clock, 'sleep'>): void {
  octokit.hook.wrap('request', async (request, options) => {
    for (let attempt = 1; ; attempt++) {
      let pause = PAUSE_MS * 2 ** (attempt - 1)
      try {
        const signal = AbortSignal.timeout(TIMEOUT_MS)
        return await request({ ...options, request: { ...options.request, signal } })
      } catch (cause) {
        const error = apiErrorOf(cause)
        const isRefused = error.limit !== null
        const creates = options.method === 'POST' && !options.url.endsWith('/graphql')
        if (!isTransient(error) || attempt >= ATTEMPTS || (creates && !isRefused)) throw error
        if (isRefused) pause = error.limit?.waitMs ?? LIMIT_PAUSE_MS
        if (pause > MAX_PAUSE_MS) throw error
      }
      await clock.sleep(pause)
    }
  })
}

async function* listAll<T>(
  octokit: () => Promise<Octokit>,
  route: string,
  parameters: Record<string, unknown>,
  schema: z.ZodType<T>
): AsyncGenerator<T> {
  const { paginate } = await octokit()
  const pages = paginate.iterator(route, { ...parameters, per_page: PAGE_SIZE })
  let count = 0
  for await (const { data } of pages) {
    yield* z.array(schema).parse(data)
    if (++count >= MAX_PAGES) return
  }
}
