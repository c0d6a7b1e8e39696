import { type Analysis, analyse, worstFirst } from './analyse/analyse.ts'
import { boundRows } from './analyse/bound.ts'
import { evidenceCollector } from './analyse/evidence.ts'
import type { Finding } from './analyse/finding.ts'
import { type Indicator, indicatorSearch } from './analyse/indicators.ts'
import { tellFindings } from './analyse/tell.ts'
import type { Baseline } from './baseline/baseline.ts'
import { type Fleet, fleetBuilder } from './normalise/fleet.ts'
import type { Query } from './osquery/pack.ts'
import { type Effect, effectOf } from './review/plan.ts'
import { poisoning } from './review/poisoning.ts'
import type { HostRecord } from './snapshot/snapshot.ts'

export interface Question {
  readonly queries: readonly Query[]
  readonly baseline: Baseline | null
  readonly indicators: readonly Indicator[]
  /** YYYY-MM-DD: acceptances hold through their last day. */
  readonly today: string
  /** The version that the baseline replaces, where a pull request changes it; `null`: there was none. */
  readonly replaced?: Baseline | null
}

export interface Assessment {
  readonly analysis: Analysis
  /** Worst first. */
  readonly findings: readonly Finding[]
  /** What changes for the fleet when the baseline is replaced. */
  readonly effect: Effect | null
}

/**
 * From raw rows to findings. `hosts` opens the collected hosts, and is called twice: once to make them comparable,
 * once for the raw rows of what was found, so that no raw row is held in memory meanwhile.
 */
export async function assess(
  question: Question,
  hosts: () => AsyncIterable<HostRecord>
): Promise<Assessment> {
  const builder = fleetBuilder(question.queries)
  const search = indicatorSearch(question.indicators, question.queries)
  for await (const record of hosts()) {
    builder.add(record)
    search.add(record)
  }
  const { analysis: whole, effect } = judge(builder.finish(), question)
  const analysis = boundRows(whole)
  const collector = evidenceCollector(analysis.fleet, analysis.drafts)
  for await (const record of hosts()) collector.add(record)
  return { analysis, findings: tellFindings(analysis, collector.finish(), search.findings()), effect }
}

/** The analysis under the baseline; where that replaces another, with what it blesses and what it changes. */
function judge(
  fleet: Fleet,
  { baseline, replaced, today }: Question
): Pick<Assessment, 'analysis' | 'effect'> {
  const analysis = analyse(fleet, baseline, today)
  if (replaced === undefined || baseline === null) return { analysis, effect: null }
  const before = analyse(fleet, replaced, today)
  const clusters = before.clusters.map(({ id, hosts }) => ({ id, hosts, reference: hosts }))
  const change = { fleet, clusters, older: replaced, newer: baseline, today }
  const poisoned = poisoning(change, analysis.fleet)
  const drafts = [...analysis.drafts, ...poisoned.drafts].sort(worstFirst)
  return { analysis: { ...analysis, fleet: poisoned.fleet, drafts }, effect: effectOf(before, analysis) }
}
