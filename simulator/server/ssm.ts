import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Behavior, SimulatedFleet, SimulatedHost } from '../fleet/host.ts'
import type { Agent } from './agent.ts'
import { ServiceError } from './call-log.ts'

const SHELL_DOCUMENT = {
  version: '1',
  hash: '99749de5e62f71e5ebe9a55c2321e2c394796afe7208cff048696541e6f6771e'
}

const sendSchema = z.object({
  DocumentName: z.string(),
  DocumentVersion: z.string().optional(),
  DocumentHash: z.string().optional(),
  InstanceIds: z.array(z.string()).max(50).optional(),
  Targets: z
    .array(z.object({ Key: z.string(), Values: z.array(z.string()).max(50) }))
    .max(5)
    .optional(),
  Comment: z.string().max(100).optional(),
  TimeoutSeconds: z.int().min(30).max(2_592_000).optional(),
  MaxErrors: z.string().optional(),
  MaxConcurrency: z.string().optional(),
  OutputS3BucketName: z.string().min(3).max(63).optional(),
  OutputS3KeyPrefix: z.string().max(500).optional(),
  Parameters: z.record(z.string(), z.array(z.string()))
})

interface Invocation {
  readonly host: SimulatedHost
  endedAt: number
  status: string
  details: string
  code: number
  stdout: Buffer
  stderr: Buffer
}

interface Command {
  readonly id: string
  readonly created: number
  readonly document: string
  readonly comment: string
  readonly bucket: string | null
  readonly prefix: string
  readonly invocations: readonly Invocation[]
  readonly stop: AbortController
}

export interface SsmOptions {
  /** Hosts that work at the same time: real processes run on this machine. */
  readonly concurrency: number
  /** Milliseconds after sending in which SSM does not know the invocations yet. */
  readonly unlistedMs: number
  /** Milliseconds by which the list of invocations lags behind the command's counts. */
  readonly listLagMs: number
  /** Takes what an agent writes to S3, by bucket and key. */
  readonly store?: (path: string, content: Buffer) => void
  /** Documents of the account, by name: their content. */
  readonly documents?: Readonly<Record<string, string>>
}

const OPEN = new Set(['Pending', 'InProgress', 'Cancelling'])

/** Status and details of hosts on which nothing runs. */
const FATES: Readonly<Partial<Record<Behavior, readonly [status: string, details: string]>>> = {
  silent: ['Failed', 'Undeliverable'],
  hang: ['InProgress', 'InProgress'],
  'timed-out': ['TimedOut', 'ExecutionTimedOut'],
  offline: ['TimedOut', 'DeliveryTimedOut'],
  'other-platform': ['Failed', 'InvalidPlatform'],
  denied: ['Failed', 'AccessDenied']
}

