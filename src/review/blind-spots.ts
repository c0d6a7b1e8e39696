import { countItems } from '../analyze/counts.ts'
import {
  generalize,
  isPattern,
  MIN_PATTERN_HOSTS,
  MIN_PATTERN_SHARE,
  MIN_VARIANTS,
  patternOf
} from '../baseline/patterns.ts'
import type { Item } from '../normalize/items.ts'
import type { Approval, Change } from './approvals.ts'
import { isAcceptedEverywhere, isJudged, isRequired, keyOfItem, rowsOf } from './baseline-version.ts'

/**
 * What a new version of a baseline makes room for although nothing shows it today: patterns that replace rows, and
 * protections that are no longer required. O(hosts × required protections + new patterns × items).
 *
 * @param approvals what the new version approves today
 * @param reported those approvals that become open findings by themselves
 */
export function findPreapprovals(
  change: Change,
  approvals: readonly Approval[],
  reported: readonly Approval[]
): Approval[] {
  const { fleet, clusters, older } = change
  const { observed } = countItems(
    fleet,
    clusters.flatMap(({ hosts }) => hosts)
  )
  const rows = [
    ...newPatterns(change, reported).map(
      item => ['unexpected', item, isLearnedPattern(change, item)] as const
    ),
    ...relaxedProtections(change, approvals).map(item => ['missing', item, false] as const)
  ]
  return rows.flatMap(([kind, item, isLearned]): Approval[] => {
    if (isAcceptedEverywhere(older, fleet, item)) return []
    const observers = observed[item.query] ?? 0
    const onNoHost = { cluster: null, hosts: [], accepted: new Map(), affected: 0 }
    const learned = isLearned ? ({ learned: true } as const) : {}
    return [{ kind, item, ...onNoHost, observers, preapproved: true, ...learned }]
  })
}

/** Patterns that only the new version has: each counts as all the text that it matches, however many rows it replaces. */
function newPatterns({ fleet, older, newer }: Change, reported: readonly Approval[]): Item[] {
  const before = new Set([...rowsOf(older).values()].map(keyOfItem))
  return [...rowsOf(newer)].flatMap(([id, item]) => {
    // A row that the fleet has character by character was not written as a pattern.
    if (id < fleet.items.length || !item.values.some(isPattern) || before.has(keyOfItem(item))) return []
    const tests = item.values.map(patternOf)
    const isReported = reported.some(
      other =>
        other.item.query === item.query && tests.every((test, at) => test.test(other.item.values[at] ?? ''))
    )
    return isReported ? [] : [item]
  })
}

/**
 * Whether a pattern is the one that mode `baseline` makes of rows of this fleet, and not a wider one: many variants, and
 * together on at least half of the hosts, so that no host makes room for its own rows.
 */
function isLearnedPattern({ fleet }: Change, { query, values }: Item): boolean {
  const variants = new Set<number>()
  for (const [id, other] of fleet.items.entries()) {
    if (other.query !== query) continue
    if (
      values.every((value, at) => other.values[at] === value || generalize(other.values[at] ?? '') === value)
    )
      variants.add(id)
  }
  if (variants.size < MIN_VARIANTS) return false
  const observers = fleet.hosts.filter(({ observed }) => observed[query] === 1)
  const hosts = observers.filter(({ items }) => items.some(id => variants.has(id)))
  return hosts.length >= MIN_PATTERN_HOSTS && hosts.length >= MIN_PATTERN_SHARE * observers.length
}

/** Protections that only the old version requires of some host, and that no host lacks. */
function relaxedProtections(
  { fleet, clusters, older, newer }: Change,
  approvals: readonly Approval[]
): Item[] {
  const lacking = new Set(
    approvals.filter(({ kind }) => kind === 'missing').map(({ item }) => keyOfItem(item))
  )
  const relaxed = new Map<string, Item>()
  for (const host of clusters.flatMap(({ hosts }) => hosts)) {
    const expectation = older.match?.byHost[host]
    for (const [key, item] of expectation === undefined ? [] : (older.required.get(expectation) ?? [])) {
      if (fleet.queries[item.query]?.control !== true || lacking.has(key)) continue
      if (isJudged(newer, host, item.query) && !isRequired(newer, host, key)) relaxed.set(key, item)
    }
  }
  return [...relaxed.values()]
}
