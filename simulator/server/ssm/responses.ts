import { type Command, type Invocation, isOpen, platformOf } from './command.ts'

/** Bytes of output in a list of invocations, and in one invocation (measured on the real service). */
const MAX_LISTED_OUTPUT = 2_500
const MAX_FETCHED_OUTPUT = 24_000
const MAX_FETCHED_ERRORS = 8_000
const OUTPUT_CUT = '\n---Output truncated---'
const ERROR_CUT = '\n---Error truncated----'

/** A command as ListCommands describes it. */
export function describeCommand({ id, document, comment, invocations }: Command): object {
  const ended = invocations.filter(invocation => !isOpen(invocation))
  const status = ended.length === invocations.length ? 'Success' : 'InProgress'
  return {
    CommandId: id,
    DocumentName: document.name,
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
    Name: command.document.plugin,
    // A plugin has no status for being canceled.
    Status: invocation.status === 'Cancelling' ? 'InProgress' : invocation.status,
    StatusDetails: invocation.statusDetails,
    ResponseCode: isOpen(invocation) ? -1 : invocation.exitCode,
    ...times(invocation),
    Output: listedOutput(invocation.stdout, invocation.stderr)
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
    DocumentName: command.document.name,
    PluginName: command.document.plugin,
    ResponseCode: open ? -1 : invocation.exitCode,
    Status: invocation.status,
    StatusDetails: invocation.statusDetails,
    StandardOutputContent: cut(stdout, MAX_FETCHED_OUTPUT, '--output truncated--'),
    StandardErrorContent: cut(stderr, MAX_FETCHED_ERRORS, '--error truncated--')
  }
}

/** An agent as DescribeInstanceInformation describes it. */
export function describeAgent(host: Invocation['host']): object {
  const { id, behavior, name, address } = host
  return {
    InstanceId: id,
    PingStatus: ['silent', 'offline'].includes(behavior) ? 'ConnectionLost' : 'Online',
    PlatformType: platformOf(host),
    ComputerName: `${name}.eu-west-1.compute.internal`,
    IPAddress: address
  }
}

/** Seconds since 1970. */
function times({ startedAt, endedAt }: Invocation): object {
  return {
    ...(Number.isFinite(startedAt) ? { ResponseStartDateTime: startedAt / 1_000 } : {}),
    ...(Number.isFinite(endedAt) ? { ResponseFinishDateTime: endedAt / 1_000 } : {})
  }
}

/**
 * Both streams of a command in one text of less than 2,500 bytes, as the agent sends them (amazon-ssm-agent,
 * TruncateOutput of its iohandler): a short stream stays whole, and the other is cut.
 */
export function listedOutput(stdout: Buffer, stderr: Buffer): string {
  const title = stderr.length > 0 ? '\n----------ERROR-------\n' : ''
  const space = MAX_LISTED_OUTPUT - title.length
  const isLongOutput = stdout.length >= space / 2
  const isLongError = stderr.length > space / 2
  if (stdout.length + stderr.length < space) return `${stdout}${title}${stderr}`
  if (stdout.length > space / 2 && isLongError) {
    const half = Math.floor((space - OUTPUT_CUT.length - ERROR_CUT.length) / 2)
    return `${stdout.subarray(0, half)}${OUTPUT_CUT}${title}${stderr.subarray(0, half)}${ERROR_CUT}`
  }
  return isLongOutput
    ? `${stdout.subarray(0, space - OUTPUT_CUT.length - stderr.length)}${OUTPUT_CUT}${title}${stderr}`
    : `${stdout}${title}${stderr.subarray(0, space - ERROR_CUT.length - stdout.length)}${ERROR_CUT}`
}

/** The text, or its beginning and the marker where it has `max` bytes or more. */
function cut(text: Buffer, max: number, marker: string): string {
  return text.length < max ? text.toString('utf8') : text.toString('utf8', 0, max - marker.length) + marker
}