/** SSM Run Command with the limits and errors of the real one. */
export function ssmService(fleet: SimulatedFleet, agent: Agent, options: SsmOptions) {
  const { documents = {} } = options
  const commands = new Map<string, Command>()
  const waiting: (() => Promise<void>)[] = []
  let running = 0

  function schedule(work: () => Promise<void>): void {
    waiting.push(work)
    while (running < options.concurrency && waiting.length > 0) {
      running++
      const next = waiting.shift()
      next?.()
        .catch(() => undefined)
        .finally(() => {
          running--
          const more = waiting.shift()
          if (more !== undefined) schedule(more)
        })
    }
  }

  function sendCommand(input: unknown): object {
    const parsed = sendSchema.safeParse(input)
    if (!parsed.success)
      throw new ServiceError('ValidationException', z.prettifyError(parsed.error).slice(0, 500))
    const order = parsed.data
    if (order.DocumentName === 'AWS-RunShellScript') {
      if (order.DocumentVersion !== undefined && order.DocumentVersion !== SHELL_DOCUMENT.version)
        throw new ServiceError('InvalidDocumentVersion', 'no such version')
      if (order.DocumentHash !== undefined && order.DocumentHash !== SHELL_DOCUMENT.hash)
        throw new ServiceError('InvalidDocument', 'the hash does not match')
    } else if (documents[order.DocumentName] === undefined) {
      throw new ServiceError('InvalidDocument', `Document with name ${order.DocumentName} does not exist.`)
    }
    if (JSON.stringify(order.Parameters).length > 100_000)
      throw new ServiceError('MaxDocumentSizeExceeded', 'the size limit of a document is 64 KB')
    const execution = Number(order.Parameters.executionTimeout?.[0] ?? 3600)
    if (!(execution >= 5 && execution <= 172_800))
      throw new ServiceError('InvalidParameters', 'executionTimeout')
    const content = documents[order.DocumentName]
    const script =
      content === undefined ? (order.Parameters.commands ?? []) : fillIn(content, order.Parameters)
    const hosts = chooseHosts(order.InstanceIds, order.Targets)
    const command: Command = {
      id: randomUUID(),
      created: Date.now(),
      document: order.DocumentName,
      comment: order.Comment ?? '',
      bucket: order.OutputS3BucketName ?? null,
      prefix: order.OutputS3KeyPrefix ?? '',
      invocations: hosts.map(host => ({
        host,
        endedAt: Number.POSITIVE_INFINITY,
        status: 'Pending',
        details: 'Pending',
        code: -1,
        stdout: Buffer.alloc(0),
        stderr: Buffer.alloc(0)
      })),
      stop: new AbortController()
    }
    commands.set(command.id, command)
    for (const invocation of command.invocations) deliver(command, invocation, script)
    return {
      Command: {
        CommandId: command.id,
        Status: 'Pending',
        StatusDetails: 'Pending',
        TargetCount: order.InstanceIds?.length ?? 0,
        DocumentName: command.document
      }
    }
  }

  function deliver(command: Command, invocation: Invocation, script: readonly string[]): void {
    const { host } = invocation
    const end = (status: string, details: string) =>
      Object.assign(invocation, { status, details, ...(OPEN.has(status) ? {} : { endedAt: Date.now() }) })
    const fate = FATES[host.behavior]
    if (fate !== undefined) {
      end(fate[0], fate[1])
      return
    }
    schedule(async () => {
      if (command.stop.signal.aborted) return
      end('InProgress', 'InProgress')
      const name = host.behavior === 'impostor' ? fleet.hosts.find(other => other !== host)?.id : host.id
      const { code, stdout, stderr } = await agent.run(
        host,
        name ?? host.id,
        script,
        command.id,
        command.stop.signal
      )
      if (command.stop.signal.aborted) return
      Object.assign(invocation, { code, stdout, stderr })
      if (command.bucket !== null && stdout.length > 0) {
        const key = [
          command.prefix,
          command.id,
          host.id,
          'awsrunShellScript',
          '0.awsrunShellScript',
          'stdout'
        ]
        options.store?.(`${command.bucket}/${key.filter(part => part !== '').join('/')}`, stdout)
      }
      if (code === 0 || code === 168) end('Success', 'Success')
      else if (code === 137) end('TimedOut', 'ExecutionTimedOut')
      else end('Failed', 'Failed')
    })
  }

  function chooseHosts(
    ids: string[] | undefined,
    targets: { Key: string; Values: string[] }[] | undefined
  ): SimulatedHost[] {
    if ((ids === undefined) === (targets === undefined))
      throw new ServiceError('ValidationException', 'either InstanceIds or Targets')
    if (ids !== undefined) {
      return ids.map(id => {
        const host = fleet.hosts.find(candidate => candidate.id === id)
        if (host === undefined)
          throw new ServiceError('InvalidInstanceId', 'Instances not in a valid state for account')
        return host
      })
    }
    return fleet.hosts.filter(host =>
      (targets ?? []).every(({ Key, Values }) => {
        if (Key === 'InstanceIds') return Values.includes(host.id)
        return Key.startsWith('tag:') && Values.includes(host.tags[Key.slice(4)] ?? '\u0000')
      })
    )
  }

  function commandOf(id: unknown): Command {
    const command = typeof id === 'string' ? commands.get(id) : undefined
    if (command === undefined) throw new ServiceError('InvalidCommandId', 'the command id is not valid')
    return command
  }

  /** What the list knows of an invocation: an end is told late. */
  const lagging = (invocation: Invocation): Invocation =>
    Number.isFinite(invocation.endedAt) && Date.now() - invocation.endedAt < options.listLagMs
      ? { ...invocation, status: 'InProgress', details: 'InProgress' }
      : invocation
  const settled = (command: Command) => Date.now() - command.created >= options.unlistedMs

  function listCommands(input: unknown): object {
    const parsed = listSchema.safeParse(input)
    if (!parsed.success) throw new ServiceError('ValidationException', z.prettifyError(parsed.error))
    const { CommandId, NextToken, MaxResults = 50 } = parsed.data
    const all = (CommandId === undefined ? [...commands.values()].reverse() : [commandOf(CommandId)]).filter(
      settled
    )
    const from = Number(NextToken ?? 0)
    const to = from + MaxResults
    return {
      Commands: all.slice(from, to).map(describe),
      ...(to < all.length ? { NextToken: String(to) } : {})
    }
  }

  function describeAgents(input: unknown): object {
    const parsed = agentsSchema.safeParse(input)
    if (!parsed.success) throw new ServiceError('ValidationException', z.prettifyError(parsed.error))
    const { Filters, NextToken, MaxResults = 10 } = parsed.data
    const of = (key: string) => Filters.find(({ Key }) => Key === key)?.Values
    const ids = of('InstanceIds')
    if (ids !== undefined && Filters.length > 1)
      throw new ServiceError('InvalidFilterKey', 'tag filters cannot be combined with others')
    const all = fleet.hosts.filter(host =>
      ids === undefined
        ? Filters.every(({ Key, Values }) => Values.includes(host.tags[Key.slice(4)] ?? '\u0000'))
        : ids.includes(host.id)
    )
    const from = Number(NextToken ?? 0)
    const to = from + MaxResults
    return {
      InstanceInformationList: all.slice(from, to).map(({ id, behavior, name, address }) => ({
        InstanceId: id,
        PingStatus: ['silent', 'offline'].includes(behavior) ? 'ConnectionLost' : 'Online',
        PlatformType: 'Linux',
        ComputerName: `${name}.eu-west-1.compute.internal`,
        IPAddress: address
      })),
      ...(to < all.length ? { NextToken: String(to) } : {})
    }
  }

  const agentsSchema = z.object({
    Filters: z.array(z.object({ Key: z.string(), Values: z.array(z.string()).min(1).max(100) })),
    MaxResults: z.int().min(5).max(50).optional(),
    NextToken: z.string().optional()
  })
  const listSchema = z.object({
    CommandId: z.string().optional(),
    Filters: z.array(z.object({ key: z.literal('InvokedAfter'), value: z.iso.datetime() })).optional(),
    MaxResults: z.int().min(1).max(50).optional(),
    NextToken: z.string().optional()
  })
  const idsSchema = z.object({
    CommandId: z.string(),
    InstanceId: z.string().optional(),
    Details: z.boolean().optional(),
    MaxResults: z.int().min(1).max(50).optional(),
    NextToken: z.string().optional()
  })

  return (action: string, input: unknown): object => {
    if (action === 'SendCommand') return sendCommand(input)
    if (action === 'ListCommands') return listCommands(input)
    if (action === 'DescribeInstanceInformation') return describeAgents(input)
    const parsed = idsSchema.safeParse(input)
    if (!parsed.success) throw new ServiceError('ValidationException', z.prettifyError(parsed.error))
    const asked = parsed.data
    const command = commandOf(asked.CommandId)
    switch (action) {
      case 'ListCommandInvocations': {
        if (!settled(command)) return { CommandInvocations: [] }
        const from = Number(asked.NextToken ?? 0)
        const to = from + (asked.MaxResults ?? 50)
        const CommandInvocations = command.invocations
          .slice(from, to)
          .map(invocation => list(command, lagging(invocation), asked.Details === true))
        return { CommandInvocations, ...(to < command.invocations.length ? { NextToken: String(to) } : {}) }
      }
      case 'GetCommandInvocation': {
        const invocation = command.invocations.find(candidate => candidate.host.id === asked.InstanceId)
        if (invocation === undefined || !settled(command))
          throw new ServiceError('InvocationDoesNotExist', '')
        return fetch(command, invocation)
      }
      case 'CancelCommand':
        command.stop.abort()
        for (const invocation of command.invocations) {
          if (OPEN.has(invocation.status))
            Object.assign(invocation, { status: 'Cancelled', details: 'Cancelled' })
        }
        return {}
      default:
        throw new ServiceError('UnknownOperationException', action)
    }
  }
}

