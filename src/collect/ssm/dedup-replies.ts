import { gunzipSync } from 'node:zlib'
import type { HostRecord } from '../../snapshot/snapshot.ts'
import {
  buildDictionary,
  chooseSampleHosts,
  type Dictionary,
  decodeDedupReply,
  type HeadLine,
  readHead,
  resultKey
} from '../protocol/dedup.ts'
import { MAX_UNPACKED_BYTES, openFrame, unpack } from '../protocol/frame.ts'
import { openBody } from '../protocol/reply.ts'
import { PIECE_BYTES } from '../script/build.ts'
import { invocationState } from './invocation-status.ts'
import type { LongReply } from './long-replies.ts'
import type { SentCommand } from './send.ts'
import type { SsmSession } from './session.ts'

/** Fewer long replies than this are read one by one: a second round of commands would cost more than it spares. */
export const MIN_HOSTS_TO_DEDUP = 60
/** Share of the hosts that may be scouts. */
const SCOUT_SHARE = 0.05
/** Short answers take a host a second; whoever gives none in time is read plainly (milliseconds). */
const WAIT = 60_000
const PAUSE = 2_000

/**
 * Asks hosts for their answers in short. Whatever does not come, or does not decode to what the host had promised, is
 * left to be read plainly: the first answer is still with SSM.
 */
export function dedupReplies(talk: SsmSession) {
  const { reader, ports, nonce } = talk
  const { clock, log } = ports
  const bodies: Buffer[] = []
  const taught = new Set<string>()
  const holders = new Map<string, number>()

  const isShortenable = ({ command, peeked }: LongReply) =>
    command.shell === 'posix' && peeked !== null && peeked.head !== '' && peeked.promised.total <= PIECE_BYTES

  return {
    pays: (long: readonly LongReply[]): boolean =>
      !talk.stopping() &&
      long.filter(isShortenable).length >= (bodies.length > 0 ? MIN_HOSTS_TO_DEDUP / 2 : MIN_HOSTS_TO_DEDUP),

    /** The hosts whose replies are to be read first, and learned from. */
    scouts(long: readonly LongReply[]): LongReply[] {
      const able = new Map(long.filter(isShortenable).map(reply => [reply.host, reply]))
      const heads = new Map<string, readonly HeadLine[]>(
        [...able].map(([host, { peeked }]) => [host, readHead(peeked?.head ?? '')])
      )
      for (const key of [...heads.values()].flatMap(lines => lines.filter(line => line.ok).map(resultKey)))
        holders.set(key, (holders.get(key) ?? 0) + 1)
      const chosen = chooseSampleHosts(heads, taught, Math.max(4, Math.ceil(able.size * SCOUT_SHARE)))
      for (const line of chosen.flatMap(host => heads.get(host) ?? []))
        if (line.ok) taught.add(resultKey(line))
      return chosen.flatMap(host => able.get(host) ?? [])
    },

    teach(packed: Buffer, whole: string): void {
      const body = unpack(packed, whole)
      if (!('reason' in body)) bodies.push(body)
    },

    /** Gives the hosts that answer in short; returns the others. */
    async *ask(
      long: readonly LongReply[],
      tell: () => void
    ): AsyncGenerator<HostRecord, readonly LongReply[]> {
      const open = new Map(long.filter(isShortenable).map(reply => [reply.host, reply]))
      const shared = new Set([...holders].filter(([, hosts]) => hosts > 1).map(([key]) => key))
      const known = buildDictionary(bodies, shared)
      const sent: SentCommand[] = []
      try {
        await talk.order(
          { do: 'shorthand', known: known.packed },
          { kind: 'hosts', hosts: [...open.keys()] },
          sent
        )
      } catch (error) {
        log.debug(`${error instanceof Error ? error.message : ''} The replies are read one by one.`)
      }
      const asked = open.size
      yield* receive(sent, open, known, tell)
      log.debug(
        `${asked - open.size} of ${asked} hosts answered in short, with ${known.units.length} lines known from ${bodies.length} hosts.`
      )
      return long.filter(reply => open.has(reply.host) || !isShortenable(reply))
    }
  }

  /**
   * Sweeps each command when all its hosts have answered, or when no more time is left for those that have not; hosts
   * that have answered are taken out of `open`.
   */
  async function* receive(
    sent: readonly SentCommand[],
    open: Map<string, LongReply>,
    known: Dictionary,
    tell: () => void
  ): AsyncGenerator<HostRecord> {
    const until = clock.now() + WAIT
    let commands = [...sent]
    while (commands.length > 0 && !ports.signal.aborted) {
      await clock.sleep(PAUSE, ports.signal)
      tell()
      const counts = await reader.count(commands)
      const last = clock.now() >= until || talk.stopping()
      const ended = (command: SentCommand) => counts.get(command)?.terminal ?? false
      for (const command of commands.filter(command => last || ended(command))) {
        if (ended(command)) talk.ended(command)
        try {
          for await (const { InstanceId: host = '', ...invocation } of reader.invocations(command, true)) {
            const reply = open.get(host)
            const state = invocationState(invocation.Status, invocation.StatusDetails)
            if (reply === undefined || !state.terminal) continue
            const body = decode(invocation.CommandPlugins?.[0]?.Output ?? '', reply, known)
            if (body === null) continue
            open.delete(host)
            talk.keeping.delete(host)
            const opened = openBody(body, talk.asked(reply.command, host))
            yield talk.record(reply.command, host, opened, reply.state)
          }
        } catch (error) {
          reader.endure(error, 'ssm:ListCommandInvocations')
        }
      }
      commands = last ? [] : commands.filter(command => !ended(command))
    }
  }

  function decode(output: string, { peeked }: LongReply, known: Dictionary): Buffer | null {
    const piece = openFrame(output, nonce)
    if ('reason' in piece || piece.index !== 'short' || piece.whole !== peeked?.promised.whole) return null
    try {
      return decodeDedupReply(
        gunzipSync(piece.bytes, { maxOutputLength: MAX_UNPACKED_BYTES }),
        known,
        piece.whole
      )
    } catch {
      return null
    }
  }
}
