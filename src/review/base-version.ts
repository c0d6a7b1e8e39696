import { type Baseline, BaselineError, parseBaseline } from '../baseline/baseline.ts'
import type { BaselineFile } from '../baseline/notices.ts'
import { writeBaseline } from '../baseline/write.ts'
import type { GitHub } from '../github/api.ts'
import type { RunContext } from '../github/context.ts'
import { sanitize } from '../text/sanitize.ts'

/** The version of the baseline on the branch that a pull request would change. */
export interface BaseVersion {
  /** `undefined`: the pull request does not change it, or it could not be read; `null`: the file is new. */
  readonly content: Baseline | null | undefined
  /** What a reader must know of it. */
  readonly notices: readonly string[]
}

export const NOT_REPLACED: BaseVersion = { content: undefined, notices: [] }

/**
 * Reads the version of a baseline that a pull request replaces: the file at the first parent of the merge commit,
 * through the API, so that a shallow checkout is enough. Outside of a pull request there is none.
 * @throws Error when GitHub refuses, but for a fork's pull request: a guard that cannot look must not pass.
 */
export async function readBaseVersion(
  baseline: BaselineFile | null,
  { event, pullRequest, sha }: RunContext,
  github: Pick<GitHub, 'firstParent' | 'fileAt'> | null
): Promise<BaseVersion> {
  if (baseline === null || pullRequest === null) return NOT_REPLACED
  if (github === null || sha === null)
    return {
      ...NOT_REPLACED,
      notices: [
        'Without a github-token it is not known whether this pull request changes the baseline: it was not reviewed.'
      ]
    }
  try {
    // The commit of pull_request_target is the base branch's own.
    const before = event === 'pull_request_target' ? sha : await github.firstParent(sha)
    const text = before === null ? null : await github.fileAt(baseline.path, before)
    if (text === null)
      return { content: null, notices: ['The baseline is new: all of it was reviewed as added.'] }
    if (text === baseline.text) return NOT_REPLACED
    const replaced = parseReplaced(baseline.path, text)
    return saysTheSame(replaced.content, baseline.content) ? NOT_REPLACED : replaced
  } catch (error) {
    const reason = sanitize(error instanceof Error ? error.message : String(error))
    const told = `The version of ${baseline.path} that this pull request may replace cannot be read: ${reason}.`
    if (pullRequest.untrusted) return { ...NOT_REPLACED, notices: [told] }
    throw new Error(`${told} Give the job the permission "contents: read".`)
  }
}

/** Whether two files differ in white space, line ends or order alone. */
function saysTheSame(replaced: Baseline | null, baseline: Baseline): boolean {
  return replaced !== null && writeBaseline(replaced) === writeBaseline(baseline)
}

function parseReplaced(path: string, text: string): BaseVersion & { readonly content: Baseline | null } {
  try {
    return { content: parseBaseline(path, text), notices: [] }
  } catch (error) {
    if (!(error instanceof BaselineError)) throw error
    return {
      content: null,
      notices: [
        'The version of the baseline that this pull request replaces is not usable: all of the new one was reviewed as added.'
      ]
    }
  }
}
