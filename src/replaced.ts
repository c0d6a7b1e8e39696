import { type Baseline, BaselineError, parseBaseline } from './baseline/baseline.ts'
import type { BaselineFile } from './baseline/notices.ts'
import type { RunContext } from './context.ts'
import { inert } from './inert.ts'
import type { GitHub } from './publish/github.ts'

/** The version of the baseline on the branch that a pull request would change. */
export interface Replaced {
  /** `undefined`: the pull request does not change it, or it could not be read; `null`: the file is new. */
  readonly content: Baseline | null | undefined
  /** What a reader must know of it. */
  readonly notices: readonly string[]
}

export const NOT_REPLACED: Replaced = { content: undefined, notices: [] }

/**
 * Reads the version of a baseline that a pull request replaces: the file at the first parent of the merge commit,
 * through the API, so that a shallow checkout is enough. Outside of a pull request there is none.
 * @throws Error when GitHub refuses, but for a fork's pull request: a guard that cannot look must not pass.
 */
export async function readReplaced(
  baseline: BaselineFile | null,
  { pullRequest, sha }: RunContext,
  github: Pick<GitHub, 'firstParent' | 'fileAt'> | null
): Promise<Replaced> {
  if (baseline === null || pullRequest === null) return NOT_REPLACED
  if (github === null || sha === null)
    return {
      ...NOT_REPLACED,
      notices: [
        'Without a github-token it is not known whether this pull request changes the baseline: it was not reviewed.'
      ]
    }
  try {
    const parent = await github.firstParent(sha)
    if (parent === null) return NOT_REPLACED
    const text = await github.fileAt(baseline.path, parent)
    if (text === baseline.text) return NOT_REPLACED
    if (text === null)
      return { content: null, notices: ['The baseline is new: all of it was reviewed as added.'] }
    return parseReplaced(baseline.path, text)
  } catch (error) {
    const reason = inert(error instanceof Error ? error.message : String(error))
    const told = `The version of ${baseline.path} that this pull request may replace cannot be read: ${reason}.`
    if (pullRequest.untrusted) return { ...NOT_REPLACED, notices: [told] }
    throw new Error(`${told} Give the job the permission "contents: read".`)
  }
}

function parseReplaced(path: string, text: string): Replaced {
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
