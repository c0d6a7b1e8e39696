import { SendCommandCommand } from '@aws-sdk/client-ssm'
import { errorName, explainAwsError } from '../../aws/errors.ts'
import type { S3Location } from '../../inputs/s3-location.ts'
import type { Targets } from '../../inputs/targets.ts'
import { errorMessage } from '../../lib/error-message.ts'
import { count } from '../../text/phrases.ts'
import type { Shell } from '../script/shell.ts'
import type { SsmPorts } from './ports.ts'
import { type HostTask, lockedParameters, scriptParameters } from './task.ts'

/** A command that was sent. */
export interface SentCommand {
  readonly id: string
  /** The ids it was sent to; `null` where SSM resolves a filter. */
  readonly hosts: readonly string[] | null
  readonly shell: Shell
}

export interface Sent {
  readonly commands: readonly SentCommand[]
  /** Hosts that SSM does not accept as targets. */
  readonly notManaged: readonly string[]
  /** Hosts of a platform that the document is not for. */
  readonly otherPlatform: readonly string[]
  /** Hosts that the role may not send commands to. */
  readonly denied: readonly string[]
  /** Why not every command was sent; says what to change. The commands above run all the same. */
  readonly error: Error | null
}

export interface CommandRequest {
  readonly targets: Targets
  readonly task: HostTask
  readonly nonce: string
  readonly shell: Shell
  /** `null`: AWS's document for the shell. Any other document than AWS's is a locked one, which contains the script. */
  readonly document: string | null
  /** Where SSM also stores what hosts print; `null`: nowhere. */
  readonly outputS3: S3Location | null
  readonly comment: string
  readonly maxConcurrency: string
  /** Seconds. */
  readonly timeoutSeconds: number
}

/** SSM's limits (API reference, SendCommand). */
const MAX_IDS_PER_CALL = 50
const MAX_COMMENT_LENGTH = 100
const MIN_DELIVERY_SECONDS = 30
/** Version 1 and its hash, as SSM describes the document. */
const SHELL_DOCUMENT = {
  DocumentName: 'AWS-RunShellScript',
  DocumentVersion: '1',
  DocumentHash: '99749de5e62f71e5ebe9a55c2321e2c394796afe7208cff048696541e6f6771e',
  DocumentHashType: 'Sha256'
} as const
/** The same. It is for Windows and Linux, where it needs PowerShell. */
export const POWERSHELL_DOCUMENT = {
  DocumentName: 'AWS-RunPowerShellScript',
  DocumentVersion: '1',
  DocumentHash: '2142e42a19e0955cc09e43600bf2e633df1917b69d2be9693737dfd62e0fdf61',
  DocumentHashType: 'Sha256'
} as const

const PIN_REFUSED =
  "AWS's document is requested in the version whose digest this release knows, and never run in another: " +
  'use a newer release, or name a document of your own in the document input.'

/** The document to send, and its parameters. */
function documentFor({ document, shell, task, nonce }: CommandRequest) {
  const name = document ?? (shell === 'posix' ? SHELL_DOCUMENT : POWERSHELL_DOCUMENT).DocumentName
  if (name === SHELL_DOCUMENT.DocumentName)
    return { choice: SHELL_DOCUMENT, given: scriptParameters(task, nonce, 'posix') }
  if (name === POWERSHELL_DOCUMENT.DocumentName)
    return { choice: POWERSHELL_DOCUMENT, given: scriptParameters(task, nonce, 'powershell') }
  return { choice: { DocumentName: name }, given: lockedParameters(task, nonce) }
}

/** So many hosts that the role may not reach, and none that it may: the policy does not allow any. */
const MAX_DENIED = 50

/** Why SSM refuses a batch because of one id in it. */
type Refusal = 'notManaged' | 'otherPlatform' | 'denied'

/**
 * Sends a command to all targets. One id that SSM does not know, that the role may not reach, or of another platform than
 * the document's, makes SSM refuse a whole batch: the id is left out where SSM names it, and else the batch is halved
 * until it is isolated, so that the others are not lost. Never throws. Hosts that were not reached when `isOver` turns
 * true are not contacted.
 */
