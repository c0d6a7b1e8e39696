import { list, plural } from '../text/phrases.ts'
import { sanitize } from '../text/sanitize.ts'

/**
 * Why a host is not fully assessed: a stable code, and what it means in words that quote no host. Logic and other
 * programs depend on the code; the words are for people and may change.
 */
const SUMMARIES = {
  // The command did not reach the host.
  'not-managed':
    'InvalidInstanceId: its agent does not run, or it is terminated or not registered with SSM in this account and region, or the role may not see it',
  'not-delivered': 'SSM has not delivered the command',
  'delivery-delayed': 'SSM has not delivered the command (delayed)',
  'delivery-timed-out': 'SSM could not deliver the command in time: the agent is offline or does not answer',
  undeliverable: 'SSM could not deliver the command: the host does not exist or does not answer',
  terminated: 'SSM stopped before this host: too many errors on others',
  'other-platform': 'the document is not for the platform of this host',
  'platform-unknown': 'SSM does not say which platform it has: allow ssm:DescribeInstanceInformation',
  'access-denied': 'the role may not send commands to this host',
  'no-status': 'SSM gave no known status',
  'not-listed': 'SSM did not list it',
  'not-contacted': 'not contacted: the run was stopping',
  'not-matched': 'expected, but not among the collected hosts',
  // The command reached the host, and no reply came back.
  'still-running': 'the command was still running',
  'being-canceled': 'the command was being canceled',
  canceled: 'the command was canceled',
  'no-answer': 'the command ended without an answer',
  'command-failed': 'the command failed on the host',
  killed: 'the command was killed on the host',
  'timed-out': 'the command timed out',
  'execution-timed-out': 'the command ran into its time limit on the host',
  'cannot-run': 'the collector cannot be run on this machine',
  // The run ended first, or the reply could not be read.
  deadline: 'no answer before the deadline',
  'run-canceled': 'the run was canceled',
  'no-result': 'the command has ended, but SSM does not return its result',
  'unreadable-reply': 'its reply could not be read from SSM',
  // The reply is not from the collector, or is damaged or forged.
  'empty-reply': 'the reply is empty',
  'no-frame': 'the reply holds no answer from the collector',
  'collector-error': 'the collector reports an error',
  'cut-by-ssm': 'the reply was cut by SSM',
  'broken-frame': 'the reply ends before its frame does',
  'not-base64': 'the reply is not base64',
  'not-gzip': 'the reply does not unpack',
  'wrong-digest': 'the reply does not match its digest',
  'too-large': 'the reply unpacks to too many bytes',
  'broken-head': 'the head of the reply is broken',
  'long-head': 'the head of the reply is too long',
  'inconsistent-head': 'the head of the reply does not add up',
  'inconsistent-body': 'the parts of the reply do not add up',
  'other-host': 'the host answered as another host',
  'too-many-rows': 'the reply has too many rows',
  // The reply comes in chunks.
  'single-chunk': 'the reply is one chunk of several',
  'incomplete-chunks': 'not all chunks of its reply arrived',
  'wrong-chunk': 'it is not the chunk that was requested',
  'chunk-refused': 'SSM refused the command that requests it',
  'chunk-not-returned': 'SSM does not return it',
  'no-time-left': 'there was no time left',
  'too-many-chunks': 'there are more chunks than may be requested, and S3 has none of them',
  // The host answered, but not every query.
  'no-osquery': 'osquery is not installed',
  'osquery-not-fetched': 'osquery is not installed, and could not be fetched',
  'queries-unanswered': 'queries were not answered',
  'old-osquery': 'its osquery is older than the packs need',
  'no-applicable-query': 'no query was answered: all are for other platforms',
  'no-root': 'osquery ran without root, and some queries need it',
  /** In older snapshots. */
  'privilege-differs': 'osquery ran with or without root, unlike on the other hosts'
} as const

export type ReasonCode = keyof typeof SUMMARIES

/** Why a host could not fetch osquery, as its script says it. */
export const FETCH_FAILURES = {
  'no-source': 'the osquery input has no line for its architecture',
  'no-program': 'it has neither curl nor wget to fetch it',
  'no-download': 'it could not fetch it',
  'no-room': 'there was no room for it in its temporary folder',
  'wrong-digest': 'what it fetched has another digest, and was not run',
  'no-exec': 'programs may not run in its temporary folders',
  'wrong-archive': 'what it fetched holds no opt/osquery/bin/osqueryd, or could not be unpacked'
} as const

export type FetchFailure = keyof typeof FETCH_FAILURES

/** How a command ended on a host, as its agent reports it. */
export interface Outcome {
  readonly exitCode: number | null
  /** Its last words; may quote the host. */
  readonly words: string | null
}

export interface UnansweredQuery {
  readonly name: string
  readonly status: string
  /** What osquery said; may quote the host. */
  readonly detail?: string | null
}

