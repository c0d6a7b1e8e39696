import { isOlder, MINIMUM_OSQUERY } from '../osquery/minimum-version.ts'
import type { Platform, Query } from '../osquery/pack.ts'
import { describeReason, type Reason } from '../snapshot/reasons.ts'
import { type HostRecord, hasRows, type QueryResult } from '../snapshot/snapshot.ts'
import type { Reply } from './protocol/reply.ts'
import type { Shell } from './script/shell.ts'

/**
 * A host that sent no reply at all.
 * @param unanswered the command reached the host
 * @param note what else is known of the host; appended to the sentence of the reason
 */
export function silentHost(host: string, reason: Reason, unanswered: boolean, note = ''): HostRecord {
  return {
    host,
    status: 'silent',
    code: reason.code,
    reason: `${describeReason(reason)}${note}`,
    unanswered,
    collectedAt: null,
    facts: null,
    queries: {}
  }
}

/** What must be known of a query to decide whether a host had to answer it. */
export type SentQuery = Pick<Query, 'name' | 'platforms' | 'root' | 'version' | 'weight'>

/** How a host was asked, and what to record of it where its reply is empty. */
export interface Asked {
  readonly queries: readonly SentQuery[]
  readonly shell: Shell
  /** What SSM, or the runner, says of the host; `null`: it may be any platform that the shell is for. */
  readonly platform: Platform | null
  /** ISO 8601. */
  readonly collectedAt: string
  readonly silence: { readonly reason: Reason; readonly unanswered: boolean }
}

/** The record of a host whose reply was read. */
export function recordOf(host: string, reply: Reply, asked: Asked): HostRecord {
  const { collectedAt, silence } = asked
  if (reply.kind === 'broken') {
    if (reply.problem.code === 'empty-reply') return silentHost(host, silence.reason, silence.unanswered)
    return {
      host,
      ...partial(reply.problem),
      unanswered: true,
      collectedAt,
      facts: null,
      queries: {}
    }
  }
  const { facts } = reply
  const answered = { unanswered: reply.kind === 'answer' && reply.isForged, collectedAt, facts }
  if (reply.kind === 'no-osquery') {
    const { failure } = reply
    const reason: Reason =
      failure === null ? { code: 'no-osquery' } : { code: 'osquery-not-fetched', failure }
    return { host, ...partial(reason), ...answered, queries: {} }
  }
  const platforms = asked.platform === null ? PLATFORMS[asked.shell] : [asked.platform]
  const reason =
    incompleteness(reply, asked.queries, platforms) ??
    (needsRoot(reply.queries, asked.queries) && !facts.root ? ({ code: 'no-root' } as const) : null)
  const state =
    reason === null ? ({ status: 'reported', code: null, reason: null } as const) : partial(reason)
  return { host, ...state, ...answered, queries: reply.queries }
}

const partial = (reason: Reason) =>
  ({ status: 'partial', code: reason.code, reason: describeReason(reason) }) as const

/** Platforms that a host of a shell may have. */
const PLATFORMS: Readonly<Record<Shell, readonly Platform[]>> = {
  posix: ['linux', 'darwin'],
  powershell: ['windows']
}

/**
 * Why an answer is incomplete; `null` where it is complete. A table that the host's osquery does not have is excused
 * only where the pack says that the query is for other platforms, and the platform is a fact: what a host claims excuses
 * it from nothing. The version of osquery is such a claim, so it excuses a host only from queries that accuse nobody.
 * @param platforms those that the host may have; one where it is known
 */
function incompleteness(
  { queries: results, facts }: Extract<Reply, { kind: 'answer' }>,
  queries: readonly SentQuery[],
  platforms: readonly Platform[]
): Reason | null {
  const { osqueryVersion } = facts
  const isTooNew = ({ name, version, weight }: SentQuery) =>
    weight === 'context' &&
    version !== undefined &&
    results[name]?.status === 'unsupported' &&
    osqueryVersion !== null &&
    isOlder(osqueryVersion, version)
  const unanswered = queries.filter(query => results[query.name]?.status !== 'ok' && !isTooNew(query))
  const isExcusedOn = (platform: Platform, query: SentQuery) =>
    results[query.name]?.status === 'unsupported' &&
    query.platforms.length > 0 &&
    !query.platforms.includes(platform)
  const missing = unanswered.filter(query => !platforms.every(platform => isExcusedOn(platform, query)))
  if (missing.length === 0)
    return unanswered.length === queries.length ? { code: 'no-applicable-query' } : null
  const isNamed = (platform: Platform) => queries.some(query => query.platforms.includes(platform))
  if (platforms.some(platform => isNamed(platform) && missing.every(query => isExcusedOn(platform, query))))
    return { code: 'platform-unknown' }
  const answers = missing.map(({ name }) => ({
    name,
    status: results[name]?.status ?? 'failed',
    detail: results[name]?.detail ?? null
  }))
  return osqueryVersion !== null && isOlder(osqueryVersion, MINIMUM_OSQUERY)
    ? { code: 'old-osquery', version: osqueryVersion, minimum: MINIMUM_OSQUERY, queries: answers }
    : { code: 'queries-unanswered', queries: answers }
}

/** Whether the host answered a query that osquery answers only partially without root. */
function needsRoot(results: Readonly<Record<string, QueryResult>>, queries: readonly SentQuery[]): boolean {
  return queries.some(({ name, root }) => root && hasRows(results[name] ?? { status: 'failed' }))
}
