import type { Expectation } from '../../baseline/match.ts'
import type { Fleet, FleetHost } from '../../normalize/fleet.ts'
import type { Cluster } from '../cluster/clusters.ts'
import { type Counts, countItems, queriesOf, rareLimit } from '../counts.ts'
import { weightOfQuery } from '../table-weight.ts'
import { type Cohorts, findCohorts } from './cohorts.ts'
import type { Deviation, HostDeviation } from './deviation.ts'
import { deviationTable } from './deviation-table.ts'
import { changePairer } from './pair-changes.ts'
import { type ShortAnswer, takeShortAnswers } from './truncation.ts'

export interface Found {
  readonly deviations: readonly Deviation[]
  /** Answers that look short; their missing rows are not deviations. */
  readonly shortAnswers: readonly ShortAnswer[]
  /** Rows of hosts with very many that no other host has, which were counted alone; see {@link MAX_ROWS_OF_ONE_HOST}. */
  readonly unscored: number
}

/**
 * Of the rows of a query that one host alone has so many are weighed, in their order; what is beyond says no more of
 * that host, and would take the memory that all others need.
 */
export const MAX_ROWS_OF_ONE_HOST = 20_000

/** Of fewer hosts nothing is said without a baseline. */
const MIN_HOSTS = 3
/** Below this size a cluster is judged by a Beta prior from the fleet … */
const SMALL_CLUSTER = 8
/** … that weighs as much as so many hosts. */
const PRIOR_WEIGHT = 4
/** A row that is not rare in its cluster is still unexpected on so few of the fleet, and of the cluster. */
const RARE_IN_FLEET = 0.05
const MINOR_SHARE = 0.5
const SMALL_RARE = 0.15
const SMALL_CORE = 0.85
/** A row of an integrity table on so few of the fleet is unusual in a cluster of few hosts, whatever that has. */
const RARE_INTEGRITY_SHARE = 0.1

/**
 * What differs from the baseline, or, where that says nothing, from the host's own cluster: a row is unexpected where at
 * most 15 % of the cluster have it, missing where at most 15 % lack it. In a cluster of fewer than eight hosts the others
 * are asked, with the fleet as a prior. A row whose query declares a cohort is compared within that cohort only.
 * O(rows + core rows × hosts).
 */
export function findDeviations(
  fleet: Fleet,
  clusters: readonly Cluster[],
  inFleet: Counts,
  expectationOf: (host: number) => Expectation | null
): Found {
  const everyone = clusters.flatMap(cluster => cluster.hosts)
  const cohorts = findCohorts(fleet, everyone, inFleet)
  const queries = queriesOf(fleet)
  const isIntegrity = Uint8Array.from(fleet.queries, query => (weightOfQuery(query) === 'integrity' ? 1 : 0))
  const found = deviationTable(fleet)
  const shortAnswers: ShortAnswer[] = []
  let unscored = 0
  for (const cluster of clusters) {
    const place: Place = {
      fleet,
      isIntegrity,
      isYoung: clusters.length > 1 && (cluster.hosts.length < SMALL_CLUSTER || cluster.splitFrom !== null),
      queries,
      cohorts,
      inFleet,
      inCluster: countItems(fleet, cluster.hosts),
      cohortInCluster: countCohorts(fleet, cluster.hosts, cohorts),
      absent: new Map(),
      unusual: new Uint8Array(fleet.items.length)
    }
    countAbsent(place, cluster.hosts, expectationOf)
    const core = coreItems(place)
    const usual = usualItems(place)
    const usualRows = rowsByQuery(fleet, usual)
    const pairChanges = changePairer(fleet, cohorts, usual)
    for (const index of cluster.hosts) {
      const host = fleet.hosts[index]
      if (host === undefined) continue
      const expectation = expectationOf(index)
      const lacking = lackingOf(place, host, core, expectation)
      // With nothing lacking, what a cohort does not compare has changed from nothing: most rows of most hosts.
      const plain = expectation === null && lacking.length === 0
      const lone = new Int32Array(fleet.queries.length)
      const extra = extraOf(place, host, expectation, item => {
        if (inFleet.items[item] === 1) {
          const query = queries[item] ?? -1
          lone[query] = (lone[query] ?? 0) + 1
          if ((lone[query] ?? 0) > MAX_ROWS_OF_ONE_HOST) return false
        }
        const only = plain && (cohorts.of[item] ?? -1) < 0
        if (only) found.add(PLAIN, item, index)
        return !only
      })
      for (const rows of lone) unscored += Math.max(0, rows - MAX_ROWS_OF_ONE_HOST)
      const { kept, shortAnswers: short } = takeShortAnswers(
        fleet,
        index,
        pairChanges(extra, lacking),
        usualRows
      )
      shortAnswers.push(...short)
      for (const deviation of kept) found.add(deviation, deviation.item, index)
    }
  }
  return { deviations: found.sorted(), shortAnswers, unscored }
}

