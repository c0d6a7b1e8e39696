import { randomUUID } from 'node:crypto'
import type { SimulatedFleet, SimulatedHost } from '../../fleet/host.ts'
import type { Agent } from '../agent.ts'
import { ServiceError } from '../call-log.ts'
import {
  type Command,
  type Invocation,
  isOpen,
  pendingInvocation,
  STATUS_WITHOUT_RUNNING,
  setStatus,
  statusOfExit
} from './command.ts'
import { fillIn } from './document.ts'
import {
  commandSchema,
  describeAgentsSchema,
  getInvocationSchema,
  listCommandsSchema,
  listInvocationsSchema,
  pageOf,
  parseRequest,
  sendCommandSchema
} from './requests.ts'
import { describeAgent, describeCommand, describeInvocation, describeResult } from './responses.ts'
import { WorkQueue } from './work-queue.ts'

export interface SsmOptions {
  /** Hosts that run a command at the same time: they may run real processes on this machine. */
  readonly concurrency: number
  /** Milliseconds after sending in which SSM does not list a command and its invocations yet. */
  readonly unlistedMs: number
  /** Milliseconds by which the list of invocations lags behind the command's counts. */
  readonly listLagMs: number
  /** Stores what an agent writes to S3, by bucket and key. */
  readonly store?: (path: string, content: Buffer) => void
  /** The account's own documents, by name: their content. */
  readonly documents?: Readonly<Record<string, string>>
}

/** The one document of AWS that there is, with its version and hash (those of the real one). */
const SHELL_DOCUMENT = {
  name: 'AWS-RunShellScript',
  version: '1',
  hash: '99749de5e62f71e5ebe9a55c2321e2c394796afe7208cff048696541e6f6771e'
}
const MAX_PARAMETER_LENGTH = 100_000

interface SsmState {
  readonly fleet: SimulatedFleet
  readonly agent: Agent
  readonly options: SsmOptions
  readonly commands: Map<string, Command>
  readonly queue: WorkQueue
}

type Action = (state: SsmState, input: unknown) => object

const ACTIONS: Readonly<Record<string, Action>> = {
  SendCommand: sendCommand,
  ListCommands: listCommands,
  ListCommandInvocations: listInvocations,
  GetCommandInvocation: getInvocation,
  CancelCommand: cancelCommand,
  DescribeInstanceInformation: describeAgents
}

/**
 * SSM Run Command with the limits and errors of the real service.
 * @returns what an action answers, by its name and input; it throws {@link ServiceError}
 */
export function ssmService(fleet: SimulatedFleet, agent: Agent, options: SsmOptions) {
  const queue = new WorkQueue(options.concurrency)
  const state: SsmState = { fleet, agent, options, commands: new Map(), queue }
  return (name: string, input: unknown): object => {
    const action = ACTIONS[name]
    if (action === undefined) throw new ServiceError('UnknownOperationException', name)
    return action(state, input)
  }
}

function sendCommand(state: SsmState, input: unknown): object {
  const request = parseRequest(sendCommandSchema, input)
  const { DocumentName, Parameters } = request
  const content = state.options.documents?.[DocumentName]
  if (DocumentName === SHELL_DOCUMENT.name) {
    if ((request.DocumentVersion ?? SHELL_DOCUMENT.version) !== SHELL_DOCUMENT.version)
      throw new ServiceError('InvalidDocumentVersion', 'The document has no such version')
    if ((request.DocumentHash ?? SHELL_DOCUMENT.hash) !== SHELL_DOCUMENT.hash)
      throw new ServiceError('InvalidDocument', 'The hash does not match')
  } else if (content === undefined) {
    throw new ServiceError('InvalidDocument', `Document with name ${DocumentName} does not exist.`)
  }
  if (JSON.stringify(Parameters).length > MAX_PARAMETER_LENGTH)
    throw new ServiceError('MaxDocumentSizeExceeded', 'The size limit of a document is 64 KB')
  const timeoutSeconds = Number(Parameters.executionTimeout?.[0] ?? 3600)
  if (!(timeoutSeconds >= 5 && timeoutSeconds <= 172_800))
    throw new ServiceError('InvalidParameters', 'executionTimeout')
  const script = content === undefined ? (Parameters.commands ?? []) : fillIn(content, Parameters)
  const command: Command = {
    id: randomUUID(),
    createdAt: Date.now(),
    document: DocumentName,
    comment: request.Comment ?? '',
    bucket: request.OutputS3BucketName ?? null,
    keyPrefix: request.OutputS3KeyPrefix ?? '',
    invocations: chooseHosts(state.fleet, request).map(pendingInvocation),
    cancellation: new AbortController()
  }
  state.commands.set(command.id, command)
  for (const invocation of command.invocations) deliver(state, command, invocation, script)
  return {
    Command: {
      CommandId: command.id,
      Status: 'Pending',
      StatusDetails: 'Pending',
      TargetCount: request.InstanceIds?.length ?? 0,
      DocumentName
    }
  }
}

