import type { Analysis } from '../analyze/analysis.ts'
import { SEVERITIES, type Severity, type Verdict } from '../analyze/finding.ts'
import type { Draft } from '../analyze/findings/draft.ts'
import type { BaselineChanges } from '../baseline/diff.ts'

/** A finding that only one of two baselines gives rise to. */
export interface PlannedFinding {
  readonly id: string
  readonly severity: Severity
  readonly verdict: Verdict | null
  /** Ids, sorted. */
  readonly hosts: readonly string[]
  readonly queries: readonly string[]
}

/** What a fleet looks like under a new baseline that looked otherwise under the old one. */
export interface Effect {
  /** Ids of hosts with open deviations of medium or above under the old baseline only, sorted. */
  readonly becomeClean: readonly string[]
  /** The same under the new baseline only. */
  readonly becomeDrifted: readonly string[]
  /** Worst first. */
  readonly vanished: readonly PlannedFinding[]
  readonly appeared: readonly PlannedFinding[]
}

/** What a pull request that changes a baseline would do. */
export interface Plan {
  readonly changes: BaselineChanges
  /** Tables whose change is rarely innocent, and to which rows are added; sorted. */
  readonly integrity: readonly string[]
  /** `null`: no host was asked. */
  readonly effect: Effect | null
}

/** Compares what one fleet looks like under two baselines. O(findings). */
export function effectOf(before: Analysis, after: Analysis): Effect {
  const drifted = [driftedHosts(before), driftedHosts(after)] as const
  return {
    becomeClean: without(drifted[0], drifted[1]),
    becomeDrifted: without(drifted[1], drifted[0]),
    vanished: onlyIn(before, after),
    appeared: onlyIn(after, before)
  }
}

function openDeviations({ drafts }: Analysis): readonly Draft[] {
  return drafts.filter(draft => draft.kind === 'deviation' && draft.acceptedBy === null)
}

function driftedHosts(analysis: Analysis): Set<string> {
  const grave = openDeviations(analysis).filter(
    ({ severity }) => SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf('medium')
  )
  return new Set(grave.flatMap(draft => idsOf(analysis, draft.hosts)))
}

function without(some: ReadonlySet<string>, others: ReadonlySet<string>): string[] {
  return [...some].filter(host => !others.has(host)).sort()
}

function onlyIn(analysis: Analysis, other: Analysis): PlannedFinding[] {
  const known = new Set(openDeviations(other).map(draft => draft.id))
  return openDeviations(analysis)
    .filter(draft => !known.has(draft.id))
    .map(draft => ({
      id: draft.id,
      severity: draft.severity,
      verdict: draft.verdict,
      hosts: idsOf(analysis, draft.hosts),
      queries: [...new Set(draft.rows.map(({ item }) => queryName(analysis, item)))].sort()
    }))
}

function idsOf({ fleet }: Analysis, hosts: readonly number[]): string[] {
  return hosts.map(host => fleet.hosts[host]?.id ?? '').sort()
}

function queryName({ fleet }: Analysis, item: number): string {
  return fleet.queries[fleet.items[item]?.query ?? -1]?.name ?? ''
}
