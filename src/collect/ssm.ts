import { randomBytes } from 'node:crypto'
import {
  CancelCommandCommand,
  type CommandInvocation,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  type SSMClient
} from '@aws-sdk/client-ssm'
import { errorName, explainAwsError, isTransient } from '../aws/errors.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Query } from '../osquery/pack.ts'
import type { HostRecord } from '../snapshot/snapshot.ts'
import { concurrently } from './concurrently.ts'
import { openEnvelope } from './envelope.ts'
import { recordOf, silentHost } from './record.ts'
import { carry, collectorScript } from './script.ts'
import { type SentCommand, send } from './send.ts'
import { type InvocationState, invocationState } from './states.ts'
import type { Targets } from './targets.ts'

export interface SsmCollection {
  readonly targets: Targets
  /** The lines of the `targets` input, for messages. */
  readonly targetLines: readonly string[]
  readonly queries: readonly Query[]
  readonly document: string | null
  readonly comment: string
  readonly maxConcurrency: string
  /** The collection's deadline, seconds from its start. */
  readonly timeoutSeconds: number
  /** Ids of hosts that there should be. */
  readonly expectedIds: readonly string[]
}

export interface SsmPorts {
  readonly ssm: Pick<SSMClient, 'send'>
  readonly log: Log
  readonly clock: Clock
  /** Aborted: the commands are cancelled, and what is known is still given. */
  readonly signal: AbortSignal
}

/** No host matched the targets. */
export class NoTargetMatched extends Error {}

/** Milliseconds between two looks at the commands, rising from the first to the second. */
const FIRST_POLL = 1_000
const SLOWEST_POLL = 5_000
const PROGRESS_EVERY = 5_000
/** After cancelling, SSM needs a moment to say which hosts had answered. */
const CANCEL_GRACE = 1_500
/** Replies are read early once this share of the hosts has answered since the last sweep. */
const SWEEP_SHARE = 0.25
const SWEEP_LEAST = 50
const PAGE = 50
const READS_AT_ONCE = 8
/** Without ListCommands, an empty list for so long means that nothing matched (milliseconds). */
const EMPTY_FOR = 30_000
/** Without ListCommands, a filter's hosts appear only as SSM dispatches to them: no new one for so long is the end. */
const SETTLED_FOR = 10_000
/** SSM's list of invocations may lag behind its counts: looks at it after the end, and milliseconds between them. */
const LAG_LOOKS = 5
const LAG_PAUSE = 2_000
const UNREADABLE = 'its reply could not be read from SSM'
const NOT_TARGETED = 'it is expected, and no target of this run: check its tags and its SSM agent'
/** Right after sending, SSM may not know an invocation yet. */
const UNKNOWN_RETRIES = 4

/**
 * Runs the queries on all targets and gives one record for each host, in the order in which they are known.
 *
 * Reading costs few calls: the commands are polled with ListCommands, replies are swept 50 hosts a page with
 * ListCommandInvocations, and only replies that do not fit in a page's 2,500 bytes a host are read one by one.
 * @throws NoTargetMatched; Error that says what to change when SSM refuses.
 */
export async function* collectFromSsm(request: SsmCollection, ports: SsmPorts): AsyncGenerator<HostRecord> {
  const nonce = randomBytes(12).toString('hex')
  const budgetSeconds = Math.max(3, Math.floor(request.timeoutSeconds * 0.8))
  const script = collectorScript(request.queries, {
    nonce,
    budgetSeconds,
    querySeconds: Math.min(60, budgetSeconds)
  })
  const sent: SentCommand[] = []
  const watch = watchCommands(request, ports, sent)
  try {
    const order = { ...request, commands: carry(script) }
    const { refused } = await send(order, ports.ssm, ports.log, sent)
    ports.log.info(
      `Asked SSM to run ${request.queries.length} queries (${sent.length} ${sent.length === 1 ? 'command' : 'commands'}).`
    )
    yield* watch.refuse(refused)
    while (await watch.more()) yield* watch.sweep(nonce)
    yield* watch.rest()
  } finally {
    await watch.cancel()
  }
}

