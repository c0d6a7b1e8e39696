import type { Analysis } from '../analyze/analysis.ts'
import { SEVERITIES, type Severity, type Verdict } from '../analyze/finding.ts'
import type { Draft } from '../analyze/findings/draft.ts'
import type { BaselineChanges } from '../baseline/diff.ts'

/** A finding under only one of two versions of a baseline. */
export interface PlannedFinding {
  readonly id: string
  readonly severity: Severity
  readonly verdict: Verdict | null
  /** Ids, sorted. */
  readonly hosts: readonly string[]
  readonly queries: readonly string[]
}

/** How the findings of a fleet change when one baseline replaces another. */
export interface Effect {
  /** Ids of hosts with open deviations of medium or above only under the old baseline, sorted. */
  readonly becomeClean: readonly string[]
  /** The same, only under the new baseline. */
  readonly becomeDrifted: readonly string[]
  /** Worst first. */
  readonly vanished: readonly PlannedFinding[]
  readonly appeared: readonly PlannedFinding[]
}

/** What a pull request does that changes a baseline. */
export interface Plan {
  readonly changes: BaselineChanges
  /** Names of the integrity queries to which rows are added, sorted. */
  readonly integrity: readonly string[]
  /** `null`: no host was queried. */
  readonly effect: Effect | null
}

/** Compares the findings of one fleet under two baselines. O(findings). */
export function effectOf(before: Analysis, after: Analysis): Effect {
  const driftedBefore = driftedHosts(before)
  const driftedAfter = driftedHosts(after)
  return {
    becomeClean: difference(driftedBefore, driftedAfter),
    becomeDrifted: difference(driftedAfter, driftedBefore),
    vanished: onlyIn(before, after),
    appeared: onlyIn(after, before)
  }
}

function openDeviations({ drafts }: Analysis): readonly Draft[] {
  return drafts.filter(draft => draft.kind === 'deviation' && draft.acceptedBy === null)
}

function driftedHosts(analysis: Analysis): Set<string> {
  const severe = openDeviations(analysis).filter(
    ({ severity }) => SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf('medium')
  )
  return new Set(severe.flatMap(draft => idsOf(analysis, draft.hosts)))
}

function difference(hosts: ReadonlySet<string>, others: ReadonlySet<string>): string[] {
  return [...hosts].filter(host => !others.has(host)).sort()
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
