import { createHash } from 'node:crypto'
import { type Baseline, BaselineError, type BaselineFile, parseBaseline } from '../baseline/baseline.ts'
import { writeBaseline } from '../baseline/write.ts'
import type { RunContext } from '../github/context.ts'
import { errorMessage } from '../lib/error-message.ts'
import { sanitize } from '../text/sanitize.ts'
import { baseCommitOf, isProposal, mergedText, type ReviewPorts, repositoryPath } from './base-commit.ts'
import { droppedBaselines, proposedWorkflow } from './workflow-inputs.ts'

/** The version of the baseline on the base branch of a pull request. */
export interface BaseVersion {
  /** `undefined`: the pull request does not change it, or it could not be read; `null`: the file is new. */
  readonly content: Baseline | null | undefined
  /** Notices for the reader. */
  readonly notices: readonly string[]
  /** The proposed version, if it is not the one on disk. */
  readonly proposed?: BaselineFile
}

export const NOT_REPLACED: BaseVersion = { content: undefined, notices: [] }

/**
 * Reads the version of a baseline that a pull request or a merge group replaces, through the API. Outside of these there
 * is none.
 * @throws Error if GitHub refuses, unless the pull request comes from a fork: a review that cannot look must not pass.
 */
export async function readBaseVersion(
  baseline: BaselineFile | null,
  context: RunContext,
  github: ReviewPorts | null,
  today: string | null = null
): Promise<BaseVersion> {
  const { pullRequest, sha, workspace } = context
  if (baseline === null || !isProposal(context)) return NOT_REPLACED
  if (github === null || sha === null)
    return {
      ...NOT_REPLACED,
      notices: [
        'The baseline was not reviewed: without a github-token nobody knows whether this pull request changes it.'
      ]
    }
  try {
    const before = await baseCommitOf(context, github)
    const path = repositoryPath(workspace, baseline.path)
    const text = before === null ? null : await github.fileAt(path, before)
    if (text === baseline.text) return NOT_REPLACED
    const merged = (await mergedText(path, context, github)) ?? baseline.text
    const isOnDisk = merged === baseline.text
    const proposed = isOnDisk ? baseline : withText(baseline, merged, today)
    const more = isOnDisk ? {} : { proposed }
    const notices = isOnDisk ? [] : [notMerged(path)]
    if (merged === text) return { ...NOT_REPLACED, ...more, notices }
    if (text === null) {
      const moved = await movedFrom(proposed, before, context, github)
      if (moved !== null) return { ...more, ...moved, notices: [...notices, ...moved.notices] }
      return {
        content: null,
        ...more,
        notices: [...notices, 'The baseline is new: all of its rows were reviewed as added.']
      }
    }
    const replaced = parseBaseVersion(baseline.path, text)
    return isSame(replaced.content, proposed.content)
      ? { ...NOT_REPLACED, ...more, notices }
      : { ...replaced, ...more, notices: [...notices, ...replaced.notices] }
  } catch (error) {
    if (error instanceof BaselineError) throw error
    const message = `The version of ${baseline.path} on the base branch cannot be read: ${sanitize(errorMessage(error))}.`
    if (pullRequest?.untrusted === true) return { ...NOT_REPLACED, notices: [message] }
    throw new Error(`${message} Give the job the permission "contents: read".`)
  }
}

/**
 * The baseline that a new one takes the place of: the workflow of the base branch names it, and the proposed workflow
 * does not. Of several, the one of the same group. `null`: there is none.
 * @throws ApiError
 */
async function movedFrom(
  { path, content }: BaselineFile,
  commit: string | null,
  context: RunContext,
  github: ReviewPorts
): Promise<BaseVersion | null> {
  const workflow = commit === null ? null : await proposedWorkflow(context, github)
  if (commit === null || workflow === null) return null
  const candidates: (BaseVersion & { readonly name: string; readonly from: string })[] = []
  for (const from of droppedBaselines(workflow)) {
    const text = await github.fileAt(repositoryPath(context.workspace, from), commit)
    const version = text === null ? null : parseBaseVersion(from, text)
    if (version?.content) candidates.push({ ...version, name: version.content.name, from })
  }
  const old = candidates.find(({ name }) => name === content.name) ?? candidates[0]
  if (old === undefined) return null
  const notice = `${sanitize(path)} takes the place of ${sanitize(old.from)}, which the workflow of the base branch names: it was compared with that version.`
  return { content: old.content, notices: [notice, ...old.notices] }
}

const notMerged = (path: string): string =>
  `The checkout of ${sanitize(path)} is not that of the merge commit, whose version was judged instead. Leave \`ref\` of actions/checkout empty to check the merge commit out.`

function withText({ path }: BaselineFile, text: string, today: string | null): BaselineFile {
  const sha256 = `sha256:${createHash('sha256').update(text).digest('hex')}`
  return { path, sha256, text, content: parseBaseline(path, text, today) }
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
