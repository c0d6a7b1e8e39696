import type { Analysis } from '../analyze/analyze.ts'
import { type Counts, countItems } from '../analyze/counts.ts'
import { acceptanceWords } from '../analyze/findings/acceptances.ts'
import { type Draft, type DraftRow, fingerprint, rowIdentity } from '../analyze/findings/draft.ts'
import type { Severity } from '../analyze/findings/finding.ts'
import type { Acceptance } from '../baseline/baseline.ts'
import type { Fleet, Item } from '../normalize/fleet.ts'
import type { Query } from '../osquery/pack.ts'
import { type Approval, type Change, findApprovals, keyOf, viewsOf } from './approvals.ts'
import { anticipated, openAcceptances, severityOfTable, unjudgedQueries } from './blind-spots.ts'

export interface Poisoning {
  readonly drafts: readonly Draft[]
  /** The fleet that the drafts' items refer to. */
  readonly fleet: Fleet
}

/**
 * The poisoning guard: what a new version of a baseline blesses though fewer than half of the hosts of a cluster have
 * it, one finding for all rows that the same hosts show, and what it makes room for. An integrity table, or the loss of
 * a protection, makes it high. Only what the old version accepted already is closed.
 *
 * @param analysis that under the new version, whose items the drafts follow
 */
export function poisoning(
  change: Change,
  { fleet, drafts: found }: Pick<Analysis, 'fleet' | 'drafts'>
): Poisoning {
  const views = viewsOf(change)
  const blessed = findApprovals(change, views)
  const rare = blessed.filter(({ having, observed }) => having * 2 < observed || observed === 0)
  const suspicious = [...rare, ...anticipated(change, views, blessed, rare)]
  const items = [...fleet.items]
  const ids = new Map(items.map((item, id) => [keyOf(item), id]))
  const idOf = (item: Item): number => {
    const known = ids.get(keyOf(item)) ?? items.push(item) - 1
    ids.set(keyOf(item), known)
    return known
  }
  const groups = Map.groupBy(
    suspicious.flatMap(blessing => partsOf(blessing, change.fleet)),
    ({ blessing, hosts, severity, by }) =>
      JSON.stringify([
        blessing.kind,
        blessing.cluster,
        hosts,
        severity,
        blessing.foreseen ?? false,
        by === null ? null : acceptanceWords(by)
      ])
  )
  const whole = { ...fleet, items }
  const counts = countItems(fleet, [...fleet.hosts.keys()])
  const drafts = [...groups.values()].flatMap(group => draftsOf(group, idOf, whole, counts))
  const unused = new Set(found.filter(({ kind }) => kind === 'acceptance').map(({ id }) => id))
  const open = openAcceptances(change, unused, rare)
  return { drafts: [...drafts, ...unjudgedQueries(change, views, rare), ...open], fleet: whole }
}

/** A blessed row on the hosts that one acceptance of the old version covers, or on those that none covers. */
interface Part {
  readonly blessing: Approval
  readonly hosts: readonly number[]
  readonly by: Acceptance | null
  readonly severity: Severity
}

function partsOf(blessing: Approval, fleet: Fleet): Part[] {
  const query = fleet.queries[blessing.item.query]
  const severity = severityOf(query, blessing)
  if (severity === null) return []
  const groups = Map.groupBy(blessing.hosts, host => blessing.accepted.get(host) ?? null)
  const parts = [...groups].map(([by, hosts]) => ({ blessing, hosts, by, severity }))
  return parts.length > 0 ? parts : [{ blessing, hosts: [], by: null, severity }]
}

/** `null`: of no consequence. That a row is no longer required is a matter only where it is a protection. */
function severityOf(query: Query | undefined, { kind, foreseen }: Approval): Severity | null {
  if (query === undefined) return null
  if (kind === 'missing' && !query.control) return null
  return kind === 'missing' && foreseen !== true ? 'high' : severityOfTable(query)
}

/** The finding of rows that the same hosts show. */
function draftsOf(
  group: readonly Part[],
  idOf: (item: Item) => number,
  fleet: Fleet,
  counts: Counts
): Draft[] {
  const [first] = group
  if (first === undefined) return []
  const { hosts, severity, by, blessing } = first
  const rows = group.map(({ blessing: { kind, item, observed, having: many } }): DraftRow => {
    const id = idOf(item)
    const having = kind === 'missing' ? observed - many : many
    const inFleet = [Math.max(having, counts.items[id] ?? 0), counts.observed[item.query] ?? 0] as const
    const prevalence = { cluster: [having, observed] as const, fleet: inFleet }
    return {
      kind,
      item: id,
      expected: -1,
      baseline: kind === 'missing' ? 'missing' : 'known',
      hosts,
      prevalence
    }
  })
  const queries = group.flatMap(part => fleet.queries[part.blessing.item.query] ?? [])
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
      cluster: blessing.cluster,
      rows,
      explanation: explain([first, ...group.slice(1)], [...new Set(queries.map(query => query.name))]),
      attack: [...new Set(queries.flatMap(query => query.attack))].sort(),
      acceptedBy: by === null ? null : acceptanceWords(by)
    }
  ]
}

/** One plain sentence: our own words and query names only. */
function explain(group: readonly [Part, ...Part[]], queries: readonly string[]): string {
  const [
    {
      blessing: { kind, foreseen }
    }
  ] = group
  const having = Math.max(...group.map(({ blessing }) => blessing.having))
  const observed = Math.max(...group.map(({ blessing }) => blessing.observed))
  const rows = group.length === 1 ? 'a row' : `${group.length} rows`
  const which = group.length === 1 ? 'that' : 'each of which'
  const where =
    queries.length > 3
      ? `${queries.slice(0, 3).join(', ')} and ${queries.length - 3} more`
      : queries.join(', ')
  if (kind === 'missing' && foreseen)
    return `The new baseline no longer requires ${rows} of ${where}, and no host lacks ${group.length === 1 ? 'it' : 'them'} today: a protection could be gone without a word.`
  if (foreseen)
    return `The new baseline puts ${group.length === 1 ? 'a pattern' : `${group.length} patterns`} in the place of rows of ${where}: whatever else matches would go unseen the day it is there.`
  if (kind === 'missing')
    return `The new baseline no longer misses ${rows} of ${where} on ${having} of ${observed} hosts: a protection would be gone without a word.`
  if (observed === 0)
    return `The new baseline blesses ${rows} of ${where}, which no host answered: nobody can say which hosts have ${group.length === 1 ? 'it' : 'them'}.`
  if (having === 0)
    return `The new baseline blesses ${rows} of ${where} ${which} none of ${observed} hosts has: it would go unseen the day it is there.`
  return `The new baseline blesses ${rows} of ${where} ${which} only ${having} of ${observed} hosts ${having === 1 ? 'has' : 'have'}: an implant would be taken for good.`
}
