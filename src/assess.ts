import { type Analysis, analyze, worstFirst } from './analyze/analyze.ts'
import { type Cluster, comparableHosts } from './analyze/cluster/clusters.ts'
import { evidenceCollector } from './analyze/findings/evidence.ts'
import type { Finding } from './analyze/findings/finding.ts'
import { finishFindings } from './analyze/findings/finish.ts'
import { type Indicator, indicatorSearch } from './analyze/findings/indicators.ts'
import { limitRows } from './analyze/findings/limit-rows.ts'
import type { Baseline } from './baseline/baseline.ts'
import { type Fleet, fleetBuilder } from './normalize/fleet.ts'
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
  const { baseline, indicators } = question
  const queries = baseline === null ? question.queries : asBaselineKnows(question.queries, baseline)
  const search = indicatorSearch(indicators, queries)
  const fleet = await readFleet(queries, hosts(), indicators.length > 0 ? search.add : () => undefined)
  const { analysis: whole, effect } = judge(fleet, question)
  const analysis = limitRows(whole)
  const collector = evidenceCollector(analysis.fleet, analysis.drafts)
  if (analysis.drafts.some(draft => draft.rows.length > 0)) {
    for await (const record of hosts()) collector.add(record)
  }
  return { analysis, findings: finishFindings(analysis, collector.finish(), search.findings()), effect }
}

/** Makes the hosts comparable; what that takes is free again when it returns. */
async function readFleet(
  queries: readonly Query[],
  hosts: AsyncIterable<HostRecord>,
  look: (record: HostRecord) => void
): Promise<Fleet> {
  const builder = fleetBuilder(queries)
  for await (const record of hosts) {
    builder.add(record)
    look(record)
  }
  return builder.finish()
}

/** The analysis under the baseline; where that replaces another, with what it blesses and what it changes. */
function judge(
  fleet: Fleet,
  { baseline, replaced, today }: Question
): Pick<Assessment, 'analysis' | 'effect'> {
  const analysis = analyze(fleet, baseline, today)
  if (replaced === undefined || baseline === null) return { analysis, effect: null }
  const before = analyze(fleet, replaced, today)
  const clusters = before.clusters.map(cluster => ({ ...cluster, reference: referenceOf(cluster, fleet) }))
  const change = { fleet, clusters, older: replaced, newer: baseline, today }
  const poisoned = poisoning(change, analysis)
  const drafts = [...analysis.drafts, ...poisoned.drafts].sort(worstFirst)
  return { analysis: { ...analysis, fleet: poisoned.fleet, drafts }, effect: effectOf(before, analysis) }
}

/** Foreign queries are compared in the columns that the baseline has of them, whatever the fleet of the day suggests. */
export function asBaselineKnows(queries: readonly Query[], baseline: Baseline): Query[] {
  const places = [baseline.queries, ...Object.values(baseline.roles).map(role => role.queries)]
  return queries.map(query => {
    if (query.identity !== null) return query
    const known = places.find(place => Object.hasOwn(place, query.name))?.[query.name]
    return known === undefined ? query : { ...query, identity: [...known.columns].sort() }
  })
}

/**
 * The hosts among which a row of a cluster must be common to be believed: the cluster itself; where it came apart by
 * added rows alone, those that it came apart from; for hosts like no other, all.
 */
export function referenceOf({ hosts, splitFrom, isolated }: Cluster, fleet: Fleet): readonly number[] {
  return isolated ? comparableHosts(fleet) : (splitFrom ?? hosts)
}