function rowsByQuery(fleet: Fleet, items: readonly number[]): Int32Array {
  const rows = new Int32Array(fleet.queries.length)
  for (const item of items) {
    const query = fleet.items[item]?.query ?? -1
    rows[query] = (rows[query] ?? 0) + 1
  }
  return rows
}

function countCohorts(fleet: Fleet, hosts: readonly number[], cohorts: Cohorts): Map<number, number> {
  const counts = new Map<number, number>()
  if (cohorts.hosts.length === 0) return counts
  for (const host of hosts) {
    const own = new Set<number>()
    for (const item of fleet.hosts[host]?.items ?? []) own.add(cohorts.of[item] ?? -1)
    for (const cohort of own) if (cohort >= 0) counts.set(cohort, (counts.get(cohort) ?? 0) + 1)
  }
  return counts
}

interface Place {
  readonly fleet: Fleet
  /** By query: 1 if its change is rarely innocent. */
  readonly isIntegrity: Uint8Array
  /** The cluster has few hosts, or came apart by added rows only: what it has may be what an intruder added. */
  readonly isYoung: boolean
  /** By item: its query. */
  readonly queries: Int32Array
  readonly cohorts: Cohorts
  readonly inFleet: Counts
  readonly inCluster: Counts
  /** By cohort: hosts of the cluster with a row of it. */
  readonly cohortInCluster: ReadonlyMap<number, number>
  /** By required item: the hosts of the cluster that lack it though its query was observed. */
  readonly absent: Map<number, number>
  /** By item: whether it is unexpected where the baseline says nothing; 0 where nobody asked. */
  readonly unusual: Uint8Array
}

/** @param wants whether an unexpected item is to be among them */
function extraOf(
  place: Place,
  host: FleetHost,
  expectation: Expectation | null,
  wants: (item: number) => boolean
): HostDeviation[] {
  const { queries, cohorts, inFleet, inCluster } = place
  const extra: HostDeviation[] = []
  for (let at = 0; at < host.items.length; at++) {
    const id = host.items[at] ?? 0
    if (expectation !== null) {
      const query = queries[id] ?? -1
      const cohort = cohorts.of[id] ?? -1
      if (expectation.covered[query] === 1 && (cohort < 0 || expectsCohort(place, expectation, cohort))) {
        if (expectation.required.has(id) || expectation.optional.has(id)) continue
        const comparable = cohort < 0 ? (inCluster.observed[query] ?? 0) : (cohorts.hosts[cohort] ?? 0)
        const count = (cohort < 0 ? inCluster : inFleet).items[id] ?? 0
        const common = count > rareLimit(comparable)
        if (wants(id)) extra.push({ kind: 'unexpected', item: id, expected: -1, baseline: 'new', common })
        continue
      }
      // A version that the baseline does not know is new where few hosts run it; on many it is an upgrade.
      if (expectation.covered[query] === 1 && isRareVersion(place, id, query, cohort)) {
        if (wants(id))
          extra.push({ kind: 'unexpected', item: id, expected: -1, baseline: 'new', common: false })
        continue
      }
    }
    if (isUnusual(place, id) && wants(id)) extra.push({ ...PLAIN, item: id })
  }
  return extra
}

/** What an unexpected row is apart from its item, where no baseline has a say. */
const PLAIN = { kind: 'unexpected', expected: -1, baseline: 'none', common: false } as const

