import { createHash } from 'node:crypto'
import type { Draft } from '../analyze/findings/draft.ts'
import type { RunContext } from '../github/context.ts'
import { errorMessage } from '../lib/error-message.ts'
import { builtinPack } from '../osquery/builtin-packs.ts'
import { withDistinctNames } from '../osquery/distinct-names.ts'
import type { Pack } from '../osquery/pack.ts'
import { readPackFile } from '../osquery/parse-pack.ts'
import { list } from '../text/phrases.ts'
import { sanitize } from '../text/sanitize.ts'
import { baseCommitOf, isProposal, mergedText, type ReviewPorts, repositoryPath } from './base-commit.ts'
import { packChanges } from './pack-changes.ts'

/** The packs that a run may use, and what a proposal would change in them. */
export interface JudgingPacks {
  readonly packs: readonly Pack[]
  /** Findings about changes that would show less. */
  readonly drafts: readonly Draft[]
  readonly notices: readonly string[]
}

/**
 * The packs that judge a pull request or a merge group are those of its base: nobody may send SQL to hosts, or look
 * away, by proposing it. A pack that is not on the base branch yet does not reach a host.
 * @param reachesHosts whether the packs' SQL runs anywhere; if not, a new pack may judge files
 * @throws Error if the base branch cannot be read, unless the pull request comes from a fork
 */
export async function judgingPacks(
  proposed: readonly Pack[],
  reachesHosts: boolean,
  context: RunContext,
  github: ReviewPorts | null
): Promise<JudgingPacks> {
  const custom = proposed.filter(({ name }) => builtinPack(name) === null)
  if (custom.length === 0 || !isProposal(context)) return { packs: proposed, drafts: [], notices: [] }
  try {
    if (github === null) throw new Error('the run has no github-token')
    const commit = await baseCommitOf(context, github)
    const judging: Pack[] = []
    const newer: Pack[] = []
    const notices: string[] = []
    for (const pack of proposed) {
      if (!custom.includes(pack)) {
        judging.push(pack)
        newer.push(pack)
        continue
      }
      const path = repositoryPath(context.workspace, pack.name)
      const text = commit === null ? null : await github.fileAt(path, commit)
      const base = text === null ? null : await packOf(pack.name, text)
      if (base === null) {
        if (reachesHosts)
          notices.push(
            `The pack ${sanitize(pack.name, 100)} is not on the base branch yet, or is broken there: it did not run.`
          )
        else judging.push(pack)
        newer.push(pack)
        continue
      }
      judging.push(base)
      if (base.sha256 === pack.sha256) {
        newer.push(base)
        continue
      }
      const merged = await mergedText(path, context, github)
      newer.push((merged === null ? null : await packOf(pack.name, merged)) ?? pack)
    }
    const packs = withDistinctNames(judging)
    const { drafts, added } = packChanges(packs, withDistinctNames(newer))
    if (added.length > 0)
      notices.push(
        `The packs of the base branch ran. What is new here runs after the merge: ${list(added, MAX_NAMED)}.`
      )
    return { packs, drafts, notices }
  } catch (error) {
    const message =
      `packs: ${list(custom.map(({ name }) => sanitize(name, 100)))} cannot be read from the base branch, whose packs judge this run: ` +
      `${sanitize(errorMessage(error))}.`
    if (context.pullRequest?.untrusted !== true)
      throw new Error(`${message} Give the job the permission "contents: read".`)
    return { packs: proposed.filter(pack => !custom.includes(pack)), drafts: [], notices: [message] }
  }
}

const MAX_NAMED = 8

/** `null`: the text is not a pack that can be used. */
async function packOf(name: string, text: string): Promise<Pack | null> {
  const sha256 = `sha256:${createHash('sha256').update(text).digest('hex')}`
  try {
    return { name, sha256, ...(await readPackFile(name, text)) }
  } catch {
    return null
  }
}
