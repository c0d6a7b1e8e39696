import { type Counts, countItems } from '../analyze/counts.ts'
import { weightOfQuery } from '../analyze/table-weight.ts'
import type { Acceptance } from '../baseline/baseline.ts'
import type { Fleet } from '../normalize/fleet.ts'
import type { Item } from '../normalize/items.ts'
import type { Query } from '../osquery/pack.ts'
import {
  acceptanceOn,
  type BaselineVersion,
  isAcceptedEverywhere,
  isJudged,
  isRequired,
  keyOfItem,
  rowStatus,
  rowsOf
} from './baseline-version.ts'

/** Two versions of a baseline and the fleet that both are judged on. */
export interface Change {
  readonly fleet: Fleet
  /** Clustered under the old version: the new one must not choose its own judges. */
  readonly clusters: readonly GuardedCluster[]
  readonly older: BaselineVersion
  readonly newer: BaselineVersion
}

export interface GuardedCluster {
  readonly id: string
  /** Indices into the fleet's hosts. */
  readonly hosts: readonly number[]
  /** At least half of these hosts must have a row: the cluster itself, or the hosts that it was split from. */
  readonly reference: readonly number[]
}

/** A row, or the absence of one, that the new version approves on hosts of one cluster and the old one does not. */
export interface Approval {
  readonly kind: 'unexpected' | 'missing'
  readonly item: Item
  /** Its id; `null`: no host has the row. */
  readonly cluster: string | null
  /** Hosts that have the row, or lack it when it is missing; indices, ascending. */
  readonly hosts: readonly number[]
  /** By host: the old version's acceptance that covers the row there. */
  readonly accepted: ReadonlyMap<number, Acceptance>
  /** How many of the reference hosts have the row (lack it, when it is missing). */
  readonly affected: number
  /** How many of the reference hosts answered its query. */
  readonly observers: number
  /** Nothing shows it today: the new version only makes room for it. */
  readonly preapproved?: true
  /** A pattern as mode `baseline` writes it for rows that the fleet has. */
  readonly learned?: true
}

/**
 * Everything that a new version of a baseline approves: rows made known or newly accepted, rows that are no longer
 * judged, and required rows that may now be absent, host by host. A pattern counts as one row, except in integrity
 * tables, where each row that it matches counts by itself. O(items of all hosts + baseline rows).
 */
export function findApprovals(change: Change): Approval[] {
  const { fleet, clusters } = change
  const ids = new Map(fleet.items.map((item, id) => [keyOfItem(item), id]))
  const onHosts = clusters.flatMap(cluster => {
    const counts = countItems(fleet, cluster.reference)
    const pending = new Map<number | string, PendingApproval>()
    const approve: Approve = (kind, key, item, host, by) => {
      let approval = pending.get(key)
      if (approval === undefined) {
        approval = { kind, item, hosts: [], accepted: new Map() }
        pending.set(key, approval)
      }
      // Hosts come one after the other, and a pattern may match several rows of one.
      if (approval.hosts.at(-1) !== host) approval.hosts.push(host)
      if (by !== null) approval.accepted.set(host, by)
    }
    const protections = usualProtections(fleet, counts)
    for (const host of cluster.hosts) {
      approveRows(change, host, approve)
      approveAbsences(change, host, protections, approve)
    }
    return [...pending.values()].map(approval => ({
      ...approval,
      cluster: cluster.id,
      affected: affectedHosts(approval, counts, ids),
      observers: counts.observed[approval.item.query] ?? 0
    }))
  })
  return [...onHosts, ...rowsOnNoHost(change)]
}

interface PendingApproval {
  readonly kind: Approval['kind']
  readonly item: Item
  readonly hosts: number[]
  readonly accepted: Map<number, Acceptance>
}

/** @param key the id of the approved item, or the key of a missing one */
type Approve = (
  kind: Approval['kind'],
  key: number | string,
  item: Item,
  host: number,
  by: Acceptance | null
) => void

