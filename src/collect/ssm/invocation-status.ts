import type { Reason } from '../../snapshot/reasons.ts'

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

/** The document is not for the host's platform. */
export const isOtherPlatform = ({ reason }: InvocationState): boolean => reason.code === 'other-platform'

/** Someone canceled the command: this run at its deadline, or someone else. */
export const isCanceled = ({ reason }: InvocationState): boolean =>
  reason.code === 'canceled' || reason.code === 'being-canceled'
