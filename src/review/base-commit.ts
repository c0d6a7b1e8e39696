import { statSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import type { RunContext } from '../github/context.ts'
import type { GitHub } from '../github/ports.ts'

/** Whether a run judges what is not merged yet: a pull request, a merge group, or what such a run started. */
export function isProposal({ pullRequest, baseCommit }: RunContext): boolean {
  return pullRequest !== null || baseCommit !== undefined
}

/**
 * The commit of the base branch that a proposal is judged by: as the event says, else the first parent of the merge
 * commit, so that a shallow checkout is enough. `null`: no commit is known.
 * @throws ApiError
 */
export async function baseCommitOf(
  context: RunContext,
  github: Pick<GitHub, 'firstParent'>
): Promise<string | null> {
  const { event, sha, baseCommit } = context
  if (baseCommit !== undefined) return baseCommit
  // The commit of pull_request_target is on the base branch itself.
  if (sha === null || event === 'pull_request_target') return sha
  return github.firstParent(sha)
}

/**
 * The path of a file in its repository, with `/`. A checkout into a folder of the workspace is recognized by its folder
 * `.git`. A submodule has a file of that name: a pull request must not hide a file by moving it into one.
 * @param path absolute, or relative to the workspace
 */
export function repositoryPath(workspace: string, path: string): string {
  const file = resolve(workspace, path)
  let root = resolve(workspace)
  for (let folder = dirname(file); folder.startsWith(root + sep); folder = dirname(folder)) {
    if (statSync(join(folder, '.git'), { throwIfNoEntry: false })?.isDirectory()) root = folder
  }
  return relative(root, file).split(sep).join('/')
}

/** What of GitHub a review reads. */
export type ReviewPorts = Pick<GitHub, 'firstParent' | 'mergeCommit' | 'fileAt'>

/**
 * The text of a file once the proposal is merged, so that like is compared with like: the head of the branch may be
 * checked out while the base moved on. `null`: the run has no merge commit, or the file is not in it.
 * @param path in the repository
 * @throws ApiError
 */
export async function mergedText(
  path: string,
  { event, sha, baseCommit, checkedOut }: RunContext,
  github: ReviewPorts
): Promise<string | null> {
  if (sha === null) return null
  if (checkedOut !== undefined) return mergedIntoBase(path, sha, checkedOut, github)
  const isMergeCommit =
    event === 'merge_group' || (baseCommit === undefined && event !== 'pull_request_target')
  return isMergeCommit ? github.fileAt(path, sha) : null
}

/** @param base the commit of the base branch */
async function mergedIntoBase(
  path: string,
  base: string,
  pullRequest: number,
  github: ReviewPorts
): Promise<string | null> {
  const merge = await github.mergeCommit(pullRequest)
  if (merge === null) return null
  const parent = await github.firstParent(merge)
  const merged = await github.fileAt(path, merge)
  const before = parent === null ? null : await github.fileAt(path, parent)
  // GitHub may have merged into an older base: what the pull request leaves alone is as the base has it now.
  return merged === before ? github.fileAt(path, base) : merged
}

/**
 * Reads files as the base branch has them, and from disk what it does not have: nobody may drop an indicator by
 * proposing it.
 */
export function baseFirst(
  readFile: (path: string) => Promise<string>,
  context: RunContext,
  github: Pick<GitHub, 'firstParent' | 'fileAt'> | null
): (path: string) => Promise<string> {
  if (!isProposal(context) || github === null) return readFile
  return async path => {
    const commit = await baseCommitOf(context, github)
    const name = repositoryPath(context.workspace, path)
    const base = commit === null || name.startsWith('..') ? null : await github.fileAt(name, commit)
    return base ?? readFile(path)
  }
}
