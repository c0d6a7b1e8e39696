import {
  type CommandInvocation,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand
} from '@aws-sdk/client-ssm'
import { errorName, explainAwsError, hasExpired, isTransient } from '../../aws/errors.ts'
import { invocationState } from './invocation-status.ts'
import type { SsmPorts } from './ports.ts'
import type { SentCommand } from './send.ts'

/** The calls that read, tolerant of what SSM does not know yet and of transient failures. */
export interface SsmApi {
  /** What SSM says of the hosts of a command, page by page; with `details`, the heads of their replies too. */
  pages(command: SentCommand, details: boolean): AsyncGenerator<readonly CommandInvocation[]>
  /** The same, host by host. */
  invocations(command: SentCommand, details: boolean): AsyncGenerator<CommandInvocation>
  /**
   * A host's whole reply; `null` when SSM does not return it. Transient failures are retried until then.
   * @param until milliseconds since 1970
   * @throws Error that says what to change
   */
  readReply(command: SentCommand, host: string, until: () => number): Promise<string | null>
  /**
   * Logs a failure of an IAM action that may pass. The client has retried it already, and SSM may not know a command
   * yet; the deadline limits all further attempts. Each failure is one warning: a job shows ten, and findings need them.
   * @throws Error that says what to change, for any other failure
   */
  warnIfTransient(error: unknown, action: string): void
}

/** SSM lists at most this many invocations per page (API reference). */
const MAX_RESULTS = 50
/** Between two attempts to read one reply, rising from the first to the second (milliseconds). */
const MIN_RETRY_PAUSE = 500
const MAX_RETRY_PAUSE = 4_000

/**
 * The output of a command that has ended well may come a little after its status: it is looked for once more then
 * (milliseconds), for so many hosts.
 */
const LATE_OUTPUT = 4_000
const MAX_EMPTY_REPLIES = 32

/** Credentials that expired while a call waited for its turn are renewed for the next call. */
const isRetryable = (error: unknown): boolean => isTransient(error) || hasExpired(error)

export function ssmApi({ ssm, log, clock, signal }: SsmPorts): SsmApi {
  const warned = new Set<string>()
  let emptyReplies = 0
  async function* pages(command: SentCommand, details: boolean): ReturnType<SsmApi['pages']> {
    let token: string | undefined
    do {
      const input = {
        CommandId: command.id,
        Details: details,
        MaxResults: MAX_RESULTS,
        ...(token ? { NextToken: token } : {})
      }
      const page = await ssm.send(new ListCommandInvocationsCommand(input))
      yield page.CommandInvocations ?? []
      token = page.NextToken || undefined
    } while (token !== undefined)
  }
  return {
    pages,

    async *invocations(command, details) {
      for await (const page of pages(command, details)) yield* page
    },

    async readReply(command, host, until) {
      let wasEmpty = false
      for (let pause = MIN_RETRY_PAUSE; clock.now() < until(); pause = Math.min(MAX_RETRY_PAUSE, pause * 2)) {
        try {
          const input = { CommandId: command.id, InstanceId: host }
          const reply = await ssm.send(new GetCommandInvocationCommand(input))
          const { terminal } = invocationState(reply.Status, reply.StatusDetails)
          const isEmpty = !reply.StandardOutputContent
          if (
            !isEmpty ||
            reply.Status === undefined ||
            (terminal && (wasEmpty || reply.Status !== 'Success'))
          )
            return reply.StandardOutputContent ?? ''
          if (terminal) {
            if (emptyReplies++ >= MAX_EMPTY_REPLIES) return ''
            wasEmpty = true
            await clock.sleep(LATE_OUTPUT, signal.aborted ? undefined : signal)
            continue
          }
        } catch (error) {
          const explanation = explainAwsError(error, 'ssm:GetCommandInvocation')
          if (errorName(error) !== 'InvocationDoesNotExist' && !isRetryable(error))
            throw new Error(explanation, { cause: error })
          log.debug(explanation)
        }
        await clock.sleep(pause, signal.aborted ? undefined : signal)
      }
      return wasEmpty ? '' : null
    },

    warnIfTransient(error, action) {
      const explanation = explainAwsError(error, action)
      if (!isRetryable(error) && errorName(error) !== 'InvalidCommandId')
        throw new Error(explanation, { cause: error })
      if (warned.has(explanation)) log.debug(explanation)
      else log.warning(`${explanation} Trying again until the deadline.`)
      warned.add(explanation)
    }
  }
}