const documentSchema = z.object({
  schemaVersion: z.literal('2.2'),
  parameters: z.record(z.string(), z.object({ allowedPattern: z.string(), default: z.string().optional() })),
  mainSteps: z.tuple([
    z.object({
      action: z.literal('aws:runShellScript'),
      inputs: z.object({ runCommand: z.array(z.string()) })
    })
  ])
})

/** The commands of a document with its parameters filled in, as SSM does it. @throws ServiceError */
function fillIn(content: string, given: Readonly<Record<string, readonly string[]>>): string[] {
  const { parameters, mainSteps } = documentSchema.parse(JSON.parse(content))
  for (const name of Object.keys(given))
    if (parameters[name] === undefined)
      throw new ServiceError('InvalidParameters', `The document has no parameter ${name}`)
  return mainSteps[0].inputs.runCommand.map(line =>
    line.replace(/\{\{ (\w+) \}\}/g, (_, name: string) => {
      const value = given[name]?.[0] ?? parameters[name]?.default
      if (value === undefined || !new RegExp(parameters[name]?.allowedPattern ?? '$^').test(value))
        throw new ServiceError('InvalidParameters', `The value of ${name} is not allowed`)
      return value
    })
  )
}

function describe(command: Command): object {
  const done = command.invocations.filter(invocation => !OPEN.has(invocation.status))
  const none = command.invocations.length === 0
  const open = done.length < command.invocations.length
  const status = none || !open ? 'Success' : 'InProgress'
  return {
    CommandId: command.id,
    DocumentName: command.document,
    Comment: command.comment,
    Status: status,
    StatusDetails: none ? 'NoInstancesInTag' : status,
    TargetCount: command.invocations.length,
    CompletedCount: done.length,
    ErrorCount: done.filter(invocation => invocation.status === 'Failed').length,
    DeliveryTimedOutCount: 0
  }
}

