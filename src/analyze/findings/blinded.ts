import type { Query } from '../../osquery/pack.ts'
import { tablesOf } from '../../osquery/sql-tables.ts'
import { isBlank, tokensOf } from '../../osquery/sql-tokens.ts'
import type { ReasonCode } from '../../snapshot/reasons.ts'
import { count, list, plural } from '../../text/phrases.ts'
import type { ClusteredFleet } from '../clustered-fleet.ts'
import { rareLimit } from '../counts.ts'
import { traitsOf } from '../table-traits.ts'
import { type Draft, fingerprint } from './draft.ts'

const MIN_PEERS = 3
/** So many hosts may fail a query before the fleet's answers are called unreliable. */
const MIN_SPARED = 2
const SPARED_SHARE = 0.025
/** So many queries are named. */
const MAX_NAMED = 4

/** The host answered, and left queries out; not what a canceled run, a deadline or SSM cut off. Old snapshots say no code. */
const OWN_DOING: ReadonlySet<ReasonCode | null> = new Set<ReasonCode | null>([
  'queries-unanswered',
  'no-osquery',
  'osquery-not-fetched',
  'old-osquery',
  'no-applicable-query',
  null
])
/** What the host itself says of it, which may be a lie. */
const SAID: Readonly<Partial<Record<ReasonCode, string>>> = {
  'no-osquery': 'osquery is not installed there, or was removed',
  'osquery-not-fetched': 'osquery is not installed there, and could not be downloaded',
  'old-osquery': 'the osquery there is an old one',
  'no-applicable-query': 'no query is said to apply there'
}
const isOwnDoing = (code: ReasonCode | null): boolean => OWN_DOING.has(code)

/** Findings of hosts that did not answer what their peers answered, and the hosts they are about. */
export interface Blinded {
  readonly drafts: readonly Draft[]
  readonly hosts: ReadonlySet<number>
}

/**
 * A query that nearly all hosts of a cluster answered, and that few of them did not, is a deviation of those few:
 * blinding a query must not pay. Hosts that answered nothing are compared with the whole fleet. One finding for each
 * set of queries; high if one of them matters for security, else medium. On a healthy host, a bus that does not answer
 * once loses all queries of units: a protection whose whole table failed, with every other query of it, is medium. What
 * all hosts of a kind fail alike, and what osquery could not answer for want of root, is a matter of coverage. O(hosts × queries).
 */
export function blindedHosts({ fleet, clusters, clusterOf }: ClusteredFleet): Blinded {
  const everyone = clusters.flatMap(({ hosts }) => hosts)
  const fleetAnswers = countAnswers(fleet.hosts, everyone, fleet.queries.length)
  const answers = clusters.map(({ hosts }) => countAnswers(fleet.hosts, hosts, fleet.queries.length))
  const groups = new Map<
    string,
    { queries: number[]; hosts: number[]; peers: number; code: ReasonCode | null }
  >()
  for (const [index, host] of fleet.hosts.entries()) {
    if (host.status !== 'partial' || host.unanswered || !isOwnDoing(host.code)) continue
    const cluster = clusterOf[index] ?? -1
    const small = (clusters[cluster]?.hosts.length ?? 0) < MIN_PEERS + 1
    const peers = small ? everyone.length : (clusters[cluster]?.hosts.length ?? 0)
    const answered = small ? fleetAnswers : answers[cluster]
    const lacked = [...fleet.queries.keys()].filter(query => {
      const others = answered?.[query] ?? 0
      return host.observed[query] !== 1 && others >= MIN_PEERS && peers - others <= rareLimit(peers)
    })
    if (lacked.length === 0) continue
    const key = `${lacked.join()} ${host.code}`
    const group = groups.get(key) ?? { queries: lacked, hosts: [], peers, code: host.code }
    groups.set(key, group)
    group.hosts.push(index)
  }
  if (groups.size === 0) return { drafts: [], hosts: new Set() }
  // Where queries fail here and there anyway, one more is worth a step less.
  const failing = [...groups.values()].reduce((sum, { hosts }) => sum + hosts.length, 0)
  const [severe, lesser] =
    failing > Math.max(MIN_SPARED, SPARED_SHARE * everyone.length)
      ? (['medium', 'low'] as const)
      : (['high', 'medium'] as const)
  const readers = readersByTable(fleet.queries)
  /** Whether a table of a query, which others read too, gave no answer to any of them. */
  const isOutage = (query: Query, isLacked: (query: Query) => boolean) =>
    tablesIn(query).some(table => {
      const all = readers.get(table) ?? []
      return all.length > 1 && all.every(isLacked)
    })
  const drafts = [...groups.values()].map(({ queries, hosts, peers, code }): Draft => {
    const asked = queries.flatMap(query => fleet.queries[query] ?? [])
    const names = asked.map(({ name }) => name).sort()
    const isLacked = (query: Query) => asked.includes(query)
    const matters = asked.some(
      query => traitsOf(query).kind === 'integrity' || (query.control && !isOutage(query, isLacked))
    )
    const said =
      (code === null ? undefined : SAID[code]) ??
      `${plural(names.length, 'the query', 'the queries')} may have been blinded`
    const inClusters = [...new Set(hosts.map(host => clusterOf[host] ?? -1))]
    return {
      id: fingerprint('deviation', [
        'unanswered',
        ...(code === null || code === 'queries-unanswered' ? [] : [code]),
        ...names
      ]),
      kind: 'deviation',
      verdict: 'broken-control',
      severity: matters ? severe : lesser,
      surprise: Math.log2((peers + 1) / hosts.length),
      hosts,
      cluster: inClusters.length === 1 ? (clusters[inClusters[0] ?? -1]?.id ?? null) : null,
      rows: [],
      explanation: `${count(hosts.length, 'host')} did not answer ${list(names, MAX_NAMED)}, which nearly all of ${count(peers, 'host')} answered: ${said}. What ${plural(hosts.length, 'this host has', 'these hosts have')} there is not known.`,
      attack: ['T1685'],
      acceptedBy: null
    }
  })
  return { drafts, hosts: new Set(drafts.flatMap(({ hosts }) => hosts)) }
}

function countAnswers(
  hosts: ClusteredFleet['fleet']['hosts'],
  members: readonly number[],
  queries: number
): Int32Array {
  const answers = new Int32Array(queries)
  for (const member of members) {
    const observed = hosts[member]?.observed
    for (let query = 0; query < queries; query++)
      answers[query] = (answers[query] ?? 0) + (observed?.[query] ?? 0)
  }
  return answers
}

const tablesIn = ({ sql }: Query): string[] =>
  tablesOf(tokensOf(sql).filter(token => !isBlank(token))).map(({ name }) => name)

function readersByTable(queries: readonly Query[]): Map<string, Query[]> {
  const readers = new Map<string, Query[]>()
  for (const query of queries)
    for (const table of new Set(tablesIn(query))) readers.set(table, [...(readers.get(table) ?? []), query])
  return readers
}
