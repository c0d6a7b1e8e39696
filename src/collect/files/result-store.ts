import { describeReason, type Reason } from '../../snapshot/reasons.ts'
import type { HostRecord, QueryResult } from '../../snapshot/snapshot.ts'
import { DifferentialSet } from './differential.ts'
import type { LineFault, ResultLine } from './result-line.ts'
import { rowOf, rowText } from './rows.ts'

/** Where single results come from. Results of one host from two sources are two records of it. */
export type Source = 'osqueryd' | 'osqueryi' | 'fleet'

/** All rows of one query on one host at one time. */
export interface Answer {
  readonly source: Source
  readonly host: string
  readonly query: string
  /** Seconds since 1970. */
  readonly time: number
  readonly status: QueryResult['status']
  readonly detail: string | null
  /** Hostile: anything that JSON can be. */
  readonly rows: readonly unknown[]
}

/** What is known of one host from one source. */
interface HostState {
  readonly host: string
  readonly source: Source
  /** Seconds since 1970 of its newest result. */
  time: number
  /** By query, from a differential log. */
  readonly sets: Map<string, Generation>
  /** By query, the newest answer that has all rows. */
  readonly answers: Map<string, StoredAnswer>
  /** How often osqueryd began anew. */
  generation: number
}

interface Generation {
  readonly set: DifferentialSet
  generation: number
}

interface StoredAnswer {
  time: number
  status: QueryResult['status']
  detail: string | null
  /** Rows as text, which takes a third of the memory of objects; `null`: one of them is no row. */
  texts: string[] | null
}

/** A record, and what it stands for where two records are of one host. */
export interface StoredRecord {
  readonly source: Source
  readonly record: HostRecord
}

/**
 * Collects single results into hosts. Memory holds the present rows of each host, however long the logs are.
 * @param nameOf the name in this run's packs of a query that a log names
 */
export function resultStore(nameOf: (query: string) => string) {
  const states: Readonly<Record<Source, Map<string, HostState>>> = {
    osqueryd: new Map(),
    osqueryi: new Map(),
    fleet: new Map()
  }

  let latest: HostState | null = null
  /** The lines of a host mostly follow each other. */
  function stateOf(source: Source, host: string): HostState {
    if (latest !== null && latest.host === host && latest.source === source) return latest
    let state = states[source].get(host)
    if (state === undefined) {
      state = { host, source, time: 0, sets: new Map(), answers: new Map(), generation: 0 }
      states[source].set(host, state)
    }
    latest = state
    return state
  }

  function addLine({ host, query, time, epoch, counter, content }: ResultLine): void {
    const state = stateOf('osqueryd', host)
    if (time > state.time) state.time = time
    switch (content.kind) {
      case 'snapshot':
        keepAnswer(state, { query, time, status: 'ok', detail: null, rows: content.rows })
        break
      case 'snapshot-row':
        keepSnapshotRow(state, query, time, content.row)
        break
      default: {
        const set = enter(state, query, time, epoch, counter)
        if (content.kind === 'batch') {
          for (const row of content.removed) change(set, 'removed', rowText(row))
          for (const row of content.added) change(set, 'added', rowText(row))
        } else change(set, content.kind, content.row)
      }
    }
  }

  function addAnswer({ source, host, ...answer }: Answer): void {
    const state = stateOf(source, host)
    if (answer.time > state.time) state.time = answer.time
    keepAnswer(state, answer)
  }

  /** A line that cannot be read puts its query, or all queries of its host, in doubt. Returns whether it has a host. */
  function addFault({ host, query }: LineFault): boolean {
    if (host === null) return false
    const state = stateOf('osqueryd', host)
    for (const [name, { set }] of state.sets) if (query === null || name === query) set.damage()
    for (const [name, answer] of state.answers) {
      if (query !== null && name !== query) continue
      answer.status = 'truncated'
      answer.detail = DAMAGED
    }
    if (query !== null && !state.sets.has(query) && !state.answers.has(query))
      state.answers.set(query, { time: 0, status: 'failed', detail: DAMAGED, texts: [] })
    return true
  }

  /** The hosts, each once for each source. It empties the store. */
  function* records(): Generator<StoredRecord> {
    for (const ofSource of Object.values(states)) {
      const fleet = fleetKnowledge([...ofSource.values()])
      for (const [host, state] of ofSource) {
        ofSource.delete(host)
        yield { source: state.source, record: recordOf(state, resultsOf(state, fleet, nameOf)) }
      }
    }
  }

  return { addLine, addAnswer, addFault, records }
}

