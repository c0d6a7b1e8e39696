import type { RunContext } from '../github/context.ts'
import type { Indicator } from '../indicators/indicator.ts'
import type { Pack } from '../osquery/pack.ts'
import { isProposal, type ReviewPorts } from './base-commit.ts'
import { type JudgingPacks, judgingPacks } from './base-packs.ts'
import { indicatorChanges } from './indicator-changes.ts'
import { proposedWorkflow, workflowChanges } from './workflow-inputs.ts'

/** What a run is to judge with. */
export interface Definitions {
  /** As the checkout has them. */
  readonly packs: readonly Pack[]
  /** As the base branch has them. */
  readonly indicators: readonly Indicator[]
}

/**
 * The packs that a run may use, and one finding for each way in which a proposal would see less: by its packs, its
 * indicators, or the inputs of its workflow. A run that judges no proposal has none.
 * @param readProposedIndicators reads them as the checkout has them
 * @param reachesHosts whether the packs' SQL runs anywhere; if not, a new pack may judge files
 * @throws Error if the base branch cannot be read, unless the pull request comes from a fork
 */
export async function judgeProposal(
  { packs, indicators }: Definitions,
  readProposedIndicators: () => Promise<readonly Indicator[]>,
  reachesHosts: boolean,
  context: RunContext,
  github: ReviewPorts | null
): Promise<JudgingPacks> {
  const judging = await judgingPacks(packs, reachesHosts, context, github)
  if (!isProposal(context) || github === null) return judging
  const proposed = indicators.length === 0 ? [] : await readProposedIndicators().catch(() => null)
  // Without the permission to read contents, only what needs none is judged; a baseline or a pack has failed before.
  const workflow = await proposedWorkflow(context, github).catch(() => null)
  return {
    ...judging,
    drafts: [
      ...judging.drafts,
      ...indicatorChanges(indicators, proposed),
      ...(workflow === null ? [] : workflowChanges(workflow))
    ]
  }
}
