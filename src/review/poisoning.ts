import type { Analysis } from '../analyze/analysis.ts'
import { type Counts, countItems } from '../analyze/counts.ts'
import type { Severity } from '../analyze/finding.ts'
import { acceptanceWords } from '../analyze/findings/acceptances.ts'
import { type Draft, type DraftRow, fingerprint, rowIdentity } from '../analyze/findings/draft.ts'
import { weightOfQuery } from '../analyze/table-weight.ts'
import type { Acceptance } from '../baseline/baseline.ts'
import type { Fleet } from '../normalize/fleet.ts'
import type { Item } from '../normalize/items.ts'
import type { Query } from '../osquery/pack.ts'
import { count, list, plural } from '../text/phrases.ts'
import { type Approval, type Change, findApprovals } from './approvals.ts'
import { keyOfItem } from './baseline-version.ts'
import { findPreapprovals } from './blind-spots.ts'
import { reducedColumns, unjudgedQueries, unlearnedRows } from './lost-judgment.ts'
import { openAcceptances } from './open-acceptances.ts'
import { severityOfTable } from './proposal-draft.ts'

export interface Poisoning {
  readonly drafts: readonly Draft[]
  /** The fleet that the drafts' items refer to. */
  readonly fleet: Fleet
}

/**
 * The poisoning guard. It finds what a new version of a baseline approves although fewer than half of the reference
 * hosts have it (one finding for all rows on the same hosts), and what it makes room for. Only acceptances of the old
 * version close these findings.
 *
 * @param analysis the analysis under the new version
 */
export function poisoning(change: Change, analysis: Pick<Analysis, 'fleet' | 'drafts'>): Poisoning {
  const approvals = findApprovals(change)
  const rare = approvals.filter(({ affected, observers }) => affected * 2 < observers || observers === 0)
  const reported = rare.filter(approval => isReported(approval, change))
  const suspicious = [...rare, ...findPreapprovals(change, approvals, reported)]
  const items = [...analysis.fleet.items]
  const ids = new Map(items.map((item, id) => [keyOfItem(item), id]))
  const idOf = (item: Item): number => {
    const id = ids.get(keyOfItem(item)) ?? items.push(item) - 1
    ids.set(keyOfItem(item), id)
    return id
  }
  const groups = Map.groupBy(
    suspicious.flatMap(approval => splitByAcceptance(approval, change)),
    ({ approval: { kind, cluster, preapproved = false }, hosts, severity, by }) =>
      JSON.stringify([kind, cluster, hosts, severity, preapproved, by === null ? null : acceptanceWords(by)])
  )
  const fleet = { ...analysis.fleet, items }
  const counts = countItems(fleet, [...fleet.hosts.keys()])
  const unused = new Set(analysis.drafts.filter(({ kind }) => kind === 'acceptance').map(({ id }) => id))
  const drafts = [
    ...[...groups.values()].flatMap(group => draftOfGroup(group, idOf, fleet, counts)),
    ...unjudgedQueries(change, reported),
    ...reducedColumns(change),
    ...unlearnedRows(change),
    ...openAcceptances(change, unused, reported)
  ]
  return { drafts, fleet }
}

/** Whether an approval becomes a finding that no acceptance closes everywhere. */
function isReported(approval: Approval, { fleet, older }: Change): boolean {
  const { item, hosts, accepted } = approval
  if (severityOfApproval(fleet.queries[item.query], approval, older.match === null) === null) return false
  return hosts.length === 0 || hosts.some(host => !accepted.has(host))
}

/** An approval on the hosts where one acceptance of the old version covers it, or on those where none does. */
interface SplitApproval {
  readonly approval: Approval
  readonly hosts: readonly number[]
  readonly by: Acceptance | null
  readonly severity: Severity
}

function splitByAcceptance(approval: Approval, { fleet, older }: Change): SplitApproval[] {
  const severity = severityOfApproval(fleet.queries[approval.item.query], approval, older.match === null)
  if (severity === null) return []
  if (approval.hosts.length === 0) return [{ approval, hosts: [], by: null, severity }]
  const groups = Map.groupBy(approval.hosts, host => approval.accepted.get(host) ?? null)
  return [...groups].map(([by, hosts]) => ({ approval, hosts, by, severity }))
}