/** A literal row is counted on all reference hosts, a pattern only where it newly matches. */
function affectedHosts(
  { kind, item, hosts }: PendingApproval,
  { items }: Counts,
  ids: ReadonlyMap<string, number>
): number {
  const id = kind === 'missing' ? undefined : ids.get(keyOfItem(item))
  return Math.max(hosts.length, id === undefined ? 0 : (items[id] ?? 0))
}

/** Rows of a host that only the new version knows, accepts or does not judge. */
function approveRows({ fleet, older, newer }: Change, host: number, approve: Approve): void {
  for (const id of fleet.hosts[host]?.items ?? []) {
    const item = fleet.items[id]
    if (item === undefined) continue
    const [before] = rowStatus(older, host, id, item.query)
    if (before === 'known') continue
    const [after, matched] = rowStatus(newer, host, id, item.query)
    const by = acceptanceOn(older, fleet, item, host)
    const isApproved =
      after === 'known' ||
      (after === 'unjudged' && before === 'new') ||
      (by === null && acceptanceOn(newer, fleet, item, host) !== null)
    if (!isApproved) continue
    const key = after === 'known' && !isIntegrity(fleet.queries[item.query]) ? matched : id
    approve('unexpected', key, newer.match?.fleet.items[key] ?? item, host, by)
  }
}

const isIntegrity = (query: Query | undefined): boolean =>
  query !== undefined && weightOfQuery(query) === 'integrity'

/** Protections that at least half of the hosts have: their absence is a finding even without a baseline. */
function usualProtections({ items, queries }: Fleet, counts: Counts): number[] {
  return [...items.keys()].filter(id => {
    const query = items[id]?.query ?? -1
    return queries[query]?.control === true && (counts.items[id] ?? 0) * 2 >= (counts.observed[query] ?? 0)
  })
}

/**
 * Required rows that a host lacks, and whose absence only the new version allows. In a query that only the new version
 * judges, the usual protections count as required.
 */
function approveAbsences(
  { fleet, older, newer }: Change,
  host: number,
  protections: readonly number[],
  approve: Approve
): void {
  const required = older.match?.byHost[host]?.required ?? []
  const before = older.match?.fleet ?? fleet
  const { observed } = fleet.hosts[host] ?? {}
  const present = new Set(before.hosts[host]?.items)
  const newlyJudged = protections.filter(id => {
    const query = fleet.items[id]?.query ?? -1
    return !isJudged(older, host, query) && isJudged(newer, host, query)
  })
  for (const id of [...required, ...newlyJudged]) {
    const item = before.items[id]
    if (item === undefined || present.has(id) || observed?.[item.query] !== 1) continue
    const key = keyOfItem(item)
    const by = acceptanceOn(older, fleet, item, host)
    const isFinding =
      isRequired(newer, host, key) && (by !== null || acceptanceOn(newer, fleet, item, host) === null)
    if (!isFinding) approve('missing', key, item, host, by)
  }
}

/** Rows that only the new version has and no host shows: they are approved before they appear. */
function rowsOnNoHost({ fleet, clusters, older, newer }: Change): Approval[] {
  const { observed } = countItems(
    fleet,
    clusters.flatMap(cluster => cluster.hosts)
  )
  const shown = new Set<number>()
  for (const host of newer.match?.fleet.hosts ?? []) for (const id of host.items) shown.add(id)
  const before = new Set([...rowsOf(older).values()].map(keyOfItem))
  return [...rowsOf(newer)].flatMap(([id, item]): Approval[] => {
    if (shown.has(id) || before.has(keyOfItem(item)) || isAcceptedEverywhere(older, fleet, item)) return []
    const observers = observed[item.query] ?? 0
    return [
      { kind: 'unexpected', item, cluster: null, hosts: [], accepted: new Map(), affected: 0, observers }
    ]
  })
}
