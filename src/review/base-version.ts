import { type Baseline, BaselineError, type BaselineFile, parseBaseline } from '../baseline/baseline.ts'
import { writeBaseline } from '../baseline/write.ts'
import type { RunContext } from '../github/context.ts'
import type { GitHub } from '../github/ports.ts'
import { errorMessage } from '../lib/error-message.ts'
import { sanitize } from '../text/sanitize.ts'

/** The version of the baseline on the base branch of a pull request. */
export interface BaseVersion {
  /** `undefined`: the pull request does not change it, or it could not be read; `null`: the file is new. */
  readonly content: Baseline | null | undefined
  /** Notices for the reader. */
  readonly notices: readonly string[]
}

export const NOT_REPLACED: BaseVersion = { content: undefined, notices: [] }

/**
 * Reads the version of a baseline that a pull request replaces: the file at the first parent of the merge commit,
 * through the API, so that a shallow checkout is enough. Outside of a pull request there is none.
 * @throws Error if GitHub refuses, unless the pull request comes from a fork: a review that cannot look must not pass.
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
        'The baseline was not reviewed: without a github-token nobody knows whether this pull request changes it.'
      ]
    }
  try {
    // The commit of pull_request_target is on the base branch itself.
    const before = event === 'pull_request_target' ? sha : await github.firstParent(sha)
    const text = before === null ? null : await github.fileAt(baseline.path, before)
    if (text === null)
      return { content: null, notices: ['The baseline is new: all of its rows were reviewed as added.'] }
    if (text === baseline.text) return NOT_REPLACED
    const replaced = parseBaseVersion(baseline.path, text)
    return isSame(replaced.content, baseline.content) ? NOT_REPLACED : replaced
  } catch (error) {
    const message = `The version of ${baseline.path} on the base branch cannot be read: ${sanitize(errorMessage(error))}.`
    if (pullRequest.untrusted) return { ...NOT_REPLACED, notices: [message] }
    throw new Error(`${message} Give the job the permission "contents: read".`)
  }
}

/** Whether two files differ only in white space, line ends or order. */
function isSame(replaced: Baseline | null, baseline: Baseline): boolean {
  return replaced !== null && writeBaseline(replaced) === writeBaseline(baseline)
}

function parseBaseVersion(path: string, text: string): BaseVersion & { readonly content: Baseline | null } {
  try {
    return { content: parseBaseline(path, text), notices: [] }
  } catch (error) {
    if (!(error instanceof BaselineError)) throw error
    return {
      content: null,
      notices: [
        'The version of the baseline on the base branch is not valid: all rows of the new one were reviewed as added.'
      ]
    }
  }
}
