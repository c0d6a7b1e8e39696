import { CancelCommandCommand } from '@aws-sdk/client-ssm'
import { explainAwsError } from '../../aws/errors.ts'
import type { OsquerySource } from '../../inputs/osquery-sources.ts'
import type { S3Location } from '../../inputs/s3-location.ts'
import type { Targets } from '../../inputs/targets.ts'
import type { Query } from '../../osquery/pack.ts'
import type { HostRecord } from '../../snapshot/snapshot.ts'
import { recordOf } from '../host-record.ts'
import type { Reply, ReplyRequest } from '../protocol/reply.ts'
import { LOCKED_STEP } from '../script/document.ts'
import { type SsmPorts, ssmApi } from './api.ts'
import type { InvocationState } from './invocation-status.ts'
import { type Sent, type SentCommand, send } from './send.ts'
import { type HostTask, queriesFor, type Shell } from './task.ts'

export interface SsmCollection {
  readonly targets: Targets
  /** The lines of the `targets` input, for messages. */
  readonly targetLines: readonly string[]
  readonly queries: readonly Query[]
  readonly document: string | null
  /** Where hosts that have no osquery may get it. */
  readonly osquery: readonly OsquerySource[]
  /** Where SSM stores answers that do not fit in its replies; `null`: nowhere. */
  readonly outputS3: S3Location | null
  readonly comment: string
  readonly maxConcurrency: string
  /** The collection's deadline, seconds from its start. */
  readonly timeoutSeconds: number
  /** Ids of hosts that there should be. */
  readonly expectedIds: readonly string[]
  /** Told at the end how many hosts SSM counts: those that it never listed are in no record. */
  readonly onTargeted?: (hosts: number) => void
  /** Whether many hosts may be asked again for answers in short, which spares reading calls; they are where left out. */
  readonly short?: boolean
}

export type SsmSession = ReturnType<typeof openSession>

/** What has been answered at the deadline may still be read for so long (milliseconds). */
const READ_ON = 60_000
/**
 * A reply that SSM does not give is left after so long (milliseconds); and soon after the deadline where it was asked
 * for before: what is left of the time belongs to replies that came last.
 */
const PATIENCE = 60_000
const PATIENCE_AT_DEADLINE = 20_000
/** GitHub ends a cancelled job some ten seconds after its first signal. */
const READ_ON_CANCELLED = 4_000
/** A later command of a run is quick (seconds). */
const ERRAND_SECONDS = 120
/** Hosts that are told to remove what the run left; the others do so by themselves after 15 minutes. */
const MAX_REMOVALS_WHEN_CANCELLED = 200

/** What all parts of one run's conversation with SSM share. */
export function openSession(request: SsmCollection, ports: SsmPorts, nonce: string) {
  const { ssm, log, clock, signal } = ports
  const started = clock.now()
  const deadline = started + request.timeoutSeconds * 1_000
  /** What a host of each kind is asked. */
  const queries = {
    posix: queriesFor(request.queries, 'posix'),
    powershell: queriesFor(request.queries, 'powershell')
  }
  const reader = ssmApi(ports)
  const running = new Set<SentCommand>()
  const keeping = new Map<string, Shell>()
  let abortedAt = Number.POSITIVE_INFINITY
  const until = (): number => {
    if (signal.aborted) abortedAt = Math.min(abortedAt, clock.now())
    return Math.min(deadline + READ_ON, abortedAt + READ_ON_CANCELLED)
  }

  const stopping = () => signal.aborted || clock.now() >= deadline

  /** Until when one reply may be tried to be read, from now on. */
  function patience(): () => number {
    const now = clock.now()
    const last = now < deadline ? Math.min(now + PATIENCE, deadline + PATIENCE_AT_DEADLINE) : now + PATIENCE
    return () => Math.min(until(), last)
  }

  /** Sends an errand. `sent` holds what runs, also where SSM refuses in the middle. */
  async function order(
    errand: HostTask,
    targets: Targets,
    sent: SentCommand[],
    shell: Shell = 'posix'
  ): Promise<Sent> {
    try {
      return await send(
        {
          targets,
          errand,
          nonce,
          shell,
          document: request.document,
          store: errand.do === 'collect' ? request.outputS3 : null,
          comment: request.comment,
          maxConcurrency: request.maxConcurrency,
          timeoutSeconds: errand.do === 'collect' ? request.timeoutSeconds : ERRAND_SECONDS
        },
        ssm,
        log,
        sent,
        errand.do === 'remove' ? () => false : stopping
      )
    } finally {
      for (const command of sent) running.add(command)
    }
  }

  /** Cancels what still runs. A refusal is told once, and changes nothing else. */
  async function cancel(): Promise<void> {
    const refusals = new Set<string>()
    for (const command of running) {
      running.delete(command)
      try {
        await ssm.send(new CancelCommandCommand({ CommandId: command.id }))
      } catch (error) {
        refusals.add(explainAwsError(error, 'ssm:CancelCommand'))
      }
    }
    for (const refusal of refusals) log.warning(refusal)
  }

  /** Has the hosts remove what the run left on them. A refusal is told; they do it by themselves in the end. */
  async function tidy(): Promise<void> {
    const all = [...keeping].slice(0, signal.aborted ? MAX_REMOVALS_WHEN_CANCELLED : keeping.size)
    keeping.clear()
    try {
      for (const shell of ['posix', 'powershell'] as const) {
        const hosts = all.filter(([, own]) => own === shell).map(([host]) => host)
        if (hosts.length > 0) await order({ do: 'remove' }, { kind: 'hosts', hosts }, [], shell)
      }
    } catch (error) {
      log.debug(
        `${error instanceof Error ? error.message : ''} The hosts remove their answers in 15 minutes.`
      )
    }
  }

  return {
    nonce,
    request,
    ports,
    reader,
    queries,
    /** What a host's answer must hold. */
    asked: ({ shell }: SentCommand, host: string): ReplyRequest => ({
      nonce,
      host,
      queries: queries[shell].map(({ name }) => name)
    }),
    /** The key under which SSM stores what a host printed (Systems Manager user guide; agent source). */
    storedAt({ id, shell }: SentCommand, host: string): string {
      const plugin = shell === 'posix' ? 'awsrunShellScript' : 'awsrunPowerShellScript'
      const own = request.document !== null && !request.document.startsWith('AWS-')
      const step = own ? LOCKED_STEP : `0.${plugin}`
      return [request.outputS3?.prefix, id, host, plugin, step, 'stdout'].filter(Boolean).join('/')
    },
    /** The record of a host that has answered. */
    record: ({ shell }: SentCommand, host: string, opened: Reply, state: InvocationState): HostRecord =>
      recordOf(host, opened, queries[shell], state, new Date(clock.now()).toISOString(), shell),
    deadline,
    /** Until when replies may still be read. */
    until,
    patience,
    /** Nothing new is to be asked of the hosts. */
    stopping,
    order,
    ended: (command: SentCommand) => running.delete(command),
    cancel,
    /** Hosts that keep their answer for later commands. */
    keeping,
    tidy
  }
}
