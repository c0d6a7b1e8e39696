import { countItems } from '../analyze/counts.ts'
import { acceptanceId, acceptanceWords, coversItem } from '../analyze/findings/acceptances.ts'
import { type Draft, fingerprint } from '../analyze/findings/draft.ts'
import type { Severity } from '../analyze/findings/finding.ts'
import type { Acceptance } from '../baseline/baseline.ts'
import { isPattern, patternOf } from '../baseline/patterns.ts'
import { MIN_VARIANTS } from '../learn/variants.ts'
import type { Item } from '../normalize/fleet.ts'
import type { Query } from '../osquery/pack.ts'
import { type Approval, type Change, isJudged, isRequired, keyOf, rowsOf, type Views } from './approvals.ts'

/** How grave it is that a table is no longer watched, by what it means for security. */
export function severityOfTable({ weight }: Query): Severity {
  if (weight === 'integrity') return 'high'
  return weight === 'context' ? 'low' : 'medium'
}

/**
 * What a new version of a baseline makes room for, though nothing shows it today: patterns in the place of rows, and
 * protections that are no longer required. O(hosts × required protections + new patterns × items).
 *
 * @param blessed what is blessed today
 * @param told the part of it that is told
 */
export function anticipated(
  change: Change,
  views: Views,
  blessed: readonly Approval[],
  told: readonly Approval[]
): Approval[] {
  const { fleet, clusters } = change
  const { observed } = countItems(
    fleet,
    clusters.flatMap(({ hosts }) => hosts)
  )
  const rows = [
    ...newPatterns(change, views, told).map(item => ['unexpected', item] as const),
    ...laxProtections(change, views, blessed).map(item => ['missing', item] as const)
  ]
  return rows.flatMap(([kind, item]): Approval[] => {
    if (views.older.accept.some(one => one.hosts === undefined && coversItem(one, fleet, item))) return []
    const many = observed[item.query] ?? 0
    return [
      { kind, item, cluster: null, hosts: [], accepted: new Map(), having: 0, observed: many, foreseen: true }
    ]
  })
}

/** Patterns through which more may come than the rows that they replace; not those of many variants, as learned. */
function newPatterns({ fleet }: Change, { older, newer }: Views, told: readonly Approval[]): Item[] {
  const before = new Set([...rowsOf(older).values()].map(keyOf))
  return [...rowsOf(newer)].flatMap(([id, item]) => {
    // What the fleet has in these very words is no pattern of people's.
    if (id < fleet.items.length || !item.values.some(isPattern) || before.has(keyOf(item))) return []
    const tests = item.values.map(patternOf)
    const isTold = told.some(
      other =>
        other.item.query === item.query && tests.every((test, at) => test.test(other.item.values[at] ?? ''))
    )
    const variants = newer.expected?.matchedItem?.filter(stands => stands === id).length ?? 0
    const learned = fleet.queries[item.query]?.weight !== 'integrity' && variants >= MIN_VARIANTS
    return isTold || learned ? [] : [item]
  })
}

/** Protections that only the old version requires of some host, and that no host lacks. */
function laxProtections(
  { fleet, clusters }: Change,
  { older, newer }: Views,
  blessed: readonly Approval[]
): Item[] {
  const lacking = new Set(blessed.filter(({ kind }) => kind === 'missing').map(({ item }) => keyOf(item)))
  const found = new Map<string, Item>()
  for (const host of clusters.flatMap(({ hosts }) => hosts)) {
    const expectation = older.expected?.byHost[host]
    for (const [key, item] of expectation === undefined ? [] : (older.required.get(expectation) ?? [])) {
      if (fleet.queries[item.query]?.control !== true || lacking.has(key)) continue
      if (isJudged(newer, host, item.query) && !isRequired(newer, host, key)) found.set(key, item)
    }
  }
  return [...found.values()]
}

/** Queries that the old version judged on some hosts, and the new one does not. */
export function unjudgedQueries(
  { fleet, clusters }: Change,
  { older, newer }: Views,
  told: readonly Approval[]
): Draft[] {
  const hosts = clusters.flatMap(cluster => cluster.hosts)
  return fleet.queries.flatMap((query, index) => {
    const lost = hosts.filter(host => isJudged(older, host, index) && !isJudged(newer, host, index)).length
    if (lost === 0 || told.some(({ item }) => item.query === index)) return []
    const by = older.accept.find(one => one.query === query.name && one.hosts === undefined && isWhole(one))
    return [
      draft(
        query,
        JSON.stringify(['unjudged', query.name]),
        severityOfTable(query),
        `The new baseline no longer judges ${query.name} on ${lost} ${lost === 1 ? 'host' : 'hosts'}: what most of the fleet shows there would go unseen.`,
        by === undefined ? null : acceptanceWords(by)
      )
    ]
  })
}

/**
 * Acceptances of the new version alone that cover nothing yet, or more than what they are for: any with a wildcard in a
 * table of integrity or of protections, and in the others those that take in every row.
 *
 * @param unused ids of the acceptances that cover nothing
 */
export function openAcceptances(
  { fleet, older, newer, today }: Change,
  unused: ReadonlySet<string>,
  told: readonly Approval[]
): Draft[] {
  const identity = (acceptance: Acceptance) => JSON.stringify(Object.entries(acceptance).sort())
  const before = new Set((older?.accept ?? []).map(identity))
  return newer.accept.flatMap(acceptance => {
    const query = fleet.queries.find(({ name }) => name === acceptance.query)
    const old = before.has(identity(acceptance)) || acceptance.expires < today
    if (old || query === undefined || told.some(({ item }) => coversItem(acceptance, fleet, item))) return []
    const grave = query.weight === 'integrity' || query.control
    const empty = unused.has(acceptanceId(acceptance))
    const wide = isWhole(acceptance) || (grave && Object.values(acceptance.match).some(isWild))
    if (!empty && !wide) return []
    const severity = grave ? 'high' : wide ? 'medium' : 'low'
    const words = empty
      ? `rows of ${query.name} that no host has`
      : `more rows of ${query.name} than those that hosts have`
    return [
      draft(
        query,
        identity(acceptance),
        severity,
        `The new baseline accepts ${words}: what it matches would go unseen the day it is there.`,
        null
      )
    ]
  })
}

const isWild = (glob: string): boolean => /[*?]/.test(glob)
const isWhole = ({ match }: Acceptance): boolean => Object.values(match).every(glob => /^\*+$/.test(glob))

function draft(
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
