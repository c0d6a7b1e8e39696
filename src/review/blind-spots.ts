import { countItems } from '../analyze/counts.ts'
import type { Severity } from '../analyze/finding.ts'
import { acceptanceId, acceptanceWords, coversItem } from '../analyze/findings/acceptances.ts'
import { type Draft, fingerprint } from '../analyze/findings/draft.ts'
import type { Acceptance } from '../baseline/baseline.ts'
import { isPattern, MIN_VARIANTS, patternOf } from '../baseline/patterns.ts'
import type { Item } from '../normalize/items.ts'
import type { Query } from '../osquery/pack.ts'
import { count } from '../text/phrases.ts'
import type { Approval, Change } from './approvals.ts'
import { isAcceptedEverywhere, isJudged, isRequired, keyOfItem, rowsOf } from './baseline-version.ts'

/** How severe it is that a table is no longer watched, by what the table means for security. */
export function severityOfTable({ weight }: Query): Severity {
  if (weight === 'integrity') return 'high'
  return weight === 'context' ? 'low' : 'medium'
}

/**
 * What a new version of a baseline makes room for although nothing shows it today: patterns that replace rows, and
 * protections that are no longer required. O(hosts × required protections + new patterns × items).
 *
 * @param approvals what the new version approves today
 * @param rare those approvals that become findings by themselves
 */
export function findPreapprovals(
  change: Change,
  approvals: readonly Approval[],
  rare: readonly Approval[]
): Approval[] {
  const { fleet, clusters, older } = change
  const { observed } = countItems(
    fleet,
    clusters.flatMap(({ hosts }) => hosts)
  )
  const rows = [
    ...newPatterns(change, rare).map(item => ['unexpected', item] as const),
    ...relaxedProtections(change, approvals).map(item => ['missing', item] as const)
  ]
  return rows.flatMap(([kind, item]): Approval[] => {
    if (isAcceptedEverywhere(older, fleet, item)) return []
    const observers = observed[item.query] ?? 0
    const onNoHost = { cluster: null, hosts: [], accepted: new Map(), affected: 0 }
    return [{ kind, item, ...onNoHost, observers, preapproved: true }]
  })
}

/** Patterns that match more than the rows they replace, except those of many variants, which learning writes. */
function newPatterns({ fleet, older, newer }: Change, rare: readonly Approval[]): Item[] {
  const before = new Set([...rowsOf(older).values()].map(keyOfItem))
  return [...rowsOf(newer)].flatMap(([id, item]) => {
    // A row that the fleet has character by character was not written as a pattern.
    if (id < fleet.items.length || !item.values.some(isPattern) || before.has(keyOfItem(item))) return []
    const tests = item.values.map(patternOf)
    const isReported = rare.some(
      other =>
        other.item.query === item.query && tests.every((test, at) => test.test(other.item.values[at] ?? ''))
    )
    const variants = newer.match?.matchedItem?.filter(matched => matched === id).length ?? 0
    const isLearned = fleet.queries[item.query]?.weight !== 'integrity' && variants >= MIN_VARIANTS
    return isReported || isLearned ? [] : [item]
  })
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

/** Queries that the old version judged on some hosts and the new one does not. */
export function unjudgedQueries(
  { fleet, clusters, older, newer }: Change,
  rare: readonly Approval[]
): Draft[] {
  const hosts = clusters.flatMap(cluster => cluster.hosts)
  return fleet.queries.flatMap((query, index) => {
    const lost = hosts.filter(host => isJudged(older, host, index) && !isJudged(newer, host, index)).length
    if (lost === 0 || rare.some(({ item }) => item.query === index)) return []
    const by = older.accept.find(
      acceptance =>
        acceptance.query === query.name && acceptance.hosts === undefined && matchesAnyRow(acceptance)
    )
    return [
      poisoningDraft(
        query,
        JSON.stringify(['unjudged', query.name]),
        severityOfTable(query),
        `The new baseline no longer judges ${query.name} on ${count(lost, 'host')}: a row that most of the fleet has would go unnoticed there.`,
        by === undefined ? null : acceptanceWords(by)
      )
    ]
  })
}

/**
 * Acceptances that only the new version has and that cover nothing yet, or more than they need to: in integrity tables
 * and tables of protections any with a wildcard, elsewhere those that match every row.
 *
 * @param unused ids of the acceptances that cover nothing
 */
export function openAcceptances(
  { fleet, older, newer }: Change,
  unused: ReadonlySet<string>,
  rare: readonly Approval[]
): Draft[] {
  const keyOfAcceptance = (acceptance: Acceptance) => JSON.stringify(Object.entries(acceptance).sort())
  const before = new Set(older.accept.map(keyOfAcceptance))
  return newer.accept.flatMap(acceptance => {
    const query = fleet.queries.find(({ name }) => name === acceptance.query)
    if (query === undefined || before.has(keyOfAcceptance(acceptance))) return []
    if (rare.some(({ item }) => coversItem(acceptance, fleet, item))) return []
    const isCritical = query.weight === 'integrity' || query.control
    const coversNothing = unused.has(acceptanceId(acceptance))
    const isWide =
      matchesAnyRow(acceptance) || (isCritical && Object.values(acceptance.match).some(hasWildcard))
    if (!coversNothing && !isWide) return []
    return [
      poisoningDraft(
        query,
        keyOfAcceptance(acceptance),
        isCritical ? 'high' : isWide ? 'medium' : 'low',
        coversNothing
          ? `The new baseline accepts rows of ${query.name} that no host has: a match would go unnoticed when it appears.`
          : `The new baseline accepts more rows of ${query.name} than hosts have today: any other match would go unnoticed.`,
        null
      )
    ]
  })
}

const hasWildcard = (glob: string): boolean => /[*?]/.test(glob)

const matchesAnyRow = ({ match }: Acceptance): boolean =>
  Object.values(match).every(glob => /^\*+$/.test(glob))

/** A finding about the baseline itself: it names no host and no row. */
function poisoningDraft(
  query: Query,
  cause: string,
  severity: Severity,
  explanation: string,
  acceptedBy: string | null
): Draft {
  return {
    id: fingerprint('poisoning', [cause]),
    kind: 'poisoning',
    verdict: null,
    severity,
    surprise: 0,
    hosts: [],
    cluster: null,
    rows: [],
    explanation,
    attack: query.attack,
    acceptedBy
  }
}