const UNUSUAL = 1
const USUAL = 2

/** Whether an item is unexpected on the hosts of a cluster that have it; found out once. */
function isUnusual(place: Place, id: number): boolean {
  const { unusual } = place
  if (unusual[id] === 0) unusual[id] = findUnusual(place, id) ? UNUSUAL : USUAL
  return unusual[id] === UNUSUAL
}

function findUnusual(place: Place, id: number): boolean {
  const { queries, cohorts, inFleet, inCluster } = place
  const query = queries[id] ?? -1
  if (place.isIntegrity[query] === 1 && place.isYoung && isRareInFleet(place, id, query)) return true
  const cohort = cohorts.of[id] ?? -1
  const comparable = cohort < 0 ? (inCluster.observed[query] ?? 0) : (cohorts.hosts[cohort] ?? 0)
  const count = (cohort < 0 ? inCluster : inFleet).items[id] ?? 0
  if (cohort < 0 && comparable < SMALL_CLUSTER)
    return othersShare(place, id, query, 1) <= SMALL_RARE || isMinor(place, id, query, count, comparable)
  if (comparable >= MIN_HOSTS && count < comparable && isRare(place, id, query, count, comparable))
    return true
  return cohort >= 0 && isRareVersion(place, id, query, cohort)
}

/** A version, or a file, that few hosts of the cluster and of the fleet have: nobody can hide by being alone in a cohort. */
function isRareVersion(place: Place, id: number, query: number, cohort: number): boolean {
  const { inCluster, inFleet, cohorts, cohortInCluster } = place
  const observed = inCluster.observed[query] ?? 0
  const here = cohortInCluster.get(cohort) ?? 0
  return (
    observed >= SMALL_CLUSTER &&
    here < observed &&
    here <= rareLimit(observed) &&
    (cohorts.hosts[cohort] ?? 0) <= rareLimit(inFleet.observed[query] ?? 0) &&
    cohorts.majority[cohort] === id
  )
}

/** On so few of the fleet that no cluster which came apart by a few hosts may call it usual. */
function isRareInFleet({ inFleet }: Place, id: number, query: number): boolean {
  const observed = inFleet.observed[query] ?? 0
  return observed >= MIN_HOSTS && (inFleet.items[id] ?? 0) <= Math.max(1, RARE_INTEGRITY_SHARE * observed)
}

/** Rare in the cluster, or on no more than half of it and rare in the fleet. */
function isRare(place: Place, id: number, query: number, count: number, comparable: number): boolean {
  return count <= rareLimit(comparable) || isMinor(place, id, query, count, comparable)
}

/** An implant on many hosts of a small role: on no more than half of the cluster, and on few hosts of the fleet. */
function isMinor({ inFleet }: Place, id: number, query: number, count: number, comparable: number): boolean {
  return (
    count <= MINOR_SHARE * comparable &&
    (inFleet.items[id] ?? 0) <= RARE_IN_FLEET * (inFleet.observed[query] ?? 0)
  )
}

/** The same of a row that hosts lack: on few of the cluster, or on less than half of it and few of the fleet. */
function isRarelyLacked(place: Place, id: number, query: number, lacking: number, observed: number): boolean {
  if (lacking <= rareLimit(observed)) return true
  const { inFleet } = place
  const everywhere = inFleet.observed[query] ?? 0
  return (
    lacking <= MINOR_SHARE * observed && everywhere - (inFleet.items[id] ?? 0) <= RARE_IN_FLEET * everywhere
  )
}

function lackingOf(
  place: Place,
  host: FleetHost,
  core: readonly number[],
  expectation: Expectation | null
): HostDeviation[] {
  const { fleet, cohorts, inCluster, absent } = place
  const lacking: HostDeviation[] = []
  let slots: Set<number> | null = null
  const check = (id: number, judged: boolean) => {
    const query = fleet.items[id]?.query ?? -1
    if (host.observed[query] !== 1 || (expectation?.covered[query] === 1) !== judged) return
    const slot = cohorts.slot[id] ?? -1
    if (slot >= 0) {
      slots ??= new Set(Array.from(host.items, item => cohorts.slot[item] ?? -1))
      if (slots.has(slot)) return
    }
    const common = judged && (absent.get(id) ?? 0) > rareLimit(inCluster.observed[query] ?? 0)
    lacking.push({ kind: 'missing', item: id, expected: -1, baseline: judged ? 'missing' : 'none', common })
  }
  eachLacking(core, host.items, id => check(id, false))
  if (expectation !== null) eachLacking(sortedRequired(expectation), host.items, id => check(id, true))
  return lacking
}

