import { describeReason, type Reason } from '../../snapshot/reasons.ts'
import type { HostRecord, QueryResult } from '../../snapshot/snapshot.ts'
import type { DifferentialSet } from './differential.ts'
import { rowOf } from './rows.ts'

/** Where single results come from. Results of one host from two sources are two records of it. */
export type Source = 'osqueryd' | 'osqueryi' | 'fleet'

/** What is known of one host from one source. */
export interface HostState {
  readonly host: string
  readonly source: Source
  /** What its decorations call the machine; `null`: nothing yet. */
  uuid: string | null
  /** Seconds since 1970 of its newest result. */
  time: number
  /** By query, from a differential log. */
  readonly sets: Map<string, Generation>
  /** By query, the newest answer that has all rows. */
  readonly answers: Map<string, StoredAnswer>
  /** How often osqueryd began anew. */
  generation: number
}

export interface Generation {
  readonly set: DifferentialSet
  generation: number
}

export interface StoredAnswer {
  time: number
  status: QueryResult['status']
  detail: string | null
  /** Rows as text, which takes a third of the memory of objects; `null`: one of them is no row. */
  texts: string[] | null
  /** The longest time between two of them, in seconds; 0: there is only one. */
  longestGap: number
  /** In snapshot-event format, which writes no line for a snapshot without rows. */
  readonly isByRow: boolean
}

/** What only all hosts of a source together show. */
export interface FleetKnowledge {
  /** Queries whose log has removed a row on some host. */
  readonly removing: ReadonlySet<string>
  /** Queries that more than half of the hosts have. */
  readonly usual: readonly string[]
  /** The others. */
  readonly few: readonly string[]
}

/** What the hosts of one source show together. */
export function fleetKnowledge(states: readonly HostState[]): FleetKnowledge {
  const removing = new Set<string>()
  const counts = new Map<string, number>()
  for (const { sets, answers } of states) {
    for (const query of new Set([...sets.keys(), ...answers.keys()]))
      counts.set(query, (counts.get(query) ?? 0) + 1)
    for (const [query, { set }] of sets) if (set.hasRemovals) removing.add(query)
  }
  const queries = [...counts.keys()].sort()
  const isUsual = (query: string) => (counts.get(query) ?? 0) * 2 > states.length
  return { removing, usual: queries.filter(isUsual), few: queries.filter(query => !isUsual(query)) }
}

const failed = (detail: string): QueryResult => ({ status: 'failed', detail, rows: [] })

/** The results of a host, by the names of the run's packs. */
export function resultsOf(
  state: HostState,
  { removing, usual }: FleetKnowledge,
  nameOf: (query: string) => string,
  isShared: boolean
): Record<string, QueryResult> {
  const results: Record<string, QueryResult> = Object.create(null)
  const names = new Set([...state.sets.keys(), ...state.answers.keys(), ...usual])
  for (const query of [...names].sort()) {
    const name = nameOf(query)
    results[name in results ? query : name] = resultOf(state, query, removing, isShared)
  }
  return results
}

function resultOf(
  state: HostState,
  query: string,
  removing: ReadonlySet<string>,
  isShared: boolean
): QueryResult {
  const known = state.sets.get(query)
  const answer = state.answers.get(query)
  if (known !== undefined && (answer === undefined || answer.time < known.set.time))
    return differentialResult(state, known, removing.has(query), isShared)
  if (answer === undefined)
    return failed('it has no line in the logs: it may have no rows, or have failed, or never have run')
  const { status, detail, texts } = answer
  if (texts === null) return failed('it has a row that is not an object of values')
  const rows = texts.map(rowOf)
  return status === 'ok' && isStale(answer, state.time)
    ? { status: 'truncated', detail: 'its last snapshot is much older than other results of the host', rows }
    : { status, detail, rows }
}

const MISSED_SNAPSHOTS = 3
const MIN_STALE_SECONDS = 60 * 60

/** Whether snapshots of a query came regularly and have stopped: it fails now, or nobody asks it. */
function isStale({ time, longestGap, isByRow }: StoredAnswer, now: number): boolean {
  const limit = MISSED_SNAPSHOTS * longestGap
  return longestGap > 0 && now - time > (isByRow ? limit : Math.max(MIN_STALE_SECONDS, limit))
}

function differentialResult(
  state: HostState,
  { set, generation }: Generation,
  isRemoving: boolean,
  isShared: boolean
): QueryResult {
  if (set.onlyAdds && !isRemoving)
    return failed('its log only adds rows: they are events, or the query has "removed": false')
  const result = set.result()
  if (result.status !== 'ok') return result
  if (generation < state.generation && !set.isEmpty)
    return failed('osqueryd began anew and has written nothing of it since: it may have no rows now')
  const isCut =
    set.beganUnseen && (isShared || [...state.sets.values()].some(other => other.set.beganInMiddle))
  return isCut ? { ...result, status: 'truncated', detail: 'its log begins in the middle' } : result
}

/** ISO 8601; `null`: not known. */
export const dateOf = (seconds: number) => (seconds === 0 ? null : new Date(seconds * 1_000).toISOString())

/** The record of a host with its results. */
export function recordOf(host: string, state: HostState, queries: Record<string, QueryResult>): HostRecord {
  const unanswered = Object.entries(queries).filter(([, { status }]) => status !== 'ok')
  const reason: Reason | null =
    unanswered.length > 0
      ? {
          code: 'queries-unanswered',
          queries: unanswered.map(([name, { status, detail }]) => ({ name, status, detail }))
        }
      : Object.keys(queries).length === 0
        ? { code: 'no-applicable-query' }
        : null
  return {
    host,
    status: reason === null ? 'reported' : 'partial',
    code: reason?.code ?? null,
    reason: reason === null ? null : describeReason(reason),
    unanswered: false,
    collectedAt: dateOf(state.time),
    facts: null,
    queries
  }
}
