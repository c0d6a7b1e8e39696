import { type Analysis, analyse } from './analyse/analyse.ts'
import { boundRows } from './analyse/bound.ts'
import { evidenceCollector } from './analyse/evidence.ts'
import type { Finding } from './analyse/finding.ts'
import { type Indicator, indicatorSearch } from './analyse/indicators.ts'
import { tellFindings } from './analyse/tell.ts'
import type { Baseline } from './baseline/baseline.ts'
import { fleetBuilder } from './normalise/fleet.ts'
import type { Query } from './osquery/pack.ts'
import type { HostRecord } from './snapshot/snapshot.ts'

export interface Question {
  readonly queries: readonly Query[]
  readonly baseline: Baseline | null
  readonly indicators: readonly Indicator[]
  /** YYYY-MM-DD: acceptances hold through their last day. */
  readonly today: string
}

export interface Assessment {
  readonly analysis: Analysis
  /** Worst first. */
  readonly findings: readonly Finding[]
}

/**
 * From raw rows to findings. `hosts` opens the collected hosts, and is called twice: once to make them comparable,
 * once for the raw rows of what was found, so that no raw row is held in memory meanwhile.
 */
export async function assess(
  question: Question,
  hosts: () => AsyncIterable<HostRecord>
): Promise<Assessment> {
  const { baseline, indicators, today } = question
  const queries = baseline === null ? question.queries : asBaselineKnows(question.queries, baseline)
  const builder = fleetBuilder(queries)
  const search = indicatorSearch(indicators, queries)
  for await (const record of hosts()) {
    builder.add(record)
    if (indicators.length > 0) search.add(record)
  }
  const analysis = boundRows(analyse(builder.finish(), baseline, today))
  const collector = evidenceCollector(analysis.fleet, analysis.drafts)
  if (analysis.drafts.some(draft => draft.rows.length > 0)) {
    for await (const record of hosts()) collector.add(record)
  }
  return { analysis, findings: tellFindings(analysis, collector.finish(), search.findings()) }
}

/** Foreign queries are compared in the columns that the baseline has of them, whatever the fleet of the day suggests. */
function asBaselineKnows(queries: readonly Query[], baseline: Baseline): Query[] {
  const places = [baseline.queries, ...Object.values(baseline.roles).map(role => role.queries)]
  return queries.map(query => {
    if (query.identity !== null) return query
    const known = places.find(place => Object.hasOwn(place, query.name))?.[query.name]
    return known === undefined ? query : { ...query, identity: [...known.columns].sort() }
  })
}
