import type { Expectation } from '../../baseline/match.ts'
import type { FleetHost } from '../../normalize/fleet.ts'
import { rareLimit } from '../counts.ts'
import type { HostDeviation } from './deviation.ts'
import { MIN_HOSTS, MINOR_SHARE, othersShare, type Place, RARE_IN_FLEET, SMALL_CLUSTER } from './place.ts'

const SMALL_RARE = 0.15
/** A row of an integrity table on so few of the fleet is unusual in a cluster of few hosts, whatever that has. */
const RARE_INTEGRITY_SHARE = 0.1

/**
 * The rows of a host that are unexpected.
 * @param wants whether an unexpected item is to be among them
 */
export function extraOf(
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
export const PLAIN = { kind: 'unexpected', expected: -1, baseline: 'none', common: false } as const

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