function list(command: Command, invocation: Invocation, details: boolean): object {
  const ended = !OPEN.has(invocation.status)
  const plugin = {
    Name: 'aws:runShellScript',
    Status: invocation.status,
    StatusDetails: invocation.details,
    ResponseCode: invocation.code,
    Output: ended ? inlineOutput(invocation) : ''
  }
  return {
    CommandId: command.id,
    InstanceId: invocation.host.id,
    InstanceName: invocation.host.name,
    Status: invocation.status,
    StatusDetails: invocation.details,
    CommandPlugins: details ? [plugin] : []
  }
}

/** Both streams in 2,500 bytes, head kept (measured on the real service). */
function inlineOutput({ stdout, stderr }: Invocation): string {
  const both =
    stderr.length > 0 ? Buffer.concat([stdout, Buffer.from('\n----------ERROR-------\n'), stderr]) : stdout
  if (both.length < 2500) return both.toString('utf8')
  const marker = '\n---Output truncated---'
  return both.toString('utf8', 0, 2500 - marker.length) + marker
}

function fetch(command: Command, invocation: Invocation): object {
  const ended = !OPEN.has(invocation.status)
  const cut = '--output truncated--'
  const { stdout } = invocation
  const whole =
    stdout.length < 24_000 ? stdout.toString('utf8') : stdout.toString('utf8', 0, 24_000 - cut.length) + cut
  return {
    CommandId: command.id,
    InstanceId: invocation.host.id,
    DocumentName: command.document,
    PluginName: 'aws:runShellScript',
    ResponseCode: ended ? invocation.code : -1,
    Status: invocation.status,
    StatusDetails: invocation.details,
    StandardOutputContent: ended ? whole : '',
    StandardErrorContent: ended ? invocation.stderr.toString('utf8', 0, 8000) : ''
  }
}
