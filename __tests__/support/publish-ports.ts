import type { Comment, Comments, Issue, Issues } from '../../src/github/ports.ts'

/** The comments of a pull request, in memory. */
export class PullRequest implements Comments {
  readonly all: Comment[] = []
  readonly calls: string[] = []
  /** The author of what the token creates. */
  author = 'github-actions[bot]'
  /** The user that the token says it belongs to. */
  self: string | null = null
  /** Each makes the next call of its kind fail, before or after it took effect. */
  readonly failing: { call: string; error: Error; afterwards?: boolean }[] = []

  add(author: string, body: string): Comment {
    const id = this.all.length + 1
    const comment = { id, body, url: `https://github.com/acme/fleet/pull/1#issuecomment-${id}`, author }
    this.all.push(comment)
    return comment
  }

  async *list() {
    this.answer('list', () => null)
    yield* [...this.all]
  }

  async create(body: string) {
    return this.answer('create', () => this.add(this.author, body))
  }

  async update(id: number, body: string) {
    return this.answer('update', () => {
      const updated = { ...this.all[id - 1]!, body }
      this.all[id - 1] = updated
      return updated
    })
  }

  async whoami() {
    return this.answer('whoami', () => this.self)
  }

  private answer<T>(call: string, act: () => T): T {
    this.calls.push(call)
    const at = this.failing.findIndex(failure => failure.call === call)
    const failure = this.failing[at]
    if (failure === undefined) return act()
    this.failing.splice(at, 1)
    if (failure.afterwards) act()
    throw failure.error
  }
}

/** The issues of a repository, in memory. */
export class Repository implements Issues {
  readonly all: (Issue & { title: string })[] = []
  readonly calls: string[] = []
  /** The author of what the token creates. */
  author = 'github-actions[bot]'
  /** The user that the token says it belongs to. */
  self: string | null = null
  readonly failing: { call: string; error: Error; afterwards?: boolean }[] = []

  add(author: string, body: string, title = 'x'): Issue {
    const number = this.all.length + 1
    const issue = {
      number,
      title,
      body,
      open: true,
      url: `https://github.com/acme/fleet/issues/${number}`,
      author
    }
    this.all.push(issue)
    return issue
  }

  async *listBy(author: string) {
    this.answer('list', () => null)
    yield* this.all.filter(issue => issue.author === author)
  }

  async create(title: string, body: string) {
    return this.answer('create', () => this.add(this.author, body, title))
  }

  async update(number: number, change: { body?: string; open?: boolean }) {
    return this.answer(`update ${Object.keys(change).join('+')}`, () => {
      const updated = { ...this.all[number - 1]!, ...change }
      this.all[number - 1] = updated
      return updated
    })
  }

  async whoami() {
    return this.self
  }

  private answer<T>(call: string, act: () => T): T {
    this.calls.push(call)
    const at = this.failing.findIndex(failure => call.startsWith(failure.call))
    const failure = this.failing[at]
    if (failure === undefined) return act()
    this.failing.splice(at, 1)
    if (failure.afterwards) act()
    throw failure.error
  }
}
