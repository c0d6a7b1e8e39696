import {
  type Command,
  type CommandInvocation,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  type SSMClient
} from '@aws-sdk/client-ssm'
import { errorName, errorText, explainAwsError, hasExpired, isTransient } from '../../aws/errors.ts'
import type { ReadObject } from '../../aws/s3.ts'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import { invocationState } from './invocation-status.ts'
import type { SentCommand } from './send.ts'

export interface SsmPorts {
  readonly ssm: Pick<SSMClient, 'send'>
  /** Reads objects of `output-s3`; `null`: there is none. */
  readonly s3: ReadObject | null
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

/** SSM lists at most so many invocations or commands a page (API reference). */
const PAGE = 50
/** More open commands than this are not asked for one by one: the account's latest commands are listed. */
const ONE_BY_ONE = 2
/** An account may run many other commands: after so many pages the rest are asked for one by one. */
const MAX_PAGES = 6
/** The runner's clock may be ahead of the service's (milliseconds). */
const CLOCK_SKEW = 5 * 60_000
/** Without ListCommands, an empty list for so long means that nothing matched (milliseconds). */
const EMPTY_FOR = 30_000
/** Without ListCommands, a filter's hosts appear only as SSM dispatches to them: no new one for so long is the end. */
const SETTLED_FOR = 10_000
/** Between two attempts to read one reply: rising from the first to the second (milliseconds). */
const FIRST_PAUSE = 500
const LONGEST_PAUSE = 4_000

/** Credentials that ran out while a call waited for its turn are renewed for the next. */
const mayPass = (error: unknown): boolean => isTransient(error) || hasExpired(error)

/** The calls that only read, tolerant of what SSM does not know yet and of failures that pass. */
export function ssmApi({ ssm, log, clock, signal }: SsmPorts) {
  const firstSeen = new Map<SentCommand, { targeted: number; at: number }>()
  const started = clock.now()
  const told = new Set<string>()
  let countable = true

  /** How far each command is; those of which SSM cannot say it yet are left out. */
  async function count(open: readonly SentCommand[]): Promise<Map<SentCommand, Count>> {
    const counts = new Map<SentCommand, Count>()
    const tell = (command: SentCommand, known: Count | null) => known !== null && counts.set(command, known)
    if (countable && open.length > ONE_BY_ONE) {
      const listed = await listLatest(new Map(open.map(command => [command.id, command])))
      for (const [command, found] of listed) tell(command, countOf(command, found))
      if (countable) {
        for (const command of open.filter(command => !listed.has(command))) {
          const known = await countOne(command)
          // SSM does not know it yet, and so probably none that was sent later.
          if (known === null) break
          tell(command, known)
        }
        return counts
      }
    }
    for (const command of open) tell(command, await countOne(command))
    return counts
  }

  /** The latest commands of the account that are among the wanted ones: one call for 50 of them. */
  async function listLatest(wanted: ReadonlyMap<string, SentCommand>): Promise<Map<SentCommand, Command>> {
    const found = new Map<SentCommand, Command>()
    const value = new Date(started - CLOCK_SKEW).toISOString().replace(/\.\d+Z$/, 'Z')
    let token: string | undefined
    for (let page = 0; page < MAX_PAGES && found.size < wanted.size; page++) {
      const answer = await calls(() =>
        ssm.send(
          new ListCommandsCommand({
            Filters: [{ key: 'InvokedAfter', value }],
            MaxResults: PAGE,
            ...(token ? { NextToken: token } : {})
          })
        )
      ).catch(error => {
        log.debug(`${errorText(error)}. The commands are counted one by one.`)
        return null
      })
      for (const command of answer?.Commands ?? []) {
        const own = wanted.get(command.CommandId ?? '')
        if (own !== undefined) found.set(own, command)
      }
      token = answer?.NextToken
      if (!token) break
    }
    return found
  }

  async function countOne(command: SentCommand): Promise<Count | null> {
    if (countable) {
      const answer = await calls(() => ssm.send(new ListCommandsCommand({ CommandId: command.id })))
      if (answer !== null || countable) {
        const [found] = answer?.Commands ?? []
        if (found === undefined) return null
        const known = countOf(command, found)
        if (!known.terminal || known.targeted > 0 || found.StatusDetails === 'NoInstancesInTag') return known
        // Its counts may lag, or be missing: whether it had hosts, their list tells.
        const listed = await countListed(command)
        return listed === null ? null : { ...listed, terminal: true }
      }
    }
    return countListed(command)
  }

  async function countListed(command: SentCommand): Promise<Count | null> {
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

  /** A call of ListCommands; `null` where SSM cannot say. Refused for good: `countable` is then false. */
  async function calls<T>(call: () => Promise<T>): Promise<T | null> {
    try {
      return await call()
    } catch (error) {
      if (errorName(error) === 'InvalidCommandId') return null
      if (/AccessDenied|UnknownOperation/.test(errorName(error))) {
        if (countable)
          log.debug(`ListCommands is refused (${errorName(error)}): the invocations are counted instead.`)
        countable = false
      } else endure(error, 'ssm:ListCommands')
      return null
    }
  }

  function countOf(command: SentCommand, found: Command): Count {
    const status = (found.Status ?? 'Pending').replaceAll(' ', '')
    const terminal = !['Pending', 'InProgress', 'Cancelling', 'Delayed'].includes(status)
    const targeted = Math.max(found.TargetCount ?? 0, command.hosts?.length ?? 0)
    return { targeted, completed: found.CompletedCount ?? 0, terminal }
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
   * Goes on after a failure that may pass (the client has already retried it, and SSM may not know a command yet): the
   * deadline bounds it all. Told once: a job shows ten warnings, and findings are to be among them.
   * @throws Error that says what to change after any other.
   */
  function endure(error: unknown, action: string): void {
    const said = explainAwsError(error, action)
    if (!mayPass(error) && errorName(error) !== 'InvalidCommandId') throw new Error(said, { cause: error })
    if (told.has(said)) log.debug(said)
    else log.warning(`${said} Trying again until the deadline.`)
    told.add(said)
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

  /**
   * A host's whole reply; `null` when SSM does not give it. What may pass is tried again until then.
   * @param until milliseconds since 1970
   */
  async function read(command: SentCommand, host: string, until: () => number): Promise<string | null> {
    for (let pause = FIRST_PAUSE; clock.now() < until(); pause = Math.min(LONGEST_PAUSE, pause * 2)) {
      try {
        const reply = await ssm.send(
          new GetCommandInvocationCommand({ CommandId: command.id, InstanceId: host })
        )
        const state = invocationState(reply.Status, reply.StatusDetails)
        if (reply.StandardOutputContent || reply.Status === undefined || state.terminal)
          return reply.StandardOutputContent ?? ''
      } catch (error) {
        if (errorName(error) !== 'InvocationDoesNotExist' && !mayPass(error))
          throw new Error(explainAwsError(error, 'ssm:GetCommandInvocation'), { cause: error })
        log.debug(explainAwsError(error, 'ssm:GetCommandInvocation'))
      }
      await clock.sleep(pause, signal.aborted ? undefined : signal)
    }
    return null
  }

  return { count, invocations, read, endure }
}
