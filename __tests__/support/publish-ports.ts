import type { Log, LogPlace } from '../../src/log.ts'
import type { Comment, Comments } from '../../src/publish/comment.ts'
import type { Issue, Issues } from '../../src/publish/issue.ts'

export interface KeptLog extends Log {
  /** Warnings about the run itself, not beside a line. */
  readonly warnings: string[]
  readonly infos: string[]
  /** What is shown beside a line, or with a heading. */
  readonly annotations: { text: string; at: LogPlace }[]
}

/** A log that keeps what it is told. */
export function keptLog(): KeptLog {
  const warnings: string[] = []
  const infos: string[] = []
  const annotations: KeptLog['annotations'] = []
  return {
    warnings,
    infos,
    annotations,
    info: text => void infos.push(text),
    debug: () => {},
    warning: (text, at) => void (at === undefined ? warnings.push(text) : annotations.push({ text, at })),
    error: () => {},
    group: (_, work) => work()
  }
}

/** The comments of a pull request as GitHub keeps them, in memory. */
export class PullRequest implements Comments {
  readonly all: Comment[] = []
  readonly calls: string[] = []
  writer = 'github-actions[bot]'
  self: string | null = null
  /** Thrown by the next calls of these kinds, one each. */
  readonly failing: { call: string; error: Error; afterwards?: boolean }[] = []

  say(author: string, body: string): Comment {
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
    return this.answer('create', () => this.say(this.writer, body))
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

/** The issues of a repository as GitHub keeps them, in memory. */
export class Repository implements Issues {
  readonly all: (Issue & { title: string })[] = []
  readonly calls: string[] = []
  writer = 'github-actions[bot]'
  self: string | null = null
  readonly failing: { call: string; error: Error; afterwards?: boolean }[] = []

  say(author: string, body: string, title = 'x'): Issue {
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
    return this.answer('create', () => this.say(this.writer, body, title))
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
