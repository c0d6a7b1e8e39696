import type { HostRecord, QueryResult } from '../../snapshot/snapshot.ts'
import { list } from '../../text/phrases.ts'
import { sanitize } from '../../text/sanitize.ts'
import { DifferentialSet } from './differential.ts'
import {
  dateOf,
  fleetKnowledge,
  type HostState,
  recordOf,
  resultsOf,
  type Source,
  type StoredAnswer
} from './host-results.ts'
import { identitiesOf } from './identities.ts'
import { interner } from './interner.ts'
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

  const oneText = interner()
  let latest: HostState | null = null
  /** The lines of a host mostly follow each other. Hosts of one name are distinguished by their decorations. */
  function stateOf(source: Source, host: string, uuid: string | null): HostState {
    if (latest !== null && latest.host === host && latest.source === source && latest.uuid === uuid)
      return latest
    const named = storedState(source, host, host)
    named.uuid ??= uuid
    latest =
      uuid === null || named.uuid === uuid ? named : storedState(source, host, `${host}\n${uuid}`, uuid)
    return latest
  }

  function storedState(source: Source, host: string, key: string, uuid: string | null = null): HostState {
    let state = states[source].get(key)
    if (state === undefined) {
      state = { host, source, uuid, time: 0, sets: new Map(), answers: new Map(), generation: 0 }
      states[source].set(key, state)
    }
    return state
  }

  function addLine({ host, query, time, uuid, epoch, counter, content }: ResultLine): void {
    const state = stateOf('osqueryd', host, uuid)
    if (time > state.time) state.time = time
    switch (content.kind) {
      case 'snapshot':
        keepAnswer(state, { query, time, status: 'ok', detail: null, texts: content.rows.map(oneText) })
        break
      case 'snapshot-row':
        keepSnapshotRow(state, query, time, oneText(content.row))
        break
      default: {
        const set = enter(state, query, time, epoch, counter)
        if (content.kind === 'batch') {
          for (const row of content.removed) set.remove(row)
          for (const row of content.added) set.add(oneText(row))
        } else if (content.kind === 'added') set.add(oneText(content.row))
        else set.remove(content.row)
      }
    }
  }

  function addAnswer({ source, host, query, time, status, detail, rows }: Answer): void {
    const state = stateOf(source, host, null)
    if (time > state.time) state.time = time
    const texts = rows.map(row => rowText(row)).filter(text => text !== null)
    keepAnswer(state, { query, time, status, detail, texts: texts.length === rows.length ? texts : null })
  }

  /** A line that cannot be read puts its query, or all queries of its host, in doubt. Returns whether it has a host. */
  function addFault({ host, query }: LineFault): boolean {
    if (host === null) return false
    const state = stateOf('osqueryd', host, null)
    for (const [name, { set }] of state.sets) if (query === null || name === query) set.damage()
    for (const [name, answer] of state.answers) {
      if (query !== null && name !== query) continue
      answer.status = 'truncated'
      answer.detail = DAMAGED
    }
    if (query !== null && !state.sets.has(query) && !state.answers.has(query))
      state.answers.set(query, {
        time: 0,
        status: 'failed',
        detail: DAMAGED,
        texts: [],
        longestGap: 0,
        isByRow: false
      })
    return true
  }

  /** The hosts without their rows, each once for each source. */
  function heads(): StoredHead[] {
    return Object.values(states).flatMap(ofSource => {
      const { nameOf } = identitiesOf([...ofSource.values()])
      return [...ofSource.values()].map(state => ({
        host: nameOf(state),
        source: state.source,
        collectedAt: dateOf(state.time)
      }))
    })
  }

  /** The hosts, each once for each source. It empties the store. */
  function* records(): Generator<StoredRecord> {
    for (const ofSource of Object.values(states)) {
      const fleet = fleetKnowledge([...ofSource.values()])
      const identities = identitiesOf([...ofSource.values()])
      for (const [key, state] of ofSource) {
        ofSource.delete(key)
        const results = resultsOf(state, fleet, nameOf, identities.isShared(state))
        yield { source: state.source, record: recordOf(identities.nameOf(state), state, results) }
      }
    }
  }

  /** What a reader must know of the hosts, and of queries that only some of them have lines of. */
  function notices(): string[] {
    const logs = [...states.osqueryd.values()]
    const about = identitiesOf(logs).notices
    const { few } = fleetKnowledge(logs)
    if (few.length === 0) return [...about]
    const names = list(
      few.map(query => sanitize(query, 80)),
      MAX_NAMED
    )
    return [
      ...about,
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
  epoch: string | null,
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

function keepAnswer(
  { answers }: HostState,
  { query, time, ...answer }: Omit<StoredAnswer, 'longestGap' | 'isByRow'> & { readonly query: string }
): void {
  const known = answers.get(query)
  if (known !== undefined && known.time > time) return
  answers.set(query, { ...answer, time, longestGap: gapAfter(known, time), isByRow: false })
}

/** In snapshot-event format, the rows of one snapshot are lines of equal time. */
function keepSnapshotRow({ answers }: HostState, query: string, time: number, row: string): void {
  const known = answers.get(query)
  if (known !== undefined && known.time > time) return
  if (known?.time === time) known.texts?.push(row)
  else {
    const longestGap = gapAfter(known, time)
    answers.set(query, { time, status: 'ok', detail: null, texts: [row], longestGap, isByRow: true })
  }
}

const gapAfter = (known: StoredAnswer | undefined, time: number) =>
  known === undefined || known.time === 0 ? 0 : Math.max(known.longestGap, time - known.time)
