import type { Draft } from '../analyze/findings/draft.ts'
import type { RunContext } from '../github/context.ts'
import { list } from '../text/phrases.ts'
import { sanitize } from '../text/sanitize.ts'
import { baseCommitOf, isProposal, mergedText, type ReviewPorts } from './base-commit.ts'
import { fileDraft } from './proposal-draft.ts'

/** The inputs that decide what is asked, what it is compared with, and what fails. */
const GUARDED = [
  'baseline',
  'packs',
  'indicators',
  'query',
  'fail-on',
  'min-coverage',
  'expected-hosts',
  'targets',
  'files',
  'collector',
  'mode'
] as const

type Guarded = (typeof GUARDED)[number]

/** By input: its values in the steps of a workflow, one for each line, without those that an expression gives. */
export type WorkflowInputs = ReadonlyMap<Guarded, ReadonlySet<string>>

/** The workflow that runs a review, before and after a proposal. */
export interface ProposedWorkflow {
  readonly path: string
  readonly before: WorkflowInputs
  readonly after: WorkflowInputs
}

/**
 * Reads both versions of the workflow that runs this review. `null`: the proposal leaves it alone, or it is not in this
 * repository.
 * @throws ApiError
 */
export async function proposedWorkflow(
  context: RunContext,
  github: ReviewPorts
): Promise<ProposedWorkflow | null> {
  const { workflow } = context
  if (workflow === null || !isProposal(context)) return null
  const commit = await baseCommitOf(context, github)
  const before = commit === null ? null : await github.fileAt(workflow, commit)
  if (before === null) return null
  const after = await mergedText(workflow, context, github)
  if (after === null || after === before) return null
  return { path: workflow, before: await inputsOf(before), after: await inputsOf(after) }
}

/** One finding if a proposal changes an input that decides what the review sees. More packs and indicators see more. */
export function workflowChanges({ path, before, after }: ProposedWorkflow): Draft[] {
  const changed = GUARDED.filter(input => {
    const older = before.get(input) ?? new Set()
    const newer = after.get(input) ?? new Set()
    const lost = [...older].some(value => !newer.has(value))
    return lost || (ONLY_MORE.has(input) ? false : newer.size > older.size)
  })
  if (changed.length === 0) return []
  return [
    fileDraft(
      JSON.stringify(['workflow', path, ...changed]),
      `The proposed workflow ${sanitize(path, 200)} changes the inputs ${list(changed)}: they decide what is asked, what it is compared with and what fails.`
    )
  ]
}

/** More values of these see more; a new value of another may be one that sees less. */
const ONLY_MORE: ReadonlySet<Guarded> = new Set(['baseline', 'packs', 'indicators', 'query', 'targets'])

/** The baselines that the workflow named and no longer names. */
export function droppedBaselines({ before, after }: ProposedWorkflow): string[] {
  const kept = after.get('baseline')
  return [...(before.get('baseline') ?? [])].filter(path => kept?.has(path) !== true)
}

/** The guarded inputs of the steps that use this action or a copy of it: those with one that only this action has. */
async function inputsOf(workflow: string): Promise<WorkflowInputs> {
  const { parseDocument } = await import('yaml')
  const inputs = new Map<Guarded, Set<string>>()
  try {
    visit(parseDocument(workflow).toJS({ maxAliasCount: 100 }), inputs)
  } catch {
    // A workflow that is not YAML does not run: this one is another version of it.
  }
  return inputs
}

function visit(value: unknown, inputs: Map<Guarded, Set<string>>): void {
  if (typeof value !== 'object' || value === null) return
  for (const [key, member] of Object.entries(value)) {
    if (key === 'with' && typeof member === 'object' && member !== null) addInputs(member, inputs)
    else visit(member, inputs)
  }
}

function addInputs(step: object, inputs: Map<Guarded, Set<string>>): void {
  if (
    !Object.keys(step).some(
      key => key === 'baseline' || key === 'targets' || key === 'packs' || key === 'files'
    )
  )
    return
  for (const input of GUARDED) {
    const value: unknown = Object.hasOwn(step, input) ? Reflect.get(step, input) : undefined
    if (value === undefined || value === null) continue
    for (const line of String(value).split('\n')) {
      const text = line.trim()
      if (text === '' || text.includes('${{')) continue
      inputs.set(input, (inputs.get(input) ?? new Set()).add(text))
    }
  }
}
