import type { HostRecord, QueryResult } from '../../snapshot/snapshot.ts'
import { list } from '../../text/phrases.ts'
import { sanitize } from '../../text/sanitize.ts'
import { DifferentialSet } from './differential.ts'
import { dateOf, fleetKnowledge, type HostState, recordOf, resultsOf, type Source } from './host-results.ts'
import type { LineFault, ResultLine } from './result-line.ts'
import { rowText } from './rows.ts'

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

/** What is known of a record without its rows. */
export interface StoredHead extends Pick<HostRecord, 'host' | 'collectedAt'> {
  readonly source: Source
}

/** A record, and where it comes from. */
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

  /** The hosts without their rows, each once for each source. */
  function heads(): StoredHead[] {
    return Object.values(states).flatMap(ofSource =>
      [...ofSource.values()].map(({ host, source, time }) => ({ host, source, collectedAt: dateOf(time) }))
    )
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

  /** What a reader must know of queries that only some hosts have lines of. */
  function notices(): string[] {
    const { few } = fleetKnowledge([...states.osqueryd.values()])
    if (few.length === 0) return []
    const names = list(
      few.map(query => sanitize(query, 80)),
      MAX_NAMED
    )
    return [
      `files: the logs of only some hosts have lines of ${names}. These queries are compared among those hosts only: ` +
        'the others may have no rows of them, or not run them.'
    ]
  }

  return { addLine, addAnswer, addFault, heads, notices, records }
}

/** A notice lists this many queries by name, and counts the others. */
const MAX_NAMED = 5
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
