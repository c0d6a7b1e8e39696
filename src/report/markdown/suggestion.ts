import { changesInWords } from '../diff-summary.ts'
import type { Report } from '../report.ts'
import { changesDiff, pathText } from './changes.ts'
import type { Tier } from './tier.ts'

/** How the baseline could follow the rollouts of this run. */
export function suggestionSection({ suggestion }: Report, tier: Tier): string {
  if (suggestion === undefined) return ''
  const { file, changes } = suggestion
  const title = `A baseline that follows the rollouts: ${changesInWords(changes)}`
  const words = `If the deploy was yours, take ${pathText(file)} from the output folder of this run. Rare rows and tables of integrity are left out.`
  return `<details><summary>${title}</summary>\n\n${words}\n\n${changesDiff(changes, tier)}\n\n</details>`
}
