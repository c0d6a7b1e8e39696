import type { Behavior, SimulatedHost } from '../../fleet/host.ts'

/** A command on one host. */
export interface Invocation {
  readonly host: SimulatedHost
  /** Milliseconds since 1970; infinite until it runs. */
  startedAt: number
  /** Milliseconds since 1970; infinite while it runs. */
  endedAt: number
  status: string
  statusDetails: string
  exitCode: number
  stdout: Buffer
  stderr: Buffer
}

/** What the agent runs. */
export interface AgentDocument {
  readonly name: string
  readonly plugin: 'aws:runShellScript' | 'aws:runPowerShellScript'
  /** Its one step, as the keys of stored output name it. */
  readonly step: string
  /** Platforms that SSM sends it to. */
  readonly platforms: readonly string[]
}

export interface Command {
  readonly id: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly document: AgentDocument
  readonly comment: string
  readonly bucket: string | null
  readonly keyPrefix: string
  readonly invocations: readonly Invocation[]
  readonly cancellation: AbortController
}

const OPEN_STATUSES: ReadonlySet<string> = new Set(['Pending', 'InProgress', 'Cancelling'])

export const isOpen = ({ status }: Invocation): boolean => OPEN_STATUSES.has(status)

/** Status and details of hosts on which nothing runs. */
export const STATUS_WITHOUT_RUNNING: Readonly<
  Partial<Record<Behavior, readonly [status: string, details: string]>>
> = {
  silent: ['Failed', 'Undeliverable'],
  hang: ['InProgress', 'InProgress'],
  'timed-out': ['TimedOut', 'ExecutionTimedOut'],
  offline: ['TimedOut', 'DeliveryTimedOut'],
  denied: ['Failed', 'AccessDenied']
}

export function pendingInvocation(host: SimulatedHost): Invocation {
  return {
    host,
    startedAt: Number.POSITIVE_INFINITY,
    endedAt: Number.POSITIVE_INFINITY,
    status: 'Pending',
    statusDetails: 'Pending',
    exitCode: -1,
    stdout: Buffer.alloc(0),
    stderr: Buffer.alloc(0)
  }
}

export function setStatus(invocation: Invocation, status: string, statusDetails = status): void {
  Object.assign(invocation, { status, statusDetails })
  if (!isOpen(invocation)) invocation.endedAt = Date.now()
}

/** What SSM's list of agents says of a host. */
export const platformOf = ({ behavior }: SimulatedHost): string =>
  behavior === 'other-platform' ? 'Windows' : 'Linux'

/** Exit codes 168 and 137 are the agent's: the host reboots, and the time limit has passed. */
export function statusOfExit(code: number): [status: string, details: string] {
  if (code === 0 || code === 168) return ['Success', 'Success']
  return code === 137 ? ['TimedOut', 'ExecutionTimedOut'] : ['Failed', 'Failed']
}
