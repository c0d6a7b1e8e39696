import type { Log } from '../../src/log.ts'
import type { Comment, Comments } from '../../src/publish/comment.ts'

/** A log that keeps its warnings. */
export function keptLog(): Log & { readonly warnings: string[]; readonly infos: string[] } {
  const warnings: string[] = []
  const infos: string[] = []
  return {
    warnings,
    infos,
    info: text => void infos.push(text),
    debug: () => {},
    warning: text => void warnings.push(text),
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
