/** What SSM says of a host's invocation, in one word of its StatusDetails. */
export interface InvocationState {
  readonly terminal: boolean
  /** The command reached the host, as far as SSM knows. */
  readonly delivered: boolean
  /** SSM could not reach the host's agent, or has not yet. */
  readonly away: boolean
  /** The document is not for the host's platform. */
  readonly otherPlatform: boolean
  /** Somebody called it off: we at the deadline, or another. */
  readonly cancelled: boolean
  /** In plain words, for hosts that gave no usable answer. */
  readonly reason: string
}

const OTHER_PLATFORM = 'the document is not for the platform of this host'
const CANCELLED = 'the command was cancelled'
const CANCELLING = 'the command was being cancelled'

const state = (terminal: boolean, delivered: boolean, reason: string): InvocationState => ({
  terminal,
  delivered,
  away: !delivered && /deliver/.test(reason),
  otherPlatform: reason === OTHER_PLATFORM,
  cancelled: reason === CANCELLED || reason === CANCELLING,
  reason
})

/** By StatusDetails, as on the wire: without spaces (Systems Manager user guide, "Understanding command statuses"). */
const STATES: Readonly<Record<string, InvocationState>> = {
  Pending: state(false, false, 'SSM has not delivered the command'),
  Delayed: state(false, false, 'SSM has not delivered the command (delayed)'),
  InProgress: state(false, true, 'the command was still running'),
  Cancelling: state(false, true, CANCELLING),
  Success: state(true, true, 'the command ended without an answer'),
  Failed: state(true, true, 'the command failed on the host'),
  Cancelled: state(true, true, CANCELLED),
  TimedOut: state(true, true, 'the command timed out'),
  ExecutionTimedOut: state(true, true, 'the command ran into its time limit on the host'),
  DeliveryTimedOut: state(
    true,
    false,
    'SSM could not deliver the command in time: the agent is offline or does not answer'
  ),
  Undeliverable: state(
    true,
    false,
    'SSM could not deliver the command: the host does not exist or does not answer'
  ),
  Terminated: state(true, false, 'SSM stopped before this host: too many errors on others'),
  InvalidPlatform: state(true, false, OTHER_PLATFORM),
  AccessDenied: state(true, false, 'the role may not send commands to this host')
}

/** The state behind an invocation's Status and StatusDetails; an unknown one is taken as still open. */
export function invocationState(status: string | undefined, details: string | undefined): InvocationState {
  const known = (word = '') => STATES[word.replaceAll(' ', '')]
  return known(details) ?? known(status) ?? state(false, false, 'SSM gave no known status')
}