export async function send(
  request: CommandRequest,
  ports: Pick<SsmPorts, 'ssm' | 'log'>,
  isOver: () => boolean
): Promise<Sent> {
  const commands: SentCommand[] = []
  const refused: Record<Refusal, string[]> = { notManaged: [], otherPlatform: [], denied: [] }
  const { targets, shell } = request
  try {
    if (targets.kind === 'filters') {
      const Targets = targets.filters.map(({ key, values }) => ({ Key: key, Values: [...values] }))
      if (!isOver()) commands.push({ id: await sendOne(request, { Targets }, ports), hosts: null, shell })
      return { commands, ...refused, error: null }
    }
    const batches = batchesOf(targets.hosts)
    for (let batch = batches.shift(); batch !== undefined && !isOver(); batch = batches.shift()) {
      try {
        const id = await sendOne(request, { InstanceIds: [...batch] }, ports)
        commands.push({ id, hosts: batch, shell })
      } catch (error) {
        const refusal = refusalOf(error)
        if (refusal === null) throw error
        const hosts = refused[refusal.kind]
        const named = batch.length === 1 ? batch[0] : batch.find(host => host === refusal.host)
        if (named !== undefined) hosts.push(named)
        const rest = named === undefined ? batch : batch.filter(host => host !== named)
        const middle = named === undefined ? rest.length / 2 : rest.length
        batches.unshift(...[rest.slice(0, middle), rest.slice(middle)].filter(part => part.length > 0))
        ports.log.debug(`SSM refused a batch of ${count(batch.length, 'host')} because of an id in it.`)
        const { denied } = refused
        const isAll = denied.length === targets.hosts.length || denied.length >= MAX_DENIED
        if (commands.length === 0 && isAll) throw error
      }
    }
    return { commands, ...refused, error: null }
  } catch (error) {
    return {
      commands,
      ...refused,
      error: error instanceof Error ? error : new Error(errorMessage(error))
    }
  }
}

/** What one id of a batch is refused for, and which id, where SSM says it; `null`: it is not for an id. */
function refusalOf(error: unknown): { readonly kind: Refusal; readonly host: string | undefined } | null {
  const cause = error instanceof Error ? error.cause : undefined
  const text = errorMessage(cause)
  const host = /\bm?i-[0-9a-f]{8,17}\b/.exec(text)?.[0]
  switch (errorName(cause)) {
    case 'InvalidInstanceId':
      return { kind: 'notManaged', host }
    case 'UnsupportedPlatformType':
      return { kind: 'otherPlatform', host }
    case 'AccessDeniedException':
      return /:(?:managed-)?instance\//.test(text) ? { kind: 'denied', host } : null
    default:
      return null
  }
}

function batchesOf(hosts: readonly string[]): (readonly string[])[] {
  const batches: (readonly string[])[] = []
  for (let at = 0; at < hosts.length; at += MAX_IDS_PER_CALL)
    batches.push(hosts.slice(at, at + MAX_IDS_PER_CALL))
  return batches
}

async function sendOne(
  request: CommandRequest,
  targets: { InstanceIds: string[] } | { Targets: { Key: string; Values: string[] }[] },
  { ssm }: Pick<SsmPorts, 'ssm'>
): Promise<string> {
  const { choice, given } = documentFor(request)
  const { outputS3, timeoutSeconds } = request
  const parameters = Object.fromEntries(Object.entries(given).map(([name, values]) => [name, [...values]]))
  try {
    const { Command } = await ssm.send(
      new SendCommandCommand({
        ...choice,
        ...targets,
        ...(outputS3 === null ? {} : { OutputS3BucketName: outputS3.bucket }),
        ...(outputS3?.prefix ? { OutputS3KeyPrefix: outputS3.prefix } : {}),
        Comment: request.comment.slice(0, MAX_COMMENT_LENGTH),
        Parameters: { ...parameters, executionTimeout: [String(timeoutSeconds)] },
        TimeoutSeconds: Math.max(MIN_DELIVERY_SECONDS, timeoutSeconds),
        MaxConcurrency: request.maxConcurrency,
        MaxErrors: '100%'
      })
    )
    if (!Command?.CommandId) throw new Error('SSM accepted the command without giving it an id')
    return Command.CommandId
  } catch (error) {
    const explanation = explainAwsError(error, 'ssm:SendCommand')
    const pin = 'DocumentHash' in choice && /^InvalidDocument/.test(errorName(error)) ? ` ${PIN_REFUSED}` : ''
    throw new Error(`${explanation}${pin}`, { cause: error })
  }
}
