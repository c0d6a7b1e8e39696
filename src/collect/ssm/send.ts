import { SendCommandCommand, type SSMClient } from '@aws-sdk/client-ssm'
import { errorName, explainAwsError } from '../../aws/errors.ts'
import type { S3Location } from '../../inputs/s3-location.ts'
import type { Targets } from '../../inputs/targets.ts'
import type { Log } from '../../log.ts'
import { type HostTask, lockedParameters, openParameters, type Shell } from './task.ts'

/** A command that runs on hosts; `hosts` are the ids it was sent to, `null` where SSM resolves a filter. */
export interface SentCommand {
  readonly id: string
  readonly hosts: readonly string[] | null
  readonly shell: Shell
}

export interface Sent {
  readonly commands: readonly SentCommand[]
  /** Hosts that SSM refuses to address, with the reason. */
  readonly refused: ReadonlyMap<string, string>
}

export interface Order {
  readonly targets: Targets
  readonly errand: HostTask
  readonly nonce: string
  readonly shell: Shell
  /** `null`: the document of AWS for the shell; any other than those is one of our own, which holds the script. */
  readonly document: string | null
  /** Where SSM also stores what hosts print; `null`: nowhere. */
  readonly store: S3Location | null
  readonly comment: string
  readonly maxConcurrency: string
  /** Seconds. */
  readonly timeoutSeconds: number
}

/** SSM's limits and constants (API reference, SendCommand; hash as published by AWS for version 1). */
const IDS_A_CALL = 50
const LONGEST_COMMENT = 100
const SHORTEST_DELIVERY = 30
const SHELL_DOCUMENT = {
  DocumentName: 'AWS-RunShellScript',
  DocumentVersion: '1',
  DocumentHash: '99749de5e62f71e5ebe9a55c2321e2c394796afe7208cff048696541e6f6771e',
  DocumentHashType: 'Sha256'
} as const
/** Its digest is nowhere published: the version is pinned alone. */
const POWERSHELL_DOCUMENT = { DocumentName: 'AWS-RunPowerShellScript', DocumentVersion: '1' } as const

const PIN_REFUSED =
  'AWS-RunShellScript is asked for as the version whose digest this release knows, and is never run as another: ' +
  'use a newer release, or name a document of your own in the document input.'

/** The document to send, and what its parameters are. */
function documentFor({ document, shell, errand, nonce }: Order) {
  const name = document ?? (shell === 'posix' ? SHELL_DOCUMENT : POWERSHELL_DOCUMENT).DocumentName
  if (name === SHELL_DOCUMENT.DocumentName)
    return { choice: SHELL_DOCUMENT, given: openParameters(errand, nonce, 'posix') }
  if (name === POWERSHELL_DOCUMENT.DocumentName)
    return { choice: POWERSHELL_DOCUMENT, given: openParameters(errand, nonce, 'powershell') }
  return { choice: { DocumentName: name }, given: lockedParameters(errand, nonce) }
}

const NOT_ADDRESSABLE = 'InvalidInstanceId: it is not registered with SSM, or stopped, or terminated'

/**
 * Sends the command to all targets. One bad id refuses a whole batch without saying which: the batch is halved until
 * the bad ones are alone, so that the good ones are not lost. Hosts that are not reached before `stopping` are not asked.
 * @throws Error that says what to change when SSM refuses the command itself; `sent` then holds what already runs.
 */
export async function send(
  order: Order,
  ssm: Pick<SSMClient, 'send'>,
  log: Log,
  sent: SentCommand[],
  stopping: () => boolean
): Promise<Sent> {
  const refused = new Map<string, string>()
  if (stopping()) return { commands: sent, refused }
  if (order.targets.kind === 'filters') {
    const Targets = order.targets.filters.map(({ key, values }) => ({ Key: key, Values: [...values] }))
    sent.push({ id: await sendOne(order, { Targets }, ssm), hosts: null, shell: order.shell })
    return { commands: sent, refused }
  }
  const batches: (readonly string[])[] = []
  for (let at = 0; at < order.targets.hosts.length; at += IDS_A_CALL) {
    batches.push(order.targets.hosts.slice(at, at + IDS_A_CALL))
  }
  for (let batch = batches.shift(); batch !== undefined && !stopping(); batch = batches.shift()) {
    try {
      sent.push({
        id: await sendOne(order, { InstanceIds: [...batch] }, ssm),
        hosts: batch,
        shell: order.shell
      })
    } catch (error) {
      if (!(error instanceof Error) || errorName(error.cause) !== 'InvalidInstanceId') throw error
      const [only] = batch
      if (batch.length === 1 && only !== undefined) refused.set(only, NOT_ADDRESSABLE)
      else batches.unshift(batch.slice(0, batch.length / 2), batch.slice(batch.length / 2))
      log.debug(`SSM refused a batch of ${batch.length} hosts for an id in it.`)
    }
  }
  return { commands: sent, refused }
}

async function sendOne(
  order: Order,
  whom: { InstanceIds: string[] } | { Targets: { Key: string; Values: string[] }[] },
  ssm: Pick<SSMClient, 'send'>
): Promise<string> {
  const { choice, given } = documentFor(order)
  const parameters = Object.fromEntries(Object.entries(given).map(([name, values]) => [name, [...values]]))
  try {
    const { Command } = await ssm.send(
      new SendCommandCommand({
        ...choice,
        ...whom,
        ...(order.store === null ? {} : { OutputS3BucketName: order.store.bucket }),
        ...(order.store?.prefix ? { OutputS3KeyPrefix: order.store.prefix } : {}),
        Comment: order.comment.slice(0, LONGEST_COMMENT),
        Parameters: {
          ...parameters,
          executionTimeout: [String(order.timeoutSeconds)]
        },
        TimeoutSeconds: Math.max(SHORTEST_DELIVERY, order.timeoutSeconds),
        MaxConcurrency: order.maxConcurrency,
        MaxErrors: '100%'
      })
    )
    if (!Command?.CommandId) throw new Error('SSM accepted the command and gave it no id')
    return Command.CommandId
  } catch (error) {
    const said = explainAwsError(error, 'ssm:SendCommand')
    const pin =
      choice === SHELL_DOCUMENT && /^InvalidDocument/.test(errorName(error)) ? ` ${PIN_REFUSED}` : ''
    throw new Error(`${said}${pin}`, { cause: error })
  }
}