const DAMAGED = 'a line of its log cannot be read'

function enter(
  state: HostState,
  query: string,
  time: number,
  epoch: number | null,
  counter: number | null
): DifferentialSet {
  let known = state.sets.get(query)
  if (known === undefined) {
    known = { set: new DifferentialSet(), generation: state.generation }
    state.sets.set(query, known)
  }
  if (known.set.enter(time, epoch, counter)) {
    if (known.generation === state.generation) state.generation++
    known.generation = state.generation
  }
  return known.set
}

function change(set: DifferentialSet, kind: 'added' | 'removed', row: string | null): void {
  if (row === null) set.damage()
  else if (kind === 'added') set.add(row)
  else set.remove(row)
}

function keepAnswer(
  { answers }: HostState,
  { query, time, status, detail, rows }: Omit<Answer, 'source' | 'host'>
): void {
  const known = answers.get(query)
  if (known !== undefined && known.time > time) return
  const texts = rows.map(row => rowText(row))
  const usable = texts.every(text => text !== null)
  answers.set(query, { time, status, detail, texts: usable ? texts : null })
}

/** In snapshot-event format, the rows of one snapshot are lines of equal time. */
function keepSnapshotRow({ answers }: HostState, query: string, time: number, row: unknown): void {
  const text = rowText(row)
  const known = answers.get(query)
  if (known !== undefined && known.time > time) return
  if (known === undefined || known.time < time)
    answers.set(query, { time, status: 'ok', detail: null, texts: text === null ? null : [text] })
  else if (text === null) known.texts = null
  else known.texts?.push(text)
}

/** What only all hosts of a source together show. */
interface FleetKnowledge {
  /** Queries whose log has removed a row on some host. */
  readonly removing: ReadonlySet<string>
  /** Queries that more than half of the hosts have. */
  readonly usual: readonly string[]
}

function fleetKnowledge(states: readonly HostState[]): FleetKnowledge {
  const removing = new Set<string>()
  const counts = new Map<string, number>()
  for (const { sets, answers } of states) {
    for (const query of new Set([...sets.keys(), ...answers.keys()]))
      counts.set(query, (counts.get(query) ?? 0) + 1)
    for (const [query, { set }] of sets) if (set.hasRemovals) removing.add(query)
  }
  const usual = [...counts].flatMap(([query, count]) => (count * 2 > states.length ? [query] : []))
  return { removing, usual }
}

const failed = (detail: string): QueryResult => ({ status: 'failed', detail, rows: [] })

function resultsOf(
  state: HostState,
  { removing, usual }: FleetKnowledge,
  nameOf: (query: string) => string
): Record<string, QueryResult> {
  const results: Record<string, QueryResult> = Object.create(null)
  const names = new Set([...state.sets.keys(), ...state.answers.keys(), ...usual])
  for (const query of [...names].sort()) {
    const name = nameOf(query)
    results[name in results ? query : name] = resultOf(state, query, removing)
  }
  return results
}

function resultOf(state: HostState, query: string, removing: ReadonlySet<string>): QueryResult {
  const known = state.sets.get(query)
  const answer = state.answers.get(query)
  if (known !== undefined && (answer === undefined || answer.time < known.set.time))
    return differentialResult(state, known, removing.has(query))
  if (answer === undefined)
    return failed('it has no line in the logs: it may have no rows, or have failed, or never have run')
  const { status, detail, texts } = answer
  return texts === null
    ? failed('it has a row that is not an object of values')
    : { status, detail, rows: texts.map(rowOf) }
}

function differentialResult(
  state: HostState,
  { set, generation }: Generation,
  isRemoving: boolean
): QueryResult {
  if (set.onlyAdds && !isRemoving)
    return failed('its log only adds rows: they are events, or the query has "removed": false')
  const result = set.result()
  if (result.status !== 'ok') return result
  if (generation < state.generation && !set.isEmpty)
    return failed('osqueryd began anew and has written nothing of it since: it may have no rows now')
  const isCut = set.beganUnseen && [...state.sets.values()].some(other => other.set.beganInMiddle)
  return isCut ? { ...result, status: 'truncated', detail: 'its log begins in the middle' } : result
}

function recordOf(state: HostState, queries: Record<string, QueryResult>): HostRecord {
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
    host: state.host,
    status: reason === null ? 'reported' : 'partial',
    code: reason?.code ?? null,
    reason: reason === null ? null : describeReason(reason),
    unanswered: false,
    collectedAt: state.time === 0 ? null : new Date(state.time * 1_000).toISOString(),
    facts: null,
    queries
  }
}
