import { randomUUID } from 'node:crypto'
import type { SimulatedFleet, SimulatedHost } from '../../fleet/host.ts'
import type { Agent } from '../agent.ts'
import { ServiceError } from '../call-log.ts'
import {
  type AgentDocument,
  type Command,
  type Invocation,
  isOpen,
  pendingInvocation,
  platformOf,
  setStatus
} from './command.ts'
import { deliver } from './deliver.ts'
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
import type { SsmOptions, SsmState } from './state.ts'
import { WorkQueue } from './work-queue.ts'

/** AWS's documents in version 1, with the hashes and platforms of the real ones. */
const AWS_DOCUMENTS: readonly (AgentDocument & { readonly hash: string })[] = [
  {
    name: 'AWS-RunShellScript',
    plugin: 'aws:runShellScript',
    step: '0.awsrunShellScript',
    platforms: ['Linux', 'MacOS'],
    hash: '99749de5e62f71e5ebe9a55c2321e2c394796afe7208cff048696541e6f6771e'
  },
  {
    name: 'AWS-RunPowerShellScript',
    plugin: 'aws:runPowerShellScript',
    step: '0.awsrunPowerShellScript',
    platforms: ['Windows', 'Linux'],
    hash: '2142e42a19e0955cc09e43600bf2e633df1917b69d2be9693737dfd62e0fdf61'
  }
]
const VERSION = '1'
const MAX_PARAMETER_LENGTH = 100_000
/** How long a canceled command of a host that hangs is `Cancelling` (milliseconds). */
const CANCELING_MS = 2_000
/** What the agent takes an execution timeout outside of its limits for (seconds). */
const DEFAULT_TIMEOUT = 3_600

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
  const state: SsmState = { fleet, agent, options, commands: new Map(), queue, agentQueues: new Map() }
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
  const ofAws = AWS_DOCUMENTS.find(({ name }) => name === DocumentName)
  if (ofAws !== undefined) {
    if ((request.DocumentVersion ?? VERSION) !== VERSION)
      throw new ServiceError('InvalidDocumentVersion', 'The document has no such version')
    if ((request.DocumentHash ?? ofAws.hash) !== ofAws.hash)
      throw new ServiceError('InvalidDocument', 'The hash does not match')
  } else if (content === undefined) {
    throw new ServiceError('InvalidDocument', `Document with name ${DocumentName} does not exist.`)
  }
  if (JSON.stringify(Parameters).length > MAX_PARAMETER_LENGTH)
    throw new ServiceError('MaxDocumentSizeExceeded', 'The size limit of a document is 64 KB')
  const asked = Number(Parameters.executionTimeout?.[0] ?? DEFAULT_TIMEOUT)
  const timeoutSeconds = asked >= 5 && asked <= 172_800 ? asked : DEFAULT_TIMEOUT
  const filled =
    content === undefined ? { commands: Parameters.commands ?? [], step: '' } : fillIn(content, Parameters)
  const document: AgentDocument = ofAws ?? {
    name: DocumentName,
    plugin: 'aws:runShellScript',
    step: filled.step,
    platforms: ['Linux', 'MacOS']
  }
  const command: Command = {
    id: randomUUID(),
    createdAt: Date.now(),
    document,
    comment: request.Comment ?? '',
    bucket: request.OutputS3BucketName ?? null,
    keyPrefix: request.OutputS3KeyPrefix ?? '',
    invocations: chooseHosts(state.fleet, request, document).map(pendingInvocation),
    cancellation: new AbortController()
  }
  state.commands.set(command.id, command)
  for (const invocation of command.invocations)
    deliver(state, command, invocation, filled.commands, timeoutSeconds)
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
  { InstanceIds, Targets }: ReturnType<typeof sendCommandSchema.parse>,
  document: AgentDocument
): SimulatedHost[] {
  if ((InstanceIds === undefined) === (Targets === undefined))
    throw new ServiceError('ValidationException', 'Either InstanceIds or Targets is required')
  if (InstanceIds === undefined)
    return hosts.filter(host => (Targets ?? []).every(target => matches(host, target)))
  return InstanceIds.map(id => {
    const host = hosts.find(candidate => candidate.id === id)
    if (host === undefined)
      throw new ServiceError('InvalidInstanceId', 'Instances not in a valid state for account')
    if (host.behavior === 'denied') {
      const resource = `arn:aws:ec2:eu-west-1:111122223333:instance/${id}`
      const words = `is not authorized to perform: ssm:SendCommand on resource: ${resource}`
      throw new ServiceError(
        'AccessDeniedException',
        `User: arn:aws:sts::111122223333:assumed-role/x ${words}`
      )
    }
    if (!document.platforms.includes(platformOf(host))) {
      const words = `Cannot perform operation for instance id ${id} of platform type ${platformOf(host)}`
      throw new ServiceError('UnsupportedPlatformType', words)
    }
    return host
  })
}

function matches({ id, tags }: SimulatedHost, { Key, Values }: { Key: string; Values: string[] }): boolean {
  if (Key === 'InstanceIds') return Values.includes(id)
  const tag = Key.startsWith('tag:') ? tags[Key.slice(4)] : undefined
  return tag !== undefined && Values.includes(tag)
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
  const isHidden = (invocation: Invocation) => (state.options.hidden?.(invocation.host) ?? null) !== null
  const visible = command.invocations.filter(invocation => !isHidden(invocation))
  const { items, next } = pageOf(visible, request)
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
  for (const invocation of command.invocations) {
    if (!isOpen(invocation)) continue
    const isQueued = invocation.status === 'Pending'
    setStatus(invocation, isQueued ? 'Cancelled' : 'Cancelling')
    // A command that runs says so itself once it is killed; one that hangs is given up.
    if (!isQueued && invocation.host.behavior === 'hang')
      setTimeout(() => setStatus(invocation, 'Cancelled'), CANCELING_MS).unref()
  }
  return {}
}

function describeAgents({ fleet, options }: SsmState, input: unknown): object {
  const request = parseRequest(describeAgentsSchema, input)
  if (request.Filters.length > 1 && request.Filters.some(({ Key }) => Key === 'InstanceIds'))
    throw new ServiceError('InvalidFilterKey', 'Tag filters cannot be combined with others')
  const chosen = fleet.hosts.filter(
    host =>
      options.hidden?.(host) !== 'without-agent' && request.Filters.every(filter => matches(host, filter))
  )
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
