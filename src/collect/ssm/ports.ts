import type { SSMClient } from '@aws-sdk/client-ssm'
import type { ReadObject } from '../../aws/s3.ts'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'

export interface SsmPorts {
  readonly ssm: Pick<SSMClient, 'send'>
  /** Reads objects of `output-s3`; `null`: it is not set. */
  readonly s3: ReadObject | null
  readonly log: Log
  readonly clock: Clock
  /** Aborted: the commands are canceled, and what is known is still recorded. */
  readonly signal: AbortSignal
}
