import { gunzipSync } from 'node:zlib'
import type { SSMClient } from '@aws-sdk/client-ssm'
import { listedOutput } from '../../simulator/server/ssm/responses.ts'
import type { Clock } from '../../src/clock.ts'
import { reply } from './replies.ts'

/** A host of the simulated fleet. Times are milliseconds after sending. */
export interface SimulatedHost {
  readonly id: string
  /** When its command ends; by default never. */
  readonly endsAt?: number
  readonly startsAt?: number
  /** When all of its output is there, as SSM shows it of a command that still runs; by default when it ends. */
  readonly printsAt?: number
  readonly exitCode?: number
  /** How long after the status SSM has the output (milliseconds). */
  readonly outputLag?: number
  /** What its command prints on stderr. */
  readonly errors?: string
  /** How long its command runs before the agent says it has ended, by the agent's own clock. */
  readonly ranFor?: number
  /** It never ends a command after the first. */
  readonly hangsLater?: boolean
  /** StatusDetails once it has ended. */
  readonly details?: string
  /** What it prints; by default a whole answer with one row per query. */
  readonly output?: (nonce: string, script: string) => string
  /** Whether filters match it; by default they do. */
  readonly tagged?: boolean
  readonly registered?: boolean
  /** The role may not send to it. */
  readonly denied?: boolean
  readonly windows?: boolean
  readonly platformType?: 'Linux' | 'MacOS' | 'Windows'
}

export interface Simulation {
  /** Milliseconds after sending in which SSM lists nothing. */
  readonly settling?: number
  /** Milliseconds by which the list of invocations lags behind the command's counts. */
  readonly lag?: number
  /** Whether DescribeInstanceInformation answers. */
  readonly agents?: boolean
  /** An action that never answers. */
  readonly stuck?: string
  /** ListCommands returns only a command that is requested by its id. */
  readonly unlisted?: boolean
  /** ListCommands returns no counts. */
  readonly uncounted?: boolean
  /** How many hosts per second filters are dispatched to; by default to all at once. */
  readonly dispatchedASecond?: number
  /** The error that the service answers a call with. */
  readonly refuse?: (action: string, count: number, input: Input) => Error | undefined
  /** Called with the time before each answer. */
  readonly onCall?: (action: string, now: number) => void
}

export interface Input {
  readonly CommandId?: string
  readonly InstanceId?: string
  readonly InstanceIds?: string[]
  readonly Targets?: { Key: string; Values: string[] }[]
  readonly Filters?: { Key: string; Values: string[] }[]
  readonly Details?: boolean
  readonly MaxResults?: number
  readonly NextToken?: string
  readonly Parameters?: { commands: string[]; executionTimeout: string[] }
  readonly [other: string]: unknown
}

export function awsError(name: string, message = `${name} happened`): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: 400 } })
}

/** A canceled command is `Cancelling` so long (milliseconds, measured on the agent). */
const CANCELLING = 2_000
const OPENING = new Set(['Pending', 'InProgress', 'Cancelling'])

interface Command {
  readonly sentAt: number
  readonly nonce: string
  readonly script: string
  readonly first: boolean
  readonly hosts: readonly SimulatedHost[]
  readonly filter: boolean
  /** For Windows. */
  readonly powershell: boolean
  readonly queries: readonly string[]
  cancelledAt: number
}

