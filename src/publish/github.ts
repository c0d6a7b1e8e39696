import { getOctokit } from '@actions/github'
import { inert } from '../inert.ts'
import type { Comment, Comments } from './comment.ts'

const PAGE = 100
/** More comments than this are not looked through. */
const MOST_PAGES = 30
const TIMEOUT = 20_000

export interface GitHub {
  /** The comments of one pull request. */
  comments(number: number): Comments
  /** `null` where GitHub does not tell. */
  isPublic(): Promise<boolean | null>
}

/** The few endpoints of GitHub that are used, behind small ports. */
export function gitHub(token: string, owner: string, repo: string): GitHub {
  const octokit = getOctokit(token, { userAgent: 'fleet-drift', request: { fetch: patientFetch } })
  return {
    comments: issue_number => ({
      async *list() {
        for (let page = 1; page <= MOST_PAGES; page++) {
          const { data } = await octokit.rest.issues.listComments({
            owner,
            repo,
            issue_number,
            per_page: PAGE,
            page
          })
          for (const comment of data) yield read(comment)
          if (data.length < PAGE) return
        }
      },
      create: async body =>
        read((await octokit.rest.issues.createComment({ owner, repo, issue_number, body })).data),
      update: async (comment_id, body) =>
        read((await octokit.rest.issues.updateComment({ owner, repo, comment_id, body })).data),
      async whoami() {
        try {
          return (await octokit.rest.users.getAuthenticated()).data.login
        } catch {
          return null
        }
      }
    }),
    async isPublic() {
      try {
        const { data } = await octokit.rest.repos.get({ owner, repo })
        return !data.private
      } catch {
        return null
      }
    }
  }
}

function read(comment: {
  id: number
  body?: string | null
  html_url: string
  user: { login: string } | null
}): Comment {
  return {
    id: comment.id,
    body: comment.body ?? '',
    url: comment.html_url,
    author: comment.user?.login ?? ''
  }
}

/** Tries a read again when the network or the service fails; a write is sent once, so that nothing is made twice. */
async function patientFetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const attempts = (init?.method ?? 'GET') === 'GET' ? 3 : 1
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(input, { ...init, signal: AbortSignal.timeout(TIMEOUT) })
      if (response.status < 500 || attempt >= attempts) return response
    } catch (error) {
      if (attempt >= attempts) throw new Error(`GitHub cannot be reached: ${inert(String(error))}`)
    }
    await new Promise(resolve => setTimeout(resolve, 500 * 2 ** attempt))
  }
}
