import { randomBytes } from 'node:crypto'
import { CancelCommandCommand } from '@aws-sdk/client-ssm'
import { explainAwsError } from '../aws/errors.ts'
import type { Query } from '../osquery/pack.ts'
import type { HostRecord } from '../snapshot/snapshot.ts'
import { concurrently } from './concurrently.ts'
import { openEnvelope } from './envelope.ts'
import { type Count, type SsmPorts, ssmReader } from './reading.ts'
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
const READS_AT_ONCE = 8
/** SSM's list of invocations may lag behind its counts: looks at it after the end, and milliseconds between them. */
const LAG_LOOKS = 5
const LAG_PAUSE = 2_000
const UNREADABLE = 'its reply could not be read from SSM'
const NOT_TARGETED = 'it is expected, and no target of this run: check its tags and its SSM agent'
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

function watchCommands(request: SsmCollection, ports: SsmPorts, sent: readonly SentCommand[]) {
  const { ssm, log, clock, signal } = ports
  const { count, invocations, read, endure } = ssmReader(ports)
  const started = clock.now()
  const deadline = started + request.timeoutSeconds * 1_000
  const done = new Set<string>()
  const states = new Map<string, InvocationState>()
  const open = new Set<SentCommand>()
  const counts = new Map<SentCommand, Count>()
  const queries = request.queries.map(query => query.name)
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
    [...counts.values()].reduce((total, known) => total + known[of], 0)

  /** Looks at every open command; a command that has ended is no longer open. */
  async function look(): Promise<void> {
    for (const command of open) {
      const known = await count(command)
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