/**
 * `null`: no finding. A row that is no longer required matters only if it is a protection. In the first baseline of a
 * group, rows of ordinary tables replace no judgment: they are one step lower.
 */
function severityOfApproval(
  query: Query | undefined,
  { kind, learned }: Approval,
  isFirst: boolean
): Severity | null {
  if (query === undefined) return null
  if (kind === 'missing') return query.control ? severityOfTable(query) : null
  return (learned || isFirst) && weightOfQuery(query) === 'normal' ? 'medium' : severityOfTable(query)
}

/** One finding for rows on the same hosts. */
function draftOfGroup(
  group: readonly SplitApproval[],
  idOf: (item: Item) => number,
  fleet: Fleet,
  counts: Counts
): Draft[] {
  const [first] = group
  if (first === undefined) return []
  const { hosts, severity, by, approval } = first
  const rows = group.map(({ approval: { kind, item, observers, affected } }): DraftRow => {
    const id = idOf(item)
    const have = kind === 'missing' ? observers - affected : affected
    const inFleet = [Math.max(have, counts.items[id] ?? 0), counts.observed[item.query] ?? 0] as const
    return {
      kind,
      item: id,
      expected: -1,
      baseline: kind === 'missing' ? 'missing' : 'known',
      hosts,
      prevalence: { cluster: [have, observers], fleet: inFleet }
    }
  })
  const queries = group.flatMap(row => fleet.queries[row.approval.item.query] ?? [])
  return [
    {
      id: fingerprint(
        'poisoning',
        rows.map(row => rowIdentity(fleet, row))
      ),
      kind: 'poisoning',
      verdict: null,
      severity,
      surprise: 0,
      hosts,
      cluster: approval.cluster,
      rows,
      explanation: explainGroup([first, ...group.slice(1)], [...new Set(queries.map(({ name }) => name))]),
      attack: [...new Set(queries.flatMap(query => query.attack))].sort(),
      acceptedBy: by === null ? null : acceptanceWords(by)
    }
  ]
}

/** Only our own words and query names: nothing that a host wrote. */
function explainGroup(
  group: readonly [SplitApproval, ...SplitApproval[]],
  queries: readonly string[]
): string {
  const { kind, preapproved } = group[0].approval
  const affected = Math.max(...group.map(({ approval }) => approval.affected))
  const observers = Math.max(...group.map(({ approval }) => approval.observers))
  const isOne = group.length === 1
  const tables = list(queries, 3)
  const rows = `${isOne ? 'a row' : count(group.length, 'row')} of ${tables}`
  const share = `${affected} of ${count(observers, 'host')}`
  if (kind === 'missing' && preapproved)
    return `The new baseline no longer requires ${rows}. No host lacks ${isOne ? 'it' : 'them'} today, but a disabled protection would go unnoticed.`
  if (preapproved)
    return `The new baseline replaces rows of ${tables} with ${isOne ? 'a pattern' : count(group.length, 'pattern')}: whatever else matches would go unnoticed when it appears.`
  if (kind === 'missing')
    return `The new baseline no longer requires ${rows}${isOne ? ' that ' : ', each of which up to '}${share} ${plural(affected, 'lacks', 'lack')}: a disabled protection would go unnoticed.`
  if (observers === 0)
    return `The new baseline approves ${rows}, which no host answered: nobody can say which hosts have ${isOne ? 'it' : 'them'}.`
  if (affected === 0)
    return `The new baseline approves ${rows} that none of ${count(observers, 'host')} has: ${isOne ? 'it' : 'they'} would go unnoticed when ${isOne ? 'it appears' : 'they appear'}.`
  return `The new baseline approves ${rows}${isOne ? ' that only ' : ', each of which at most '}${share} ${plural(affected, 'has', 'have')}: an implant would be accepted as normal.`
}