function chooseHosts(
  { hosts }: SimulatedFleet,
  { InstanceIds, Targets }: ReturnType<typeof sendCommandSchema.parse>
): SimulatedHost[] {
  if ((InstanceIds === undefined) === (Targets === undefined))
    throw new ServiceError('ValidationException', 'Either InstanceIds or Targets is required')
  if (InstanceIds === undefined)
    return hosts.filter(host => (Targets ?? []).every(target => matches(host, target)))
  return InstanceIds.map(id => {
    const host = hosts.find(candidate => candidate.id === id)
    if (host === undefined)
      throw new ServiceError('InvalidInstanceId', 'Instances not in a valid state for account')
    return host
  })
}

function matches({ id, tags }: SimulatedHost, { Key, Values }: { Key: string; Values: string[] }): boolean {
  if (Key === 'InstanceIds') return Values.includes(id)
  const tag = Key.startsWith('tag:') ? tags[Key.slice(4)] : undefined
  return tag !== undefined && Values.includes(tag)
}

function deliver(
  { fleet, agent, options, queue }: SsmState,
  command: Command,
  invocation: Invocation,
  script: readonly string[]
): void {
  const { host } = invocation
  const { signal } = command.cancellation
  const fixed = STATUS_WITHOUT_RUNNING[host.behavior]
  if (fixed !== undefined) {
    setStatus(invocation, ...fixed)
    return
  }
  queue.add(async () => {
    if (signal.aborted) return
    setStatus(invocation, 'InProgress')
    const impersonated = host.behavior === 'impostor' ? fleet.hosts.find(other => other !== host) : host
    const result = await agent.run(host, impersonated?.id ?? host.id, script, command.id, signal)
    if (signal.aborted) return
    invocation.exitCode = result.code
    invocation.stdout = result.stdout
    invocation.stderr = result.stderr
    if (command.bucket !== null && result.stdout.length > 0)
      options.store?.(objectPath(command, host), result.stdout)
    setStatus(invocation, ...statusOfExit(result.code))
  })
}

/** Where an agent stores its output: bucket and key. */
function objectPath({ id, bucket, keyPrefix }: Command, host: SimulatedHost): string {
  const step = ['awsrunShellScript', '0.awsrunShellScript', 'stdout']
  return [bucket, keyPrefix, id, host.id, ...step].filter(part => part !== '').join('/')
}

function listCommands(state: SsmState, input: unknown): object {
  const request = parseRequest(listCommandsSchema, input)
  const chosen =
    request.CommandId === undefined
      ? [...state.commands.values()].reverse()
      : [commandOf(state, request.CommandId)]
  const listed = chosen.filter(command => isListed(state, command))
  const { items, next } = pageOf(listed, request)
  return { Commands: items.map(describeCommand), ...next }
}

function listInvocations(state: SsmState, input: unknown): object {
  const request = parseRequest(listInvocationsSchema, input)
  const command = commandOf(state, request.CommandId)
  if (!isListed(state, command)) return { CommandInvocations: [] }
  const { items, next } = pageOf(command.invocations, request)
  const CommandInvocations = items.map(invocation =>
    describeInvocation(command, asListed(state, invocation), request.Details)
  )
  return { CommandInvocations, ...next }
}

function getInvocation(state: SsmState, input: unknown): object {
  const request = parseRequest(getInvocationSchema, input)
  const command = commandOf(state, request.CommandId)
  const invocation = command.invocations.find(({ host }) => host.id === request.InstanceId)
  if (invocation === undefined || !isListed(state, command))
    throw new ServiceError('InvocationDoesNotExist', '')
  return describeResult(command, invocation)
}

function cancelCommand(state: SsmState, input: unknown): object {
  const command = commandOf(state, parseRequest(commandSchema, input).CommandId)
  command.cancellation.abort()
  for (const invocation of command.invocations) if (isOpen(invocation)) setStatus(invocation, 'Cancelled')
  return {}
}

function describeAgents({ fleet }: SsmState, input: unknown): object {
  const request = parseRequest(describeAgentsSchema, input)
  if (request.Filters.length > 1 && request.Filters.some(({ Key }) => Key === 'InstanceIds'))
    throw new ServiceError('InvalidFilterKey', 'Tag filters cannot be combined with others')
  const chosen = fleet.hosts.filter(host => request.Filters.every(filter => matches(host, filter)))
  const { items, next } = pageOf(chosen, request)
  return { InstanceInformationList: items.map(describeAgent), ...next }
}

function commandOf({ commands }: SsmState, id: string): Command {
  const command = commands.get(id)
  if (command === undefined) throw new ServiceError('InvalidCommandId', 'The command id is not valid')
  return command
}

const isListed = ({ options }: SsmState, { createdAt }: Command): boolean =>
  Date.now() - createdAt >= options.unlistedMs

/** An invocation as the list has it: it learns late that one has ended. */
function asListed({ options }: SsmState, invocation: Invocation): Invocation {
  const isLate = Date.now() - invocation.endedAt < options.listLagMs
  return Number.isFinite(invocation.endedAt) && isLate
    ? { ...invocation, status: 'InProgress', statusDetails: 'InProgress' }
    : invocation
}