/** SSM Run Command in memory, with a clock that only sleeping moves. */
export function simulateSsm(fleet: readonly SimulatedHost[], simulation: Simulation = {}) {
  let now = Date.UTC(2026, 0, 1)
  const started = now
  const commands = new Map<string, Command>()
  const calls: { action: string; input: Input; at: number }[] = []
  const clock: Clock = {
    now: () => now,
    async sleep(milliseconds, signal) {
      if (!signal?.aborted) now += milliseconds
      // Whatever is under way has its turn, as it would in that time.
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  function command(input: Input): Command {
    const found = commands.get(input.CommandId ?? '')
    if (found === undefined) throw awsError('InvalidCommandId')
    return found
  }

  function stateAt(of: Command, host: SimulatedHost, time: number): string {
    // AWS-RunShellScript is for Linux and macOS, AWS-RunPowerShellScript for Windows and Linux.
    if (host.windows && !of.powershell) return 'InvalidPlatform'
    if (!host.windows && of.powershell) return 'Failed'
    const { startsAt = 0, details = 'Success' } = host
    const endsAt = (host.hangsLater && !of.first ? undefined : host.endsAt) ?? Number.POSITIVE_INFINITY
    if (of.sentAt + endsAt <= Math.min(time, of.cancelledAt)) return details
    if (time >= of.cancelledAt) return time < of.cancelledAt + CANCELLING ? 'Cancelling' : 'Cancelled'
    return of.sentAt + startsAt <= time ? 'InProgress' : 'Pending'
  }

  function listedHosts(of: Command): readonly SimulatedHost[] {
    const age = now - of.sentAt
    if (age < (simulation.settling ?? 0)) return []
    const rate = of.filter ? simulation.dispatchedASecond : undefined
    return rate === undefined ? of.hosts : of.hosts.slice(0, Math.floor((age * rate) / 1_000) + 1)
  }

  /** What the host had printed by then. */
  function outputOf(of: Command, host: SimulatedHost, time: number): string {
    if ((host.windows ?? false) !== of.powershell) return ''
    const endsAt = host.hangsLater && !of.first ? undefined : host.endsAt
    const at = of.sentAt + (host.printsAt ?? endsAt ?? Number.POSITIVE_INFINITY)
    if (at > Math.min(time - (host.outputLag ?? 0), of.cancelledAt)) return ''
    return host.output?.(of.nonce, of.script) ?? answerOf(of.nonce, host.id, of.queries)
  }

  const actions: Record<string, (input: Input) => object> = {
    SendCommand(input) {
      const script = decodeScript(input.Parameters?.commands ?? [])
      const known = fleet.filter(host => host.registered !== false)
      const hosts =
        input.InstanceIds === undefined
          ? known.filter(host => host.tagged !== false)
          : input.InstanceIds.flatMap(id => known.filter(host => host.id === id))
      if (input.InstanceIds !== undefined && hosts.length < input.InstanceIds.length)
        throw awsError('InvalidInstanceId')
      const denied = input.InstanceIds === undefined ? undefined : hosts.find(host => host.denied)
      if (denied !== undefined)
        throw awsError(
          'AccessDeniedException',
          `not authorized to perform: ssm:SendCommand on resource: arn:aws:ec2:eu-west-1:111122223333:instance/${denied.id}`
        )
      const powershell = input.DocumentName === 'AWS-RunPowerShellScript'
      if (input.InstanceIds !== undefined && !powershell && hosts.some(host => host.windows))
        throw awsError('UnsupportedPlatformType')
      const id = `command-${commands.size + 1}`
      commands.set(id, {
        sentAt: now,
        script,
        first: commands.size === 0,
        nonce: /^\$?nonce ?= ?'?(\w+)'?$/m.exec(script)?.[1] ?? '',
        powershell,
        hosts,
        filter: input.InstanceIds === undefined,
        queries: [...script.matchAll(/^(?:q | {2}@\(')([\w.-]+)/gm)]
          .map(match => match[1]!)
          .filter(name => !name.startsWith('_')),
        cancelledAt: Number.POSITIVE_INFINITY
      })
      return { Command: { CommandId: id, Status: 'Pending', TargetCount: 0 } }
    },
    ListCommands(input) {
      if (input.CommandId !== undefined) command(input)
      const all = [...commands].filter(
        ([id, of]) =>
          (input.CommandId ?? (simulation.unlisted ? '' : id)) === id &&
          now - of.sentAt >= (simulation.settling ?? 0)
      )
      const from = Number(input.NextToken ?? 0)
      return {
        Commands: all.slice(from, from + 50).map(([CommandId, of]) => {
          const states = of.hosts.map(host => stateAt(of, host, now))
          const open = states.filter(state => OPENING.has(state)).length
          return {
            CommandId,
            Status: open > 0 ? 'InProgress' : 'Success',
            StatusDetails: states.length === 0 ? 'NoInstancesInTag' : 'Success',
            ...(simulation.uncounted
              ? {}
              : { TargetCount: states.length, CompletedCount: states.length - open })
          }
        }),
        ...(from + 50 < all.length ? { NextToken: String(from + 50) } : {})
      }
    },
    ListCommandInvocations(input) {
      const of = command(input)
      const all = listedHosts(of)
      const from = Number(input.NextToken ?? 0)
      const size = input.MaxResults ?? 50
      if (size > 50) throw awsError('ValidationException')
      return {
        CommandInvocations: all.slice(from, from + size).map(host => {
          const time = now - (simulation.lag ?? 0)
          const details = stateAt(of, host, time)
          const began = new Date(of.sentAt)
          const plugin = {
            Output: listedOutput(Buffer.from(outputOf(of, host, time)), Buffer.from(host.errors ?? '')),
            ResponseCode: OPENING.has(details) ? -1 : (host.exitCode ?? 0),
            ResponseStartDateTime: began,
            ResponseFinishDateTime: new Date(of.sentAt + (host.ranFor ?? host.endsAt ?? 0))
          }
          return {
            CommandId: input.CommandId,
            InstanceId: host.id,
            Status: statusOf(details),
            StatusDetails: details,
            ...(input.Details ? { CommandPlugins: [plugin] } : {})
          }
        }),
        ...(from + size < all.length ? { NextToken: String(from + size) } : {})
      }
    },
    GetCommandInvocation(input) {
      const of = command(input)
      const host = of.hosts.find(({ id }) => id === input.InstanceId)
      if (host === undefined) throw awsError('InvocationDoesNotExist')
      const details = stateAt(of, host, now)
      const output = outputOf(of, host, now)
      return {
        Status: statusOf(details),
        StatusDetails: details,
        ResponseCode: OPENING.has(details) ? -1 : (host.exitCode ?? 0),
        StandardOutputContent:
          output.length < 24_000 ? output : `${output.slice(0, 23_980)}--output truncated--`
      }
    },
    DescribeInstanceInformation({ Filters = [] }) {
      if (!simulation.agents) throw awsError('AccessDeniedException')
      const ids = Filters.find(({ Key }) => Key === 'InstanceIds')?.Values
      const known = fleet.filter(host => host.registered !== false && (ids?.includes(host.id) ?? true))
      return {
        InstanceInformationList: known.map(host => ({
          InstanceId: host.id,
          PingStatus: 'Online',
          PlatformType: host.platformType ?? (host.windows ? 'Windows' : 'Linux')
        }))
      }
    },
    CancelCommand(input) {
      command(input).cancelledAt = now
      return {}
    }
  }

  async function send(request: { constructor: { name: string }; input: Input }): Promise<object> {
    const action = request.constructor.name.replace(/Command$/, '')
    await Promise.resolve()
    calls.push({ action, input: request.input, at: now - started })
    simulation.onCall?.(action, now - started)
    const refusal = simulation.refuse?.(
      action,
      calls.filter(call => call.action === action).length,
      request.input
    )
    if (refusal !== undefined) throw refusal
    if (action === simulation.stuck) return new Promise(() => undefined)
    return actions[action]!(request.input)
  }

  return {
    ssm: { send } as unknown as Pick<SSMClient, 'send'>,
    clock,
    calls,
    count: (action: string) => calls.filter(call => call.action === action).length
  }
}

/** A complete answer to all queries, one row each. */
export function answerOf(nonce: string, host: string, queries: readonly string[]): string {
  return reply({ nonce, host, parts: queries.map(name => ({ name, rows: [{ a: '1' }] })) })
}

function statusOf(details: string): string {
  if (/TimedOut$/.test(details)) return 'TimedOut'
  return ['Undeliverable', 'Terminated', 'InvalidPlatform', 'AccessDenied'].includes(details)
    ? 'Failed'
    : details
}

function decodeScript(lines: readonly string[]): string {
  const text = /'([A-Za-z0-9+/=]+)'/.exec(lines.join('\n'))?.[1] ?? ''
  return gunzipSync(Buffer.from(text, 'base64')).toString('utf8')
}