/** A code and the data of its sentence. */
type DetailedReason =
  | { readonly code: 'not-matched'; readonly expectedIn: 'targets' | 'files' | 'machine' }
  | { readonly code: 'cannot-run' | 'collector-error' | 'chunk-refused'; readonly message: string }
  | { readonly code: 'command-failed' | 'killed' | 'execution-timed-out'; readonly outcome?: Outcome }
  | { readonly code: 'deadline'; readonly seconds: number; readonly state: Reason }
  | { readonly code: 'run-canceled' | 'no-result'; readonly state: Reason }
  | { readonly code: 'too-large' | 'too-many-rows'; readonly limit: number }
  | { readonly code: 'other-host'; readonly claimed: string }
  | {
      readonly code: 'incomplete-chunks'
      readonly arrived: number
      readonly total: number
      readonly cause: Reason
    }
  | { readonly code: 'osquery-not-fetched'; readonly failure: FetchFailure }
  | { readonly code: 'queries-unanswered'; readonly queries: readonly UnansweredQuery[] }
  | {
      readonly code: 'old-osquery'
      readonly version: string
      readonly minimum: string
      readonly queries: readonly UnansweredQuery[]
    }
  | { readonly code: 'privilege-differs'; readonly root: boolean }

export type Reason = DetailedReason | { readonly code: Exclude<ReasonCode, DetailedReason['code']> }

/** A reason lists this many queries by name, and counts the others. */
const MAX_NAMED_QUERIES = 4
/** What a host said is quoted up to so many characters. */
const MAX_QUOTED = 160

export function isReasonCode(word: unknown): word is ReasonCode {
  return typeof word === 'string' && Object.hasOwn(SUMMARIES, word)
}

/** What a code means, without its period and without a word from a host. */
export function summarizeReason(code: ReasonCode): string {
  return SUMMARIES[code]
}

/** The sentence of a reason, without its period. It may quote a host, in sanitized text. */
export function describeReason(reason: Reason): string {
  switch (reason.code) {
    case 'not-matched':
      return NOT_MATCHED[reason.expectedIn]
    case 'cannot-run':
      return `${SUMMARIES[reason.code]}: ${reason.message}`
    case 'collector-error':
      return `the collector reports: ${reason.message}`
    case 'chunk-refused':
      return reason.message
    case 'command-failed':
    case 'killed':
    case 'execution-timed-out':
      return `${SUMMARIES[reason.code]}${reason.outcome === undefined ? '' : describeOutcome(reason.outcome)}`
    case 'deadline':
      return `no answer within ${reason.seconds} s: ${describeReason(reason.state)}`
    case 'run-canceled':
    case 'no-result':
      return `${SUMMARIES[reason.code]}: ${describeReason(reason.state)}`
    case 'too-large':
      return `the reply unpacks to more than ${reason.limit} bytes`
    case 'too-many-rows':
      return `the reply has more than ${reason.limit} rows`
    case 'other-host':
      return `${SUMMARIES[reason.code]} (${reason.claimed})`
    case 'incomplete-chunks':
      return `${reason.arrived} of ${reason.total} chunks of its reply arrived: ${describeReason(reason.cause)}`
    case 'osquery-not-fetched':
      return `${SUMMARIES['no-osquery']}, and ${FETCH_FAILURES[reason.failure]}`
    case 'queries-unanswered':
      return describeQueries(reason.queries)
    case 'old-osquery':
      return `osquery ${reason.version} is older than ${reason.minimum}, which the packs need, and ${describeQueries(reason.queries)}`
    case 'privilege-differs':
      return `osquery ran ${reason.root ? 'as root' : 'without root'}, unlike on the other hosts`
    default:
      return SUMMARIES[reason.code]
  }
}

function describeQueries(queries: readonly UnansweredQuery[]): string {
  const names = queries.map(
    ({ name, status, detail }) => `${name} (${status}${detail ? `: ${quote(detail)}` : ''})`
  )
  return `${plural(names.length, 'a query was', 'queries were')} not answered: ${list(names, MAX_NAMED_QUERIES)}`
}

/** What a shell's exit code means. */
const EXIT_CODES: Readonly<Record<number, string>> = {
  126: ': a program may not be run there',
  127: ': a program is missing',
  137: ': it was killed, for example for lack of memory'
}

function describeOutcome({ exitCode, words }: Outcome): string {
  const code =
    exitCode === null || exitCode <= 0 ? '' : `, exit code ${exitCode}${EXIT_CODES[exitCode] ?? ''}`
  return `${code}${words === null ? '' : `; its last words: ${quote(words)}`}`
}

/** A host's words, on one line and without process ids, which would make each host a case of its own. */
function quote(text: string): string {
  return sanitize(text.replace(/\s+/g, ' ').replace(/\/proc\/\d+/g, '/proc/…'), MAX_QUOTED).trim()
}

const NOT_MATCHED = {
  targets: 'expected, but not matched by `targets`: check its tags and its SSM agent',
  files: 'expected, but in none of the files',
  machine: 'expected, but not this machine'
} as const