function watchCommands(
  request: SsmCollection,
  { ssm, log, clock, signal }: SsmPorts,
  sent: readonly SentCommand[]
) {
  const started = clock.now()
  const deadline = started + request.timeoutSeconds * 1_000
  const done = new Set<string>()
  const states = new Map<string, InvocationState>()
  const open = new Set<SentCommand>()
  const counts = new Map<SentCommand, { targeted: number; completed: number; terminal: boolean }>()
  const firstSeen = new Map<SentCommand, { targeted: number; at: number }>()
  const queries = request.queries.map(query => query.name)
  let countable = true
  let begun = false
  let ended = false
  let cancelled = false
  let finished = false
  let swept = 0
  let given = 0
  let silent = 0
  let lagLooks = 0
  let interval = FIRST_POLL
  let told = started

  const sum = (of: 'targeted' | 'completed') =>
    [...counts.values()].reduce((total, count) => total + count[of], 0)

  /** Looks at every open command; a command that has ended is no longer open. */
  async function look(): Promise<void> {
    for (const command of open) {
      const known = await commandState(command)
      if (known === null) continue
      counts.set(command, known)
      if (known.terminal) open.delete(command)
      if (known.terminal && known.targeted === 0 && command.hosts === null) {
        throw new NoTargetMatched(
          `No host matched the targets (${request.targetLines.join('; ')}). Check the tags or names, the region and the ` +
            'account; only hosts that are registered with SSM can match.'
        )
      }
    }
  }

  async function commandState(
    command: SentCommand
  ): Promise<{ targeted: number; completed: number; terminal: boolean } | null> {
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

  function progress(): void {
    if (clock.now() - told < PROGRESS_EVERY) return
    told = clock.now()
    const left = Math.max(0, Math.round((deadline - told) / 1_000))
    const targeted = sum('targeted')
    const completed = Math.max(sum('completed'), given)
    log.info(
      `${completed} of ${targeted || '?'} hosts have ended, ${silent} of them silent so far; ${left} s left.`
    )
  }

  function give(record: HostRecord): HostRecord {
    done.add(record.host)
    given++
    if (record.status === 'silent') silent++
    return record
  }

  return {
    /** Gives the hosts that SSM refuses to address. */
    *refuse(refused: ReadonlyMap<string, string>): Generator<HostRecord> {
      for (const [host, reason] of refused) {
        done.add(host)
        silent++
        yield silentHost(host, reason, false)
      }
    },

    /** Waits until there is something to sweep. False once all is swept. */
    async more(): Promise<boolean> {
      if (!begun) for (const command of sent) open.add(command)
      begun = true
      while (!finished) {
        const late = clock.now() >= deadline
        if (signal.aborted || late) {
          log.warning(
            signal.aborted
              ? 'Cancelled: reading what has been answered so far.'
              : `The deadline of ${request.timeoutSeconds} s has passed: reading what has been answered so far.`
          )
          if (!signal.aborted) await noteStates()
          await this.cancel()
          cancelled = true
          finished = true
          await clock.sleep(CANCEL_GRACE)
          return true
        }
        if (ended && (given >= sum('targeted') || lagLooks++ >= LAG_LOOKS)) {
          finished = true
          const missing = sum('targeted') - states.size
          if (missing > 0)
            log.warning(`SSM targeted ${sum('targeted')} hosts and never listed ${missing} of them.`)
          return false
        }
        if (ended && lagLooks > 1) await clock.sleep(LAG_PAUSE, signal)
        if (ended) return true
        await look()
        progress()
        ended = open.size === 0
        if (ended) continue
        const completed = sum('completed')
        if (completed - swept >= Math.max(SWEEP_LEAST, sum('targeted') * SWEEP_SHARE)) {
          swept = completed
          return true
        }
        await clock.sleep(Math.min(interval, Math.max(0, deadline - clock.now())), signal)
        interval = Math.min(SLOWEST_POLL, interval * 1.5)
      }
      return false
    },

    /** Gives every host that has ended and was not given yet. */
    async *sweep(nonce: string): AsyncGenerator<HostRecord> {
      const large: { command: SentCommand; host: string; state: InvocationState }[] = []
      const seen = new Set<string>()
      const at = () => new Date(clock.now()).toISOString()
      try {
        for (const command of sent) {
          for await (const invocation of invocations(command, true)) {
            const host = invocation.InstanceId ?? ''
            const state = invocationState(invocation.Status, invocation.StatusDetails)
            if (host === '' || done.has(host) || seen.has(host)) continue
            if (cancelled && state.cancelled) {
              if (!states.has(host)) states.set(host, { ...state, delivered: false })
              continue
            }
            states.set(host, state)
            if (!state.terminal) continue
            const inline = invocation.CommandPlugins?.[0]?.Output ?? ''
            const opened = openEnvelope(inline, { nonce, host, queries })
            if (opened.kind !== 'broken') yield give(recordOf(host, opened, request.queries, state, at()))
            else if (!state.delivered) yield give(silentHost(host, state.reason, false))
            else {
              seen.add(host)
              large.push({ command, host, state })
            }
          }
        }
      } catch (error) {
        endure(error, 'ssm:ListCommandInvocations')
      }
      log.debug(`Reading ${large.length} replies one by one.`)
      yield* concurrently(large, READS_AT_ONCE, async ({ command, host, state }) => {
        const reply = await read(command, host)
        progress()
        if (reply === null) return give(silentHost(host, UNREADABLE, false))
        return give(
          recordOf(host, openEnvelope(reply, { nonce, host, queries }), request.queries, state, at())
        )
      })
    },

    /** Every host that never ended, or was never seen. */
    *rest(): Generator<HostRecord> {
      const why = signal.aborted
        ? 'the run was cancelled'
        : cancelled
          ? `no answer within ${request.timeoutSeconds} s`
          : 'the command has ended, and SSM does not give its result'
      const addressed = sent.flatMap(command => command.hosts ?? [])
      for (const host of new Set([...states.keys(), ...addressed])) {
        if (done.has(host)) continue
        const state = states.get(host)
        const delivered = !signal.aborted && (state?.delivered ?? false)
        yield give(silentHost(host, `${why}: ${state?.reason ?? 'SSM did not list it'}`, delivered))
      }
      for (const host of request.expectedIds) {
        if (!done.has(host)) yield give(silentHost(host, NOT_TARGETED, false))
      }
    },

    /** Cancels what still runs. A refusal is told and changes nothing else. */
    async cancel(): Promise<void> {
      for (const command of finished ? [] : sent) {
        if (counts.get(command)?.terminal) continue
        try {
          await ssm.send(new CancelCommandCommand({ CommandId: command.id }))
        } catch (error) {
          log.warning(explainAwsError(error, 'ssm:CancelCommand'))
        }
      }
    }
  }

  /** Remembers the states before cancelling, which would hide them. */
  async function noteStates(): Promise<void> {
    try {
      for (const command of open) {
        for await (const invocation of invocations(command, false)) {
          const host = invocation.InstanceId ?? ''
          if (host !== '' && !done.has(host)) {
            states.set(host, invocationState(invocation.Status, invocation.StatusDetails))
          }
        }
      }
    } catch (error) {
      endure(error, 'ssm:ListCommandInvocations')
    }
  }
}
