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
import { queriesFor, SHELLS, type Shell } from '../script/shell.ts'
import type { AgentLookup } from './agents.ts'
import { type SsmApi, ssmApi } from './api.ts'
import { type CommandCounter, commandCounter } from './command-counts.ts'
import { type Deadline, startDeadline } from './deadline.ts'
import type { InvocationState } from './invocation-status.ts'
import type { SsmPorts } from './ports.ts'
import { type Sent, type SentCommand, send } from './send.ts'
import type { HostTask } from './task.ts'

export interface SsmRequest {
  readonly targets: Targets
  /** The lines of the `targets` input, for messages. */
  readonly targetLines: readonly string[]
  readonly queries: readonly Query[]
  readonly document: string | null
  /** Where hosts that have no osquery may fetch it. */
  readonly osquery: readonly OsquerySource[]
  /** Where SSM also stores what hosts print; `null`: nowhere. */
  readonly outputS3: S3Location | null
  /** Names the repository and the run in SSM's history. */
  readonly comment: string
  readonly maxConcurrency: string
  /** The deadline of the collection, from its start. */
  readonly timeoutSeconds: number
  /** Ids of hosts that there should be. */
  readonly expectedIds: readonly string[]
  /** Whether a large group may be asked for deduplicated replies, which saves reading calls; yes by default. */
  readonly dedup?: boolean
}

/** What all parts of one run through SSM share. */
export interface SsmSession {
  readonly request: SsmRequest
  readonly ports: SsmPorts
  /** Random; names the run on its hosts. */
  readonly nonce: string
  /** The queries for hosts of each kind. */
  readonly queries: Readonly<Record<Shell, readonly Query[]>>
  readonly agents: AgentLookup
  readonly api: SsmApi
  readonly counter: CommandCounter
  readonly deadline: Deadline
  /** Commands that were sent and have not ended, as far as is known. */
  readonly running: Set<SentCommand>
  /** Hosts that retain their answer for later commands. */
  readonly retaining: Map<string, Shell>
}

/** Later commands of a run are quick (seconds). */
const LATER_COMMAND_SECONDS = 120
/** Hosts that a canceled run still asks to remove their answer; others do so by themselves after 15 minutes. */
const MAX_REMOVALS_WHEN_CANCELED = 200

export function openSession(
  request: SsmRequest,
  ports: SsmPorts,
  nonce: string,
  agents: AgentLookup
): SsmSession {
  const api = ssmApi(ports)
  return {
    request,
    ports,
    nonce,
    queries: {
      posix: queriesFor(request.queries, 'posix'),
      powershell: queriesFor(request.queries, 'powershell')
    },
    agents,
    api,
    counter: commandCounter(ports, api),
    deadline: startDeadline(request.timeoutSeconds, ports.clock, ports.signal),
    running: new Set(),
    retaining: new Map()
  }
}

/** Sends a task to hosts. Never throws. */
export async function sendTask(
  { request, ports, nonce, deadline, running }: SsmSession,
  task: HostTask,
  targets: Targets,
  shell: Shell
): Promise<Sent> {
  const { document, comment, maxConcurrency, timeoutSeconds, outputS3 } = request
  const collects = task.kind === 'collect'
  const sent = await send(
    {
      task,
      targets,
      shell,
      nonce,
      document,
      comment,
      maxConcurrency,
      outputS3: collects ? outputS3 : null,
      timeoutSeconds: collects ? timeoutSeconds : LATER_COMMAND_SECONDS
    },
    ports,
    task.kind === 'remove' ? () => false : deadline.isOver
  )
  for (const command of sent.commands) running.add(command)
  return sent
}

/** Cancels what still runs. A refusal is a warning, and changes nothing else. */
export async function cancelRunning({ ports, running }: SsmSession): Promise<void> {
  const refusals = new Set<string>()
  for (const command of running) {
    running.delete(command)
    try {
      await ports.ssm.send(new CancelCommandCommand({ CommandId: command.id }))
    } catch (error) {
      refusals.add(explainAwsError(error, 'ssm:CancelCommand'))
    }
  }
  for (const refusal of refusals) ports.log.warning(refusal)
}

/** Has the hosts remove the answers that they retain. */
export async function removeRetained(session: SsmSession): Promise<void> {
  const { ports, retaining } = session
  const max = ports.signal.aborted ? MAX_REMOVALS_WHEN_CANCELED : retaining.size
  const retained = [...retaining].slice(0, max)
  retaining.clear()
  for (const shell of SHELLS) {
    const hosts = retained.filter(([, own]) => own === shell).map(([host]) => host)
    if (hosts.length === 0) continue
    const { error } = await sendTask(session, { kind: 'remove' }, { kind: 'hosts', hosts }, shell)
    if (error !== null) ports.log.debug(`${error.message} The hosts remove their answers after 15 minutes.`)
  }
}

/** What the reply of a host must match. */
export function replyRequest(
  { nonce, queries }: SsmSession,
  { shell }: SentCommand,
  host: string
): ReplyRequest {
  return { nonce, host, queries: queries[shell].map(({ name }) => name) }
}

/** The record of a host whose reply was read. */
export function recordReply(
  { queries, ports, agents }: SsmSession,
  { shell }: SentCommand,
  host: string,
  reply: Reply,
  state: InvocationState
): HostRecord {
  return recordOf(host, reply, {
    queries: queries[shell],
    shell,
    platform: agents.known()?.get(host)?.platform ?? null,
    collectedAt: new Date(ports.clock.now()).toISOString(),
    silence: { reason: state.reason, unanswered: state.delivered }
  })
}

/** The key under which SSM stores what a host printed (Systems Manager user guide; agent source). */
export function s3Key({ request }: SsmSession, { id, shell }: SentCommand, host: string): string {
  const plugin = shell === 'posix' ? 'awsrunShellScript' : 'awsrunPowerShellScript'
  const isLocked = request.document !== null && !request.document.startsWith('AWS-')
  const step = isLocked ? LOCKED_STEP : `0.${plugin}`
  return [request.outputS3?.prefix, id, host, plugin, step, 'stdout'].filter(Boolean).join('/')
}
