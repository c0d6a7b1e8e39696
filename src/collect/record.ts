import type { HostRecord, QueryResult } from '../snapshot/snapshot.ts'
import type { Opened } from './envelope.ts'
import type { InvocationState } from './states.ts'

/** A host that gave no answer at all. */
export function silentHost(host: string, reason: string, unanswered: boolean): HostRecord {
  return { host, status: 'silent', reason, unanswered, collectedAt: null, facts: null, queries: {} }
}

/** The one record of a host whose invocation has ended. */
export function recordOf(
  host: string,
  opened: Opened,
  state: InvocationState,
  collectedAt: string
): HostRecord {
  switch (opened.kind) {
    case 'answer': {
      const reason = incomplete(opened.queries)
      const status = reason === null ? 'reported' : 'partial'
      return {
        host,
        status,
        reason,
        unanswered: false,
        collectedAt,
        facts: opened.facts,
        queries: opened.queries
      }
    }
    case 'no-osquery':
      return {
        host,
        status: 'partial',
        reason: 'osquery is not installed',
        unanswered: false,
        collectedAt,
        facts: opened.facts,
        queries: {}
      }
    default: {
      if (opened.reason === EMPTY) return silentHost(host, state.reason, state.delivered)
      return {
        host,
        status: 'partial',
        reason: opened.reason,
        unanswered: true,
        collectedAt,
        facts: null,
        queries: {}
      }
    }
  }
}

/** The envelope's word for a reply with nothing in it: no answer came, whatever SSM calls the command. */
const EMPTY = 'the reply is empty'
/** So many queries are named in a reason; the others are counted. */
const NAMED = 4

/**
 * Why the answer is not whole. A table that a host's osquery does not have (`unsupported`) is judged later, beside the
 * other hosts: where none has it, nobody is to blame.
 */
function incomplete(queries: Readonly<Record<string, QueryResult>>): string | null {
  const short = Object.entries(queries).filter(([, result]) => !['ok', 'unsupported'].includes(result.status))
  if (short.length === 0) return null
  const names = short.slice(0, NAMED).map(([name, result]) => `${name} (${result.status})`)
  const more = short.length > NAMED ? ` and ${short.length - NAMED} more` : ''
  return `${short.length === 1 ? 'a query was' : 'queries were'} not answered: ${names.join(', ')}${more}`
}
