import type { Draft } from '../analyze/findings/draft.ts'
import { type Indicator, patternKey } from '../indicators/indicator.ts'
import { count, list } from '../text/phrases.ts'
import { sanitize } from '../text/sanitize.ts'
import { fileDraft } from './proposal-draft.ts'

const MAX_NAMED = 3

/**
 * One finding if a proposal drops indicators.
 * @param base those that this run searches for
 * @param proposed those of the files as they would be merged; `null`: they cannot be read, so all are lost
 */
export function indicatorChanges(base: readonly Indicator[], proposed: readonly Indicator[] | null): Draft[] {
  const kept = new Set((proposed ?? []).map(({ pattern }) => patternKey(pattern)))
  const lost = base.filter(({ pattern }) => !kept.has(patternKey(pattern)))
  if (lost.length === 0) return []
  const names = list(
    lost.map(({ text }) => sanitize(text, 60)),
    MAX_NAMED
  )
  return [
    fileDraft(
      JSON.stringify(['indicators', ...lost.map(({ pattern }) => patternKey(pattern)).sort()]),
      `The proposal no longer searches for ${count(lost.length, 'indicator')} (${names}): rows that match would go unnoticed.`
    )
  ]
}
