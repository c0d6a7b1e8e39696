import { countItems } from '../analyze/counts.ts'
import type { Severity } from '../analyze/finding.ts'
import { acceptanceId, acceptanceWords, coversHost, coversItem } from '../analyze/findings/acceptances.ts'
import { type Draft, fingerprint } from '../analyze/findings/draft.ts'
import { weightOfQuery } from '../analyze/table-weight.ts'
import type { Acceptance, Baseline, BaselineQuery } from '../baseline/baseline.ts'
import {
  generalize,
  isPattern,
  MIN_PATTERN_HOSTS,
  MIN_PATTERN_SHARE,
  MIN_VARIANTS,
  patternOf
} from '../baseline/patterns.ts'
import type { Fleet } from '../normalize/fleet.ts'
import type { Item } from '../normalize/items.ts'
import type { Query } from '../osquery/pack.ts'
import { count, list } from '../text/phrases.ts'
import { sanitize } from '../text/sanitize.ts'
import type { Approval, Change } from './approvals.ts'
import { isAcceptedEverywhere, isJudged, isKnown, isRequired, keyOfItem, rowsOf } from './baseline-version.ts'

/** How severe it is that rows of a table would go unnoticed: most intruders stay by ordinary tables, such as crontab. */
export function severityOfTable(query: Query): Severity {
  return weightOfQuery(query) === 'context' ? 'low' : 'high'
}

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

/** Queries that the old version judged on some hosts and the new one does not. */
export function unjudgedQueries(
  { fleet, clusters, older, newer }: Change,
  reported: readonly Approval[]
): Draft[] {
  const hosts = clusters.flatMap(cluster => cluster.hosts)
  return fleet.queries.flatMap((query, index) => {
    const lost = hosts.filter(host => isJudged(older, host, index) && !isJudged(newer, host, index)).length
    if (lost === 0 || reported.some(({ item }) => item.query === index)) return []
    const by = older.accept.find(
      acceptance =>
        acceptance.query === query.name && acceptance.hosts === undefined && matchesAnyRow(acceptance)
    )
    return [
      proposalDraft(
        query,
        JSON.stringify(['unjudged', query.name]),
        severityOfTable(query),
        `The new baseline no longer judges ${query.name} on ${count(lost, 'host')}: a row that most of the fleet has would go unnoticed there.`,
        by === undefined ? null : acceptanceWords(by)
      )
    ]
  })
}

/** Queries of which the new version compares fewer columns: what differs only in the others would go unnoticed. */
export function reducedColumns({ fleet, older, newer }: Change): Draft[] {
  const after = new Map(newer.match === null ? [] : queriesOfBaseline(newer.match.baseline))
  return fleet.queries.flatMap((query, index) => {
    const before = older.match === null ? [] : queriesOfBaseline(older.match.baseline)
    const columns = before.find(([name]) => name === query.name)?.[1].columns ?? []
    const kept = after.get(query.name)?.columns
    const lost = kept === undefined ? [] : columns.filter(column => !kept.includes(column))
    const isCompared = [...fleet.hosts.keys()].some(host => isJudged(newer, host, index))
    if (lost.length === 0 || !isCompared) return []
    const names = list(lost.map(column => sanitize(column, 64)))
    return [
      proposalDraft(
        query,
        JSON.stringify(['columns', query.name, ...lost]),
        severityOfTable(query),
        `The new baseline no longer compares ${names} of ${query.name}: rows that differ only there would go unnoticed.`
      )
    ]
  })
}

function queriesOfBaseline({ queries, roles }: Baseline): [string, BaselineQuery][] {
  return [queries, ...Object.values(roles).map(role => role.queries)].flatMap(place => Object.entries(place))
}

/**
 * Acceptances that only the new version has and that match more than deviates today: a row that no host has, or any
 * text, because of a wildcard.
 *
 * @param unused ids of the acceptances that cover nothing
 */
export function openAcceptances(
  change: Change,
  unused: ReadonlySet<string>,
  reported: readonly Approval[]
): Draft[] {
  const { fleet, older, newer } = change
  const keyOfAcceptance = (acceptance: Acceptance) => JSON.stringify(Object.entries(acceptance).sort())
  const before = new Set(older.accept.map(keyOfAcceptance))
  return newer.accept.flatMap(acceptance => {
    const query = fleet.queries.find(({ name }) => name === acceptance.query)
    if (query === undefined || before.has(keyOfAcceptance(acceptance))) return []
    if (reported.some(({ item }) => coversItem(acceptance, fleet, item))) return []
    const coversNothing = unused.has(acceptanceId(acceptance))
    if (!coversNothing && !matchesMore(acceptance, change)) return []
    return [
      proposalDraft(
        query,
        keyOfAcceptance(acceptance),
        severityOfTable(query),
        coversNothing
          ? `The new baseline accepts rows of ${query.name} that no host has: a match would go unnoticed when it appears.`
          : `The new baseline accepts more rows of ${query.name} than hosts have today: any other match would go unnoticed. Accept the rows that hosts have, without a wildcard.`
      )
    ]
  })
}

/**
 * Whether an acceptance also matches what does not deviate today: any text, by a wildcard; rows that are known and so
 * need no acceptance; or a rare row on hosts that do not have it.
 */
function matchesMore(acceptance: Acceptance, { fleet, older, newer }: Change): boolean {
  if (Object.values(acceptance.match).some(glob => /[*?]/.test(glob))) return true
  return fleet.items.some((item, id) => {
    if (!coversItem(acceptance, fleet, item)) return false
    return isKnown(older, id) || isKnown(newer, id) || coversMoreHosts(acceptance, id, fleet)
  })
}

/** Whether an acceptance covers hosts that lack a row which fewer than half of the hosts have. */
function coversMoreHosts(acceptance: Acceptance, id: number, { hosts }: Fleet): boolean {
  const having = hosts.filter(({ items }) => items.includes(id))
  if (having.length * 2 >= hosts.length) return false
  const covered = hosts.filter(host => coversHost(acceptance, host.id))
  return (
    acceptance.hosts === undefined ||
    acceptance.hosts.some(glob => /[*?]/.test(glob)) ||
    covered.length > having.length
  )
}

const matchesAnyRow = ({ match }: Acceptance): boolean =>
  Object.values(match).every(glob => /^[*?]+$/.test(glob))

/** A finding about what a proposed file says of a query: it names no host and no row. */
export function proposalDraft(
  query: Query,
  cause: string,
  severity: Severity,
  explanation: string,
  acceptedBy: string | null = null
): Draft {
  return { ...fileDraft(cause, explanation), severity, attack: query.attack, acceptedBy }
}

/** A high finding about a proposed file itself. */
export function fileDraft(cause: string, explanation: string): Draft {
  return {
    id: fingerprint('poisoning', [cause]),
    kind: 'poisoning',
    verdict: null,
    severity: 'high',
    surprise: 0,
    hosts: [],
    cluster: null,
    rows: [],
    explanation,
    attack: [],
    acceptedBy: null
  }
}
