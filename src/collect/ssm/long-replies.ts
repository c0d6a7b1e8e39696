import { concurrently } from '../../lib/concurrently.ts'
import type { HostRecord } from '../../snapshot/snapshot.ts'
import { type Chunk, openFrame, type peekFrame } from '../protocol/frame.ts'
import { openPacked, type Reply } from '../protocol/reply.ts'
import { readChunks } from './chunks.ts'
import { dedupReplies } from './dedup-replies.ts'
import type { InvocationState } from './invocation-status.ts'
import type { SentCommand } from './send.ts'
import type { SsmSession } from './session.ts'

/** A reply that did not fit in SSM's list. */
export interface LongReply {
  readonly command: SentCommand
  readonly host: string
  readonly state: InvocationState
  /** What the list shows of it; `null`: it does not begin as an answer of the collector does. */
  readonly peeked: ReturnType<typeof peekFrame>
}

export const READS_AT_ONCE = 16

/** Reads the replies that did not fit in SSM's list: in short where that pays, one by one, and in pieces. */
export function readLongReplies(talk: SsmSession, tell: () => void) {
  const { reader, nonce } = talk
  const short = dedupReplies(talk)

  function open({ command, host, state }: LongReply, opened: Reply): HostRecord {
    return talk.record(command, host, opened, state)
  }

  /** Reads the whole reply of each host; those that are but the first of several pieces are put aside. */
  async function* oneByOne(
    long: readonly LongReply[],
    aside: { reply: LongReply; first: Chunk }[],
    teach: (bytes: Buffer, whole: string) => void = () => undefined
  ): AsyncGenerator<HostRecord> {
    const read = concurrently(long, READS_AT_ONCE, async reply => ({
      reply,
      output: await reader.read(reply.command, reply.host, talk.patience())
    }))
    for await (const { reply, output } of read) {
      tell()
      if (output === null) continue
      const piece = openFrame(output, nonce)
      if ('reason' in piece) {
        yield open(reply, { kind: 'broken', reason: piece.reason })
      } else if (piece.index === 0 && piece.bytes.length < piece.total) {
        aside.push({ reply, first: piece })
      } else {
        const opened = openPacked(piece.bytes, piece.whole, talk.asked(reply.command, reply.host))
        if (opened.kind === 'answer') teach(piece.bytes, piece.whole)
        yield open(reply, opened)
      }
    }
  }

  return {
    /**
     * Hosts whose reply SSM does not give are left out.
     * @param kept the hosts have kept their answers, so that they can be asked for short ones
     */
    async *read(long: readonly LongReply[], kept: boolean): AsyncGenerator<HostRecord> {
      const aside: { reply: LongReply; first: Chunk }[] = []
      let open = long
      if (kept && short.pays(long)) {
        const scouts = short.scouts(long)
        yield* oneByOne(scouts, aside, short.teach)
        const others = long.filter(reply => !scouts.includes(reply))
        open = yield* short.ask(others, tell)
      }
      yield* oneByOne(open, aside)
      yield* readChunks(talk, aside, tell)
    }
  }
}