/** Items that all hosts of the cluster have, except for a rare few. */
function coreItems(place: Place): number[] {
  const { queries, inCluster } = place
  const core: number[] = []
  for (let id = 0; id < inCluster.items.length; id++) {
    const count = inCluster.items[id] ?? 0
    if (count === 0) continue
    const query = queries[id] ?? -1
    const observed = inCluster.observed[query] ?? 0
    if (observed < SMALL_CLUSTER) {
      if (count > 0 && count < observed && othersShare(place, id, query, 0) >= SMALL_CORE) core.push(id)
      continue
    }
    if (count < observed && isRarelyLacked(place, id, query, observed - count, observed)) core.push(id)
  }
  return core
}

/** Items that most hosts of the cluster have. */
function usualItems({ queries, inCluster }: Place): number[] {
  const usual: number[] = []
  for (let id = 0; id < inCluster.items.length; id++) {
    const count = inCluster.items[id] ?? 0
    if (count > 0 && count * 2 > (inCluster.observed[queries[id] ?? -1] ?? 0)) usual.push(id)
  }
  return usual
}

/**
 * How likely a host of a small cluster has an item, judged by the others (itself left out: `own` is 1 where it has it)
 * and by the rest of the fleet as a Beta prior. ½ where there is nobody to ask.
 */
function othersShare({ inCluster, inFleet }: Place, id: number, query: number, own: 0 | 1): number {
  const others = (inCluster.observed[query] ?? 0) - 1
  const elsewhere = (inFleet.observed[query] ?? 0) - 1
  if (elsewhere < MIN_HOSTS - 1) return 0.5
  const count = (inCluster.items[id] ?? 0) - own
  const prior = ((inFleet.items[id] ?? 0) - own) / elsewhere
  return (count + PRIOR_WEIGHT * prior) / (others + PRIOR_WEIGHT)
}

function countAbsent(
  place: Place,
  hosts: readonly number[],
  expectationOf: (host: number) => Expectation | null
): void {
  const { fleet, absent } = place
  for (const index of hosts) {
    const host = fleet.hosts[index]
    const expectation = expectationOf(index)
    if (host === undefined || expectation === null) continue
    eachLacking(sortedRequired(expectation), host.items, id => {
      if (host.observed[fleet.items[id]?.query ?? -1] === 1) absent.set(id, (absent.get(id) ?? 0) + 1)
    })
  }
}

/** Calls back for each of the ascending `wanted` that is not among the ascending `present`. */
function eachLacking(wanted: ArrayLike<number>, present: Int32Array, onLacking: (id: number) => void): void {
  let at = 0
  for (let index = 0; index < wanted.length; index++) {
    const id = wanted[index] ?? -1
    while (at < present.length && (present[at] ?? 0) < id) at++
    if (present[at] !== id) onLacking(id)
  }
}

const required = new WeakMap<Expectation, Int32Array>()

function sortedRequired(expectation: Expectation): Int32Array {
  const known = required.get(expectation) ?? Int32Array.from(expectation.required).sort()
  required.set(expectation, known)
  return known
}

const expectedCohorts = new WeakMap<Expectation, Set<number>>()

/** Whether a baseline speaks of a cohort at all. */
function expectsCohort({ cohorts }: Place, expectation: Expectation, cohort: number): boolean {
  let known = expectedCohorts.get(expectation)
  if (known === undefined) {
    known = new Set()
    for (const rows of [expectation.required, expectation.optional])
      for (const row of rows) known.add(cohorts.of[row] ?? -1)
    expectedCohorts.set(expectation, known)
  }
  return known.has(cohort)
}
