import { diffSummary } from '../diff-summary.ts'
import type { Report } from '../report.ts'
import { changesDiff, pathText } from './changes.ts'
import type { Tier } from './tier.ts'

/** A baseline that expects the rollouts of this run. */
export function suggestionSection({ suggestion }: Report, tier: Tier): string {
  if (suggestion === undefined) return ''
  const { file, changes } = suggestion
  const title = `Suggested baseline for the rollouts: ${diffSummary(changes)}`
  const advice = `If you made this deployment, take ${pathText(file)} from the output folder of this run. It leaves out rare rows and rows of integrity tables.`
  return `<details><summary>${title}</summary>\n\n${advice}\n\n${changesDiff(changes, tier)}\n\n</details>`
}
