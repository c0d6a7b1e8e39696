import { getOctokit } from '@actions/github'
import { z } from 'zod'
import type { Comment, Comments } from '../publish/comment.ts'
import type { Issue, Issues } from '../publish/issue.ts'
import { Refusal } from './api-error.ts'

/** The most that GitHub gives at once. */
const PAGE = 100
/** Comments and issues beyond these pages are not looked through; ours is among the oldest. */
const MAX_PAGES = 100
const TIMEOUT_MS = 20_000
const ATTEMPTS = 3

export interface GitHub {
  /** The comments of one pull request. */
  comments(pull: number): Comments
  issues(): Issues
  /** Whether everyone can read the repository; `null` where GitHub does not tell. */
  isPublic(): Promise<boolean | null>
  /** The first parent of a commit: of a pull request's merge commit the base branch. @throws Refusal */
  firstParent(sha: string): Promise<string | null>
  /** A file's text at a commit; `null` where no file is there. @throws Refusal */
  fileAt(path: string, sha: string): Promise<string | null>
}

export interface GitHubOptions {
  /** Base URL of the API; by default `GITHUB_API_URL`. */
  readonly apiUrl?: string
  /** Milliseconds before the second attempt; doubled before the third. */
  readonly pause?: number
}

const commentSchema = z.object({
  id: z.int(),
  body: z.string().nullish(),
  html_url: z.string(),
  user: z.object({ login: z.string() }).nullish()
})

const issueSchema = z.object({
  number: z.int(),
  state: z.string(),
  body: z.string().nullish(),
  html_url: z.string(),
  user: z.object({ login: z.string() }).nullish(),
  /** GitHub lists pull requests among the issues. */
  pull_request: z.unknown().optional()
})
const commitSchema = z.object({ parents: z.array(z.object({ sha: z.string() })) })

/** The bytes of a file as they are, also of one of more than 1 MB, of which GitHub's JSON holds nothing. */
const RAW = { accept: 'application/vnd.github.raw+json' }
const rawSchema = z.union([
  z.string(),
  z.instanceof(ArrayBuffer).transform(bytes => new TextDecoder().decode(bytes))
])

/** The few endpoints of GitHub that are used, behind small ports. */
export function gitHub(token: string, owner: string, repo: string, options: GitHubOptions = {}): GitHub {
  const ask = asking(token, options)
  const path = `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(repo)}`
  const whoami = async () => {
    try {
      return z.object({ login: z.string() }).parse(await ask('GET', '/user')).login
    } catch (error) {
      if (error instanceof Refusal && [401, 403, 404].includes(error.status ?? 0)) return null
      throw error
    }
  }
  const pages = async function* <T>(path: string, schema: z.ZodType<T>): AsyncGenerator<T> {
    for (let page = 1; page <= MAX_PAGES; page++) {
      const separator = path.includes('?') ? '&' : '?'
      const found = z
        .array(schema)
        .parse(await ask('GET', `${path}${separator}per_page=${PAGE}&page=${page}`))
      yield* found
      if (found.length < PAGE) return
    }
  }
  return {
    comments: pull => ({
      async *list() {
        for await (const comment of pages(`${path}/issues/${pull}/comments`, commentSchema))
          yield read(comment)
      },
      create: async body =>
        read(commentSchema.parse(await ask('POST', `${path}/issues/${pull}/comments`, { body }))),
      update: async (id, body) =>
        read(commentSchema.parse(await ask('PATCH', `${path}/issues/comments/${id}`, { body }))),
      whoami
    }),
    issues: () => ({
      async *listBy(author) {
        const query = `state=all&sort=created&direction=asc&creator=${encodeURIComponent(author)}`
        for await (const issue of pages(`${path}/issues?${query}`, issueSchema)) {
          if (issue.pull_request === undefined) yield readIssue(issue)
        }
      },
      create: async (title, body) =>
        readIssue(issueSchema.parse(await ask('POST', `${path}/issues`, { title, body }))),
      update: async (number, { body, open }) =>
        readIssue(
          issueSchema.parse(
            await ask('PATCH', `${path}/issues/${number}`, {
              ...(body === undefined ? {} : { body }),
              ...(open === undefined ? {} : { state: open ? 'open' : 'closed' })
            })
          )
        ),
      whoami
    }),
    async isPublic() {
      try {
        return !z.object({ private: z.boolean() }).parse(await ask('GET', path)).private
      } catch {
        return null
      }
    },
    async firstParent(sha) {
      const commit = commitSchema.parse(
        await ask('GET', `${path}/commits/${encodeURIComponent(sha)}?per_page=1`)
      )
      return commit.parents[0]?.sha ?? null
    },
    async fileAt(file, sha) {
      const name = file.split('/').map(encodeURIComponent).join('/')
      try {
        const url = `${path}/contents/${name}?ref=${encodeURIComponent(sha)}`
        const raw = rawSchema.safeParse(await ask('GET', url, {}, RAW))
        // Of a folder, a submodule or a link that leads nowhere GitHub tells in JSON.
        return raw.success ? raw.data : null
      } catch (error) {
        if (error instanceof Refusal && error.status === 404) return null
        throw error
      }
    }
  }
}

type Method = 'GET' | 'POST' | 'PATCH'

/**
 * Asks again when the network or GitHub fails, within bounds. A POST is sent once, so that nothing is made twice.
 * @throws Refusal
 */
function asking(token: string, { apiUrl, pause = 1_000 }: GitHubOptions) {
  const octokit = getOctokit(token, {
    userAgent: 'fleet-drift',
    ...(apiUrl === undefined ? {} : { baseUrl: apiUrl })
  })
  return async (
    method: Method,
    path: string,
    body: Record<string, string> = {},
    headers: Record<string, string> = {}
  ): Promise<unknown> => {
    const attempts = method === 'POST' ? 1 : ATTEMPTS
    for (let attempt = 1; ; attempt++) {
      try {
        const request = { signal: AbortSignal.timeout(TIMEOUT_MS) }
        const { data } = await octokit.request(`${method} ${path}`, { ...body, headers, request })
        return data
      } catch (error) {
        const refusal = refusalOf(error)
        const passing = refusal.status === null || refusal.status === 429 || refusal.status >= 500
        if (!passing || attempt >= attempts) throw refusal
      }
      await new Promise(resolve => setTimeout(resolve, pause * 2 ** (attempt - 1)))
    }
  }
}

const answeredSchema = z.object({ status: z.int(), response: z.object({}) })

/** Octokit gives a status even to errors of the network; only those with a response were answered. */
function refusalOf(error: unknown): Refusal {
  const message = error instanceof Error ? error.message : String(error)
  const answered = answeredSchema.safeParse(error)
  return answered.success
    ? new Refusal(message, answered.data.status)
    : new Refusal(`GitHub cannot be reached: ${message}`, null)
}

function read({ id, body, html_url, user }: z.infer<typeof commentSchema>): Comment {
  return { id, body: body ?? '', url: html_url, author: user?.login ?? '' }
}

function readIssue({ number, body, state, html_url, user }: z.infer<typeof issueSchema>): Issue {
  return { number, body: body ?? '', open: state === 'open', url: html_url, author: user?.login ?? '' }
}
