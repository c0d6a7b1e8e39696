import type { Platform, Query } from '../osquery/pack.ts'
import type { HostRecord, QueryResult } from '../snapshot/snapshot.ts'
import type { Reply } from './protocol/reply.ts'
import type { InvocationState } from './ssm/invocation-status.ts'
import type { Shell } from './ssm/task.ts'

/** A host that gave no answer at all. */
export function silentHost(host: string, reason: string, unanswered: boolean): HostRecord {
  return { host, status: 'silent', code: null, reason, unanswered, collectedAt: null, facts: null, queries: {} }
}

/** What must be known of a query to judge whether a host had to answer it. */
export type Asked = Pick<Query, 'name' | 'platforms'>

/** The one record of a host whose invocation has ended. */
export function recordOf(
  host: string,
  opened: Reply,
  asked: readonly Asked[],
  state: InvocationState,
  collectedAt: string,
  shell: Shell = 'posix'
): HostRecord {
  switch (opened.kind) {
    case 'answer': {
      const reason = incomplete(
        opened.queries,
        asked,
        shell === 'powershell' ? 'windows' : platformOf(opened.facts.os)
      )
      const status = reason === null ? 'reported' : 'partial'
      return {
        host,
        status,
        code: null,
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
        code: null,
        reason: `osquery is not installed${opened.fetched === null ? '' : `, and ${opened.fetched}`}`,
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
        code: null,
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
 * Why the answer is not whole. A table that the host's osquery does not have is excused only where the pack says that
 * the query is for other platforms; and a host that answers nothing at all is never whole, whatever it claims to be.
 */
function incomplete(
  queries: Readonly<Record<string, QueryResult>>,
  asked: readonly Asked[],
  platform: Platform
): string | null {
  const open = asked.filter(({ name }) => queries[name]?.status !== 'ok')
  const excused = ({ name, platforms }: Asked) =>
    queries[name]?.status === 'unsupported' && platforms.length > 0 && !platforms.includes(platform)
  const short = open.filter(query => !excused(query))
  if (short.length === 0) {
    return open.length === asked.length ? 'no query was answered: all are for other platforms' : null
  }
  const names = short.slice(0, NAMED).map(({ name }) => `${name} (${queries[name]?.status ?? 'failed'})`)
  const more = short.length > NAMED ? ` and ${short.length - NAMED} more` : ''
  return `${short.length === 1 ? 'a query was' : 'queries were'} not answered: ${names.join(', ')}${more}`
}

/** The platform behind the name of an operating system, on which a POSIX script can run at all. */
function platformOf(os: string | null): Platform {
  return os !== null && /mac|darwin/i.test(os) ? 'darwin' : 'linux'
}
