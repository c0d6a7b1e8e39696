import { acceptanceWords, coversItem } from '../analyse/acceptances.ts'
import { type Counts, countItems } from '../analyse/counts.ts'
import { type Draft, type DraftRow, fingerprint, rowIdentity } from '../analyse/draft.ts'
import type { Severity } from '../analyse/finding.ts'
import type { Acceptance } from '../baseline/baseline.ts'
import type { Fleet, Item } from '../normalise/fleet.ts'
import type { Query } from '../osquery/pack.ts'
import { type Blessing, blessings, type Change, keyOf } from './blessings.ts'

export interface Poisoning {
  readonly drafts: readonly Draft[]
  /** The fleet that the drafts' items refer to. */
  readonly fleet: Fleet
}

/**
 * The poisoning guard: what a new version of a baseline blesses though fewer than half of the hosts of a cluster have
 * it, one finding for all rows that the same hosts show. An integrity table, or the loss of a protection, makes it
 * high. Only what the old version accepted already is closed.
 *
 * @param fleet the fleet of the analysis under the new version, whose items the drafts follow
 */
export function poisoning(change: Change, fleet: Fleet): Poisoning {
  const suspicious = blessings(change).filter(({ having, observed }) => having * 2 < observed)
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
        by === null ? null : acceptanceWords(by)
      ])
  )
  const whole = { ...fleet, items }
  const counts = countItems(fleet, [...fleet.hosts.keys()])
  const drafts = [...groups.values()].flatMap(group => draftsOf(group, idOf, whole, counts))
  return { drafts: [...drafts, ...emptyAcceptances(change)], fleet: whole }
}

/** A blessed row on the hosts that one acceptance of the old version covers, or on those that none covers. */
interface Part {
  readonly blessing: Blessing
  readonly hosts: readonly number[]
  readonly by: Acceptance | null
  readonly severity: Severity
}

function partsOf(blessing: Blessing, fleet: Fleet): Part[] {
  const query = fleet.queries[blessing.item.query]
  const severity = severityOf(query, blessing)
  if (severity === null) return []
  const groups = Map.groupBy(blessing.hosts, host => blessing.accepted.get(host) ?? null)
  const parts = [...groups].map(([by, hosts]) => ({ blessing, hosts, by, severity }))
  return parts.length > 0 ? parts : [{ blessing, hosts: [], by: null, severity }]
}

/** `null`: of no consequence. That a row is no longer required is a matter only where it is a protection. */
function severityOf(query: Query | undefined, { kind }: Blessing): Severity | null {
  if (kind === 'missing') return query?.control === true ? 'high' : null
  if (query?.weight === 'integrity') return 'high'
  return query?.weight === 'context' ? 'low' : 'medium'
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
      explanation: explain(group, [...new Set(queries.map(query => query.name))]),
      attack: [...new Set(queries.flatMap(query => query.attack))].sort(),
      acceptedBy: by === null ? null : acceptanceWords(by)
    }
  ]
}

/** One plain sentence: our own words and query names only. */
function explain(group: readonly Part[], queries: readonly string[]): string {
  const { kind } = group[0]?.blessing ?? { kind: 'unexpected' }
  const having = Math.max(...group.map(({ blessing }) => blessing.having))
  const observed = Math.max(...group.map(({ blessing }) => blessing.observed))
  const rows = group.length === 1 ? 'a row' : `${group.length} rows`
  const which = group.length === 1 ? 'that' : 'each of which'
  const where =
    queries.length > 3
      ? `${queries.slice(0, 3).join(', ')} and ${queries.length - 3} more`
      : queries.join(', ')
  if (kind === 'missing')
    return `The new baseline no longer misses ${rows} of ${where} on ${having} of ${observed} hosts: a protection would be gone without a word.`
  if (having === 0)
    return `The new baseline blesses ${rows} of ${where} ${which} none of ${observed} hosts has: it would go unseen the day it is there.`
  return `The new baseline blesses ${rows} of ${where} ${which} only ${having} of ${observed} hosts ${having === 1 ? 'has' : 'have'}: an implant would be taken for good.`
}

/** Acceptances of the new version alone that cover nothing yet: what they accept would go unseen the day it is there. */
function emptyAcceptances({ fleet, older, newer, today }: Change): Draft[] {
  const keyOfAcceptance = (acceptance: Acceptance) => JSON.stringify(Object.entries(acceptance).sort())
  const before = new Set((older?.accept ?? []).map(keyOfAcceptance))
  return newer.accept.flatMap(acceptance => {
    const query = fleet.queries.find(({ name }) => name === acceptance.query)
    const old = before.has(keyOfAcceptance(acceptance)) || acceptance.expires < today
    if (old || query === undefined || fleet.items.some(item => coversItem(acceptance, fleet, item))) return []
    return [
      {
        id: fingerprint('poisoning', [keyOfAcceptance(acceptance)]),
        kind: 'poisoning',
        verdict: null,
        severity: query.weight === 'integrity' ? 'high' : 'low',
        surprise: 0,
        hosts: [],
        cluster: null,
        rows: [],
        explanation: `The new baseline accepts rows of ${query.name} that no host has: what it matches would go unseen the day it is there.`,
        attack: query.attack,
        acceptedBy: null
      }
    ]
  })
}
