import { acceptanceWords } from '../analyze/findings/acceptances.ts'
import type { Draft } from '../analyze/findings/draft.ts'
import type { Acceptance, Baseline, BaselineQuery } from '../baseline/baseline.ts'
import { MIN_VARIANTS } from '../baseline/patterns.ts'
import { count, list, plural } from '../text/phrases.ts'
import { sanitize } from '../text/sanitize.ts'
import type { Approval, Change } from './approvals.ts'
import { isJudged, rowStatus } from './baseline-version.ts'
import { proposalDraft, severityOfTable } from './proposal-draft.ts'

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

/**
 * Queries of which the new version no longer knows many different rows that at least half of the hosts have: among so
 * much that is new, an intruder's row is taken for one more variant.
 */
export function unlearnedRows({ fleet, clusters, older, newer }: Change): Draft[] {
  const items = fleet.queries.map(() => new Set<number>())
  const having = fleet.queries.map(() => new Set<number>())
  const observers = fleet.queries.map(() => 0)
  for (const host of clusters.flatMap(({ hosts }) => hosts)) {
    const { items: ids = [], observed = [] } = fleet.hosts[host] ?? {}
    for (const query of fleet.queries.keys())
      observers[query] = (observers[query] ?? 0) + (observed[query] ?? 0)
    for (const id of ids) {
      const query = fleet.items[id]?.query ?? -1
      if (rowStatus(older, host, id, query)[0] !== 'known' || rowStatus(newer, host, id, query)[0] !== 'new')
        continue
      items[query]?.add(id)
      having[query]?.add(host)
    }
  }
  return fleet.queries.flatMap((query, index) => {
    const hosts = having[index]?.size ?? 0
    if ((items[index]?.size ?? 0) < MIN_VARIANTS || hosts * 2 < (observers[index] ?? 0)) return []
    return [
      proposalDraft(
        query,
        JSON.stringify(['unlearned', query.name]),
        severityOfTable(query),
        `The new baseline no longer knows ${count(items[index]?.size ?? 0, 'row')} of ${query.name} that ${count(hosts, 'host')} ${plural(hosts, 'has', 'have')}: among so many new rows, one of an intruder would go unnoticed.`
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

const matchesAnyRow = ({ match }: Acceptance): boolean =>
  Object.values(match).every(glob => /^[*?]+$/.test(glob))
