import type { CommandInvocation } from '@aws-sdk/client-ssm'
import type { Reason } from '../../snapshot/reasons.ts'
import { sanitize } from '../../text/sanitize.ts'

/** What SSM says of a host's invocation. */
export interface InvocationState {
  /** It will not change any more. */
  readonly terminal: boolean
  /** The command reached the host, as far as SSM knows. */
  readonly delivered: boolean
  /** SSM could not reach the host's agent, or has not yet. */
  readonly unreachable: boolean
  /** Why the host gave no reply, where it gave none. */
  readonly reason: Reason
}

type StateCode = (
  | 'not-delivered'
  | 'delivery-delayed'
  | 'still-running'
  | 'being-canceled'
  | 'no-answer'
  | 'command-failed'
  | 'canceled'
  | 'timed-out'
  | 'execution-timed-out'
  | 'delivery-timed-out'
  | 'undeliverable'
  | 'terminated'
  | 'other-platform'
  | 'access-denied'
  | 'no-status'
) &
  Reason['code']

const open = (code: StateCode) => ({ terminal: false, delivered: true, unreachable: false, reason: { code } })
const ended = (code: StateCode) => ({ ...open(code), terminal: true })
const notSent = (code: StateCode) => ({ ...ended(code), delivered: false })
const notReached = (code: StateCode) => ({ ...notSent(code), unreachable: true })
const notReachedYet = (code: StateCode) => ({ ...notReached(code), terminal: false })

/** By StatusDetails as on the wire, without spaces (Systems Manager user guide, "Understanding command statuses"). */
const STATES: Readonly<Record<string, InvocationState>> = {
  Pending: notReachedYet('not-delivered'),
  Delayed: notReachedYet('delivery-delayed'),
  InProgress: open('still-running'),
  Cancelling: open('being-canceled'),
  Success: ended('no-answer'),
  Failed: ended('command-failed'),
  Cancelled: ended('canceled'),
  TimedOut: ended('timed-out'),
  ExecutionTimedOut: ended('execution-timed-out'),
  DeliveryTimedOut: notReached('delivery-timed-out'),
  Undeliverable: notReached('undeliverable'),
  Terminated: notSent('terminated'),
  InvalidPlatform: notSent('other-platform'),
  AccessDenied: notSent('access-denied')
}
const UNKNOWN: InvocationState = { ...notSent('no-status'), terminal: false }

/** The state behind an invocation's Status and StatusDetails; an unknown status counts as still open. */
export function invocationState(status: string | undefined, details: string | undefined): InvocationState {
  const known = (word = '') => STATES[word.replaceAll(' ', '')]
  return known(details) ?? known(status) ?? UNKNOWN
}

/** The mark between what a command printed and its errors, in SSM's list. */
const ERRORS = '----------ERROR-------'
/** What the agent adds to the errors, and where it cuts. */
const AGENT_LINES = /^(?:failed to run commands: exit status \d+|-{2,}.*)$/i
/** Seconds before its time limit at which a command that ended with 137 was killed by something else. */
const KILL_MARGIN = 5

/**
 * The state behind an invocation as SSM lists it, with how its command ended on the host: the exit code and the last
 * words, which SSM shows in its list alone.
 * @param timeoutSeconds the command's time limit: the agent calls every exit code of 137 a time-out
 */
export function listedState(invocation: CommandInvocation, timeoutSeconds: number): InvocationState {
  const state = invocationState(invocation.Status, invocation.StatusDetails)
  const { code } = state.reason
  const plugin = invocation.CommandPlugins?.[0]
  if (
    plugin === undefined ||
    (code !== 'command-failed' && code !== 'timed-out' && code !== 'execution-timed-out')
  )
    return state
  const { ResponseStartDateTime: began, ResponseFinishDateTime: ended, ResponseCode } = plugin
  const outcome = { exitCode: ResponseCode ?? null, words: lastWords(plugin.Output ?? '') }
  if (code === 'command-failed') return { ...state, reason: { code, outcome } }
  const seconds = began && ended ? (ended.getTime() - began.getTime()) / 1_000 : timeoutSeconds
  const isKilled = ResponseCode === 137 && seconds < timeoutSeconds - KILL_MARGIN
  return isKilled ? { ...state, reason: { code: 'killed', outcome } } : state
}

/** The last line of a command's errors, or of its output where there are none; `null`: it said nothing. */
function lastWords(output: string): string | null {
  const at = output.indexOf(ERRORS)
  const lines = (at < 0 ? output : output.slice(at + ERRORS.length))
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !AGENT_LINES.test(line) && !line.startsWith('FLEETDRIFT'))
  const last = lines.at(-1)
  return last === undefined ? null : sanitize(last, 200)
}

/** The document is not for the host's platform. */
export const isOtherPlatform = ({ reason }: InvocationState): boolean => reason.code === 'other-platform'

/** Someone canceled the command: this run at its deadline, or someone else. */
export const isCanceled = ({ reason }: InvocationState): boolean =>
  reason.code === 'canceled' || reason.code === 'being-canceled'
