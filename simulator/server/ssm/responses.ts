import { type Command, type Invocation, isOpen } from './command.ts'

/** Bytes of output in a list of invocations, and in one invocation (measured on the real service). */
const MAX_LISTED_OUTPUT = 2_500
const MAX_FETCHED_OUTPUT = 24_000
const MAX_FETCHED_ERRORS = 8_000

/** A command as ListCommands describes it. */
export function describeCommand({ id, document, comment, invocations }: Command): object {
  const ended = invocations.filter(invocation => !isOpen(invocation))
  const status = ended.length === invocations.length ? 'Success' : 'InProgress'
  return {
    CommandId: id,
    DocumentName: document,
    Comment: comment,
    Status: status,
    StatusDetails: invocations.length === 0 ? 'NoInstancesInTag' : status,
    TargetCount: invocations.length,
    CompletedCount: ended.length,
    ErrorCount: ended.filter(invocation => invocation.status === 'Failed').length,
    DeliveryTimedOutCount: 0
  }
}

/** An invocation as ListCommandInvocations describes it. */
export function describeInvocation(command: Command, invocation: Invocation, details: boolean): object {
  const plugin = {
    Name: 'aws:runShellScript',
    Status: invocation.status,
    StatusDetails: invocation.statusDetails,
    ResponseCode: invocation.exitCode,
    Output: isOpen(invocation) ? '' : listedOutput(invocation)
  }
  return {
    CommandId: command.id,
    InstanceId: invocation.host.id,
    InstanceName: invocation.host.name,
    Status: invocation.status,
    StatusDetails: invocation.statusDetails,
    CommandPlugins: details ? [plugin] : []
  }
}

/** An invocation as GetCommandInvocation describes it. */
export function describeResult(command: Command, invocation: Invocation): object {
  const { stdout, stderr } = invocation
  const open = isOpen(invocation)
  return {
    CommandId: command.id,
    InstanceId: invocation.host.id,
    DocumentName: command.document,
    PluginName: 'aws:runShellScript',
    ResponseCode: open ? -1 : invocation.exitCode,
    Status: invocation.status,
    StatusDetails: invocation.statusDetails,
    StandardOutputContent: open ? '' : cut(stdout, MAX_FETCHED_OUTPUT, '--output truncated--'),
    StandardErrorContent: open ? '' : stderr.toString('utf8', 0, MAX_FETCHED_ERRORS)
  }
}

/** An agent as DescribeInstanceInformation describes it. */
export function describeAgent({ id, behavior, name, address }: Invocation['host']): object {
  return {
    InstanceId: id,
    PingStatus: ['silent', 'offline'].includes(behavior) ? 'ConnectionLost' : 'Online',
    PlatformType: 'Linux',
    ComputerName: `${name}.eu-west-1.compute.internal`,
    IPAddress: address
  }
}

/** The list has both streams in one text. */
function listedOutput({ stdout, stderr }: Invocation): string {
  const separator = Buffer.from('\n----------ERROR-------\n')
  const both = stderr.length > 0 ? Buffer.concat([stdout, separator, stderr]) : stdout
  return cut(both, MAX_LISTED_OUTPUT, '\n---Output truncated---')
}

/** The text, or its beginning and the marker where it has `max` bytes or more. */
function cut(text: Buffer, max: number, marker: string): string {
  return text.length < max ? text.toString('utf8') : text.toString('utf8', 0, max - marker.length) + marker
}
