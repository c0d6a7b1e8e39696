/** Whose token is used. */
export interface Identity {
  /** The login of whoever the token writes as, such as `acme-drift[bot]`; `null` if GitHub does not say. */
  whoami(): Promise<string | null>
}

/** A text on GitHub: a comment or an issue. */
export interface Entry {
  readonly body: string
  readonly url: string
  /** Login. */
  readonly author: string
}

export interface Comment extends Entry {
  readonly id: number
}

/** The comments of one pull request. Every method throws ApiError. */
export interface Comments extends Identity {
  /** Oldest first. */
  list(): AsyncIterable<Comment>
  create(body: string): Promise<Comment>
  update(id: number, body: string): Promise<Comment>
}

export interface Issue extends Entry {
  readonly number: number
  readonly open: boolean
}

/** The issues of a repository. Every method throws ApiError. */
export interface Issues extends Identity {
  /** The issues that a user created, without pull requests, open and closed, oldest first. */
  listBy(author: string): AsyncIterable<Issue>
  create(title: string, body: string): Promise<Issue>
  update(number: number, change: { readonly body?: string; readonly open?: boolean }): Promise<Issue>
}

/** The part of GitHub that the action uses. */
export interface GitHub {
  comments(pullRequest: number): Comments
  issues(): Issues
  /** Whether everyone can read the repository; `null` if GitHub does not say. */
  isPublic(): Promise<boolean | null>
  /** The first parent of a commit: for the merge commit of a pull request, the base branch. @throws ApiError */
  firstParent(sha: string): Promise<string | null>
  /** The commit that merges a pull request into its base, as GitHub last made it; `null`: there is none. @throws ApiError */
  mergeCommit(pullRequest: number): Promise<string | null>
  /** The text of a file at a commit; `null` if there is no such file. @throws ApiError */
  fileAt(path: string, sha: string): Promise<string | null>
}
