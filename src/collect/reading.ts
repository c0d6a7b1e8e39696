import {
  type CommandInvocation,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  type SSMClient
} from '@aws-sdk/client-ssm'
import { errorName, explainAwsError, isTransient } from '../aws/errors.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { SentCommand } from './send.ts'
import { invocationState } from './states.ts'

export interface SsmPorts {
  readonly ssm: Pick<SSMClient, 'send'>
  readonly log: Log
  readonly clock: Clock
  /** Aborted: the commands are cancelled, and what is known is still given. */
  readonly signal: AbortSignal
}

/** How far a command is, in hosts. */
export interface Count {
  readonly targeted: number
  readonly completed: number
  /** Nothing will change any more. */
  readonly terminal: boolean
}

/** SSM lists at most so many invocations a page (API reference). */
const PAGE = 50
/** Without ListCommands, an empty list for so long means that nothing matched (milliseconds). */
const EMPTY_FOR = 30_000
/** Without ListCommands, a filter's hosts appear only as SSM dispatches to them: no new one for so long is the end. */
const SETTLED_FOR = 10_000
/** Right after sending, SSM may not know an invocation yet. */
const UNKNOWN_RETRIES = 4

/** The calls that only read, tolerant of what SSM does not know yet and of failures that pass. */
export function ssmReader({ ssm, log, clock, signal }: SsmPorts) {
  const firstSeen = new Map<SentCommand, { targeted: number; at: number }>()
  let countable = true

  /** How far a command is; `null` while SSM cannot say. */
  async function count(command: SentCommand): Promise<Count | null> {
    if (countable) {
      try {
        const { Commands } = await ssm.send(new ListCommandsCommand({ CommandId: command.id }))
        const [found] = Commands ?? []
        if (found === undefined) return null
        const terminal = !['Pending', 'InProgress', 'Cancelling', 'Delayed'].includes(
          found.Status ?? 'Pending'
        )
        const targeted = Math.max(found.TargetCount ?? 0, command.hosts?.length ?? 0)
        return { targeted, completed: found.CompletedCount ?? 0, terminal }
      } catch (error) {
        if (errorName(error) === 'InvalidCommandId') return null
        if (!/AccessDenied/.test(errorName(error))) {
          endure(error, 'ssm:ListCommands')
          return null
        }
        log.debug('ListCommands is refused (AccessDenied): the invocations are counted instead.')
        countable = false
      }
    }
    let targeted = 0
    let completed = 0
    try {
      for await (const invocation of invocations(command, false)) {
        targeted++
        if (invocationState(invocation.Status, invocation.StatusDetails).terminal) completed++
      }
    } catch (error) {
      endure(error, 'ssm:ListCommandInvocations')
      return null
    }
    return { targeted, completed, terminal: completed === targeted && isWhole(command, targeted) }
  }

  /** Whether a list of so many invocations can be taken for all of the command's. */
  function isWhole(command: SentCommand, targeted: number): boolean {
    if (command.hosts !== null && targeted >= command.hosts.length) return true
    const before = firstSeen.get(command)
    if (before?.targeted !== targeted) firstSeen.set(command, { targeted, at: clock.now() })
    const stableFor = clock.now() - (before?.targeted === targeted ? before.at : clock.now())
    return stableFor >= (targeted === 0 ? EMPTY_FOR : SETTLED_FOR)
  }

  /**
   * Goes on after a failure that may pass (the client has already retried it): the deadline bounds it all.
   * @throws Error that says what to change after any other.
   */
  function endure(error: unknown, action: string): void {
    if (!isTransient(error)) throw new Error(explainAwsError(error, action), { cause: error })
    log.warning(`${explainAwsError(error, action)} Trying again until the deadline.`)
  }

  /** What SSM says of each host of a command, with the head of its reply where `details` are wanted. */
  async function* invocations(command: SentCommand, details: boolean): AsyncGenerator<CommandInvocation> {
    let token: string | undefined
    do {
      const input = {
        CommandId: command.id,
        Details: details,
        MaxResults: PAGE,
        ...(token ? { NextToken: token } : {})
      }
      const page = await ssm.send(new ListCommandInvocationsCommand(input))
      yield* page.CommandInvocations ?? []
      token = page.NextToken || undefined
    } while (token !== undefined)
  }

  /** A host's whole reply; `null` when SSM does not give it. */
  async function read(command: SentCommand, host: string): Promise<string | null> {
    for (let attempt = 0; ; attempt++) {
      try {
        const reply = await ssm.send(
          new GetCommandInvocationCommand({ CommandId: command.id, InstanceId: host })
        )
        return reply.StandardOutputContent ?? ''
      } catch (error) {
        const unknown = errorName(error) === 'InvocationDoesNotExist'
        if (!unknown && !isTransient(error)) {
          throw new Error(explainAwsError(error, 'ssm:GetCommandInvocation'), { cause: error })
        }
        if (!unknown || attempt >= UNKNOWN_RETRIES) {
          log.warning(`${host}: ${explainAwsError(error, 'ssm:GetCommandInvocation')}`)
          return null
        }
        await clock.sleep(500 * 2 ** attempt, signal)
      }
    }
  }

  return { count, invocations, read, endure }
}
