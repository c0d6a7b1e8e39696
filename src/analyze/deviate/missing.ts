import type { Expectation } from '../../baseline/match.ts'
import type { FleetHost } from '../../normalize/fleet.ts'
import { rareLimit } from '../counts.ts'
import type { HostDeviation } from './deviation.ts'
import { MINOR_SHARE, othersShare, type Place, RARE_IN_FLEET, SMALL_CLUSTER } from './place.ts'

const SMALL_CORE = 0.85

/** Items that all hosts of the cluster have, except for a rare few. */
export function coreItems(place: Place): number[] {
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

/** What a host lacks: of the core of its cluster, and of what the baseline requires. */
export function lackingOf(
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

/** On few of the cluster, or on less than half of it and few of the fleet. */
function isRarelyLacked(place: Place, id: number, query: number, lacking: number, observed: number): boolean {
  if (lacking <= rareLimit(observed)) return true
  const { inFleet } = place
  const everywhere = inFleet.observed[query] ?? 0
  return (
    lacking <= MINOR_SHARE * observed && everywhere - (inFleet.items[id] ?? 0) <= RARE_IN_FLEET * everywhere
  )
}

/** Counts the hosts that lack what their baseline requires. */
export function countAbsent(
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
