import type { FramePreview } from '../protocol/frame.ts'
import type { InvocationState } from './invocation-status.ts'
import type { SentCommand } from './send.ts'

/** A reply that does not fit in SSM's list of invocations. */
export interface LongReply {
  readonly command: SentCommand
  readonly host: string
  readonly state: InvocationState
  /** What the list shows of it; `null`: it does not begin as a reply of the collector does. */
  readonly preview: FramePreview | null
}

/** Replies that are read at the same time. */
export const READS_AT_ONCE = 16
