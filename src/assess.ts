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
  const builder = fleetBuilder(question.queries)
  const search = indicatorSearch(question.indicators, question.queries)
  for await (const record of hosts()) {
    builder.add(record)
    search.add(record)
  }
  const analysis = boundRows(analyse(builder.finish(), question.baseline, question.today))
  const collector = evidenceCollector(analysis.fleet, analysis.drafts)
  for await (const record of hosts()) collector.add(record)
  return { analysis, findings: tellFindings(analysis, collector.finish(), search.findings()) }
}
