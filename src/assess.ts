import type { Analysis } from './analyze/analysis.ts'
import { analyze, worstFirst } from './analyze/analyze.ts'
import type { Finding } from './analyze/finding.ts'
import type { Draft } from './analyze/findings/draft.ts'
import { evidenceCollector } from './analyze/findings/evidence.ts'
import { finishFindings } from './analyze/findings/finish.ts'
import { indicatorSearch } from './analyze/findings/indicators.ts'
import { limitRows } from './analyze/findings/limit-rows.ts'
import { type Uncompared, uncomparedHosts } from './analyze/uncompared.ts'
import type { Baseline } from './baseline/baseline.ts'
import { type BaselineMatch, matchBaseline, withBaselineColumns } from './baseline/match.ts'
import type { IndicatorSearch } from './indicators/coverage.ts'
import type { Indicator } from './indicators/indicator.ts'
import { type Fleet, readFleet } from './normalize/fleet.ts'
import type { Query } from './osquery/pack.ts'
import { baselineVersion } from './review/baseline-version.ts'
import { type Effect, effectOf } from './review/plan.ts'
import { poisoning } from './review/poisoning.ts'
import { referenceHosts } from './review/reference-hosts.ts'
import type { HostRecord } from './snapshot/snapshot.ts'

export interface Question {
  readonly queries: readonly Query[]
  readonly baseline: Baseline | null
  readonly indicators: readonly Indicator[]
  /** YYYY-MM-DD; an acceptance holds through its last day. */
  readonly today: string
  /** The version that the baseline replaces, if a pull request changes it; `null`: the file is new. */
  readonly replaced?: Baseline | null
  /** Findings about other proposed files, to be listed with those of the fleet. */
  readonly proposed?: readonly Draft[]
}

export interface Assessment {
  readonly analysis: Analysis
  /** The baseline matched against the fleet; `null`: there is none. */
  readonly match: BaselineMatch | null
  /** Worst first. */
  readonly findings: readonly Finding[]
  readonly uncompared: Uncompared
  /** What replacing the baseline changes for the fleet; `null`: it is not replaced. */
  readonly effect: Effect | null
  /** Which indicators were looked for, and where; `null`: there are none. */
  readonly search: IndicatorSearch | null
}

/**
 * From raw rows to findings. `hosts` opens the collected hosts. It is called again, so that no raw row is held in
 * memory between: once to make the hosts comparable, once for the raw rows of the findings.
 */
export async function assess(
  question: Question,
  hosts: () => AsyncIterable<HostRecord>
): Promise<Assessment> {
  const { baseline, indicators } = question
  const queries = baseline === null ? question.queries : withBaselineColumns(question.queries, baseline)
  const search = indicatorSearch(indicators, queries)
  const fleet = await readFleet(queries, hosts, indicators.length > 0 ? search.add : undefined)
  const judged = judgeFleet(fleet, question)
  const analysis = limitRows(judged.analysis)
  const evidence = evidenceCollector(analysis.fleet, analysis.drafts)
  if (analysis.drafts.some(draft => draft.rows.length > 0)) {
    for await (const record of hosts()) evidence.add(record)
  }
  return {
    ...judged,
    analysis,
    findings: finishFindings(analysis, evidence.finish(), search.findings()),
    search: indicators.length > 0 ? search.coverage() : null
  }
}

/** The analysis under the baseline. If this replaces another, with the poisoning guard's findings and the effect. */
function judgeFleet(
  fleet: Fleet,
  { baseline, replaced, proposed = [], today }: Question
): Omit<Assessment, 'findings' | 'search'> {
  const match = baseline === null ? null : matchBaseline(baseline, fleet)
  const analyzed = analyze(fleet, match, today)
  const analysis =
    proposed.length === 0
      ? analyzed
      : { ...analyzed, drafts: [...analyzed.drafts, ...proposed].sort(worstFirst) }
  const uncompared = uncomparedHosts(fleet, match)
  if (replaced === undefined || match === null) return { analysis, match, uncompared, effect: null }
  const olderMatch = replaced === null ? null : matchBaseline(replaced, fleet)
  const before = analyze(fleet, olderMatch, today)
  const change = {
    fleet,
    clusters: before.clusters.map(cluster => ({ ...cluster, reference: referenceHosts(cluster, fleet) })),
    older: baselineVersion(olderMatch, today),
    newer: baselineVersion(match, today)
  }
  const poisoned = poisoning(change, analysis)
  const drafts = [...analysis.drafts, ...poisoned.drafts].sort(worstFirst)
  return {
    analysis: { ...analysis, fleet: poisoned.fleet, drafts },
    match,
    uncompared,
    effect: effectOf(before, analysis)
  }
}
