import { concurrently } from '../../lib/concurrently.ts'
import type { HostRecord } from '../../snapshot/snapshot.ts'
import { type Chunk, openFrame } from '../protocol/frame.ts'
import { openPacked, type Reply } from '../protocol/reply.ts'
import { MAX_PACKED_BYTES, MAX_STORED_BYTES, PIECE_BYTES } from '../script/build.ts'
import { invocationState } from './invocation-status.ts'
import { type LongReply, READS_AT_ONCE } from './long-replies.ts'
import type { SentCommand } from './send.ts'
import type { SsmSession } from './session.ts'

/** A host's answer on its way: the pieces that have come, by index. */
interface Incoming {
  readonly reply: LongReply
  readonly first: Chunk
  readonly pieces: (Buffer | undefined)[]
  /** Why a piece is missing, and whether that is the host's doing. */
  trouble: { readonly reason: string; readonly byHost: boolean } | null
}

/** Hosts whose pieces are held in memory at the same time, 1 MiB each. */
const HOSTS_AT_ONCE = 50
/** Pieces that did not come are asked for once more. */
const ROUNDS = 2
const PAUSE = 1_500
/** More are not asked for one by one. */
const MAX_CHUNKS = Math.ceil(MAX_PACKED_BYTES / PIECE_BYTES)
/** SSM stores an output a little after the command has ended. */
const STORE_LOOKS = 4
/** A round waits for stragglers so long, and ends earlier when no piece has come for the second (milliseconds). */
const WAIT = 120_000
const QUIET = 45_000

/**
 * Fetches the rest of answers that one reply does not hold: one command for each piece, for all hosts that have it.
 * Every piece is verified, and so is the whole.
 */
export async function* readChunks(
  talk: SsmSession,
  first: readonly { reply: LongReply; first: Chunk }[],
  tell: () => void
): AsyncGenerator<HostRecord> {
  for (let at = 0; at < first.length; at += HOSTS_AT_ONCE) {
    const hosts = first.slice(at, at + HOSTS_AT_ONCE).map(({ reply, first }): Incoming => {
      const count = Math.ceil(Math.min(first.total, MAX_STORED_BYTES + PIECE_BYTES) / PIECE_BYTES)
      const pieces: (Buffer | undefined)[] = Array.from({ length: count })
      pieces[0] = first.bytes
      return { reply, first, pieces, trouble: null }
    })
    if (talk.ports.s3 !== null) await fetchStored(talk, hosts)
    const few = hosts.filter(({ pieces }) => pieces.length <= MAX_CHUNKS)
    for (let round = 0; round < ROUNDS && !talk.stopping(); round++) await fetch(talk, few, tell)
    for (const host of hosts) yield finish(talk, host)
  }
}

/** Reads the pieces that SSM has stored in S3. What is not there is asked for as if there were no bucket. */
async function fetchStored(talk: SsmSession, hosts: readonly Incoming[]): Promise<void> {
  const { s3, log, clock } = talk.ports
  const reasons = new Set<string>()
  const reads = concurrently(hosts, READS_AT_ONCE, async host => {
    for (let look = 0; s3 !== null && look < STORE_LOOKS && clock.now() < talk.until(); look++) {
      if (look > 0) await clock.sleep(PAUSE)
      const object = await s3(talk.storedAt(host.reply.command, host.reply.host))
      if (object === null) continue
      if ('reason' in object) {
        reasons.add(object.reason)
        return
      }
      const frames = object.text.split(/^(?=FLEETDRIFT2 )/m).slice(0, host.pieces.length + 1)
      for (const frame of frames) {
        const piece = openFrame(frame, talk.nonce)
        if ('index' in piece && typeof piece.index === 'number' && piece.index < host.pieces.length)
          accept(talk, host, piece.index, frame)
      }
      return
    }
    reasons.add('the output of a host is not there: its instance profile may not write to the bucket')
  })
  for await (const _ of reads);
  for (const reason of reasons) log.warning(`output-s3: ${reason}. The answers are read in pieces instead.`)
}

/** One round: asks for every piece that is missing, all at once, and reads them as their commands end. */
async function fetch(talk: SsmSession, hosts: readonly Incoming[], tell: () => void): Promise<void> {
  const { ports, reader } = talk
  const most = Math.max(0, ...hosts.map(({ pieces }) => pieces.length))
  const asked = new Map<SentCommand, number>()
  const byId = new Map(hosts.map(host => [host.reply.host, host]))
  for (let index = 1; index < most && !talk.stopping(); index++) {
    const missing = hosts.filter(({ pieces }) => index < pieces.length && pieces[index] === undefined)
    const sent: SentCommand[] = []
    try {
      for (const shell of ['posix', 'powershell'] as const) {
        const ids = missing
          .filter(({ reply }) => reply.command.shell === shell)
          .map(({ reply }) => reply.host)
        if (ids.length > 0)
          await talk.order({ do: 'piece', index }, { kind: 'hosts', hosts: ids }, sent, shell)
      }
    } catch (error) {
      for (const host of missing)
        host.trouble = { reason: error instanceof Error ? error.message : 'SSM refused', byHost: false }
    }
    for (const command of sent) asked.set(command, index)
  }
  if (asked.size > 0) ports.log.debug(`${hosts.length} answers are read in up to ${most} pieces.`)
  const until = Math.min(ports.clock.now() + WAIT, talk.deadline)
  let completed = 0
  let changedAt = ports.clock.now()
  for (let last = false; asked.size > 0 && !last && !ports.signal.aborted; ) {
    await ports.clock.sleep(PAUSE, ports.signal)
    tell()
    const counts = await reader.count([...asked.keys()])
    const now = ports.clock.now()
    const sum = [...counts.values()].reduce((total, known) => total + known.completed, 0)
    if (sum !== completed) changedAt = now
    completed = sum
    last = now >= until || now - changedAt >= QUIET
    for (const [command, index] of [...asked]) {
      const ended = counts.get(command)?.terminal ?? false
      if (!ended && !last) continue
      asked.delete(command)
      if (ended) talk.ended(command)
      const ids = ended ? (command.hosts ?? []) : await endedHosts(talk, command, byId)
      const of = ids.flatMap(host => byId.get(host) ?? [])
      const read = concurrently(of, READS_AT_ONCE, async host => {
        accept(talk, host, index, await reader.read(command, host.reply.host, talk.patience()))
      })
      for await (const _ of read) tell()
    }
  }
}

/**
 * The hosts that have ended a command which waits for others: one that hangs is not to cost them their pieces. Of those
 * that were reached and did not end, it is noted: to promise an answer and keep it back must not pay.
 */
async function endedHosts(
  { reader }: SsmSession,
  command: SentCommand,
  asked: ReadonlyMap<string, Incoming>
): Promise<string[]> {
  const ended: string[] = []
  try {
    for await (const { InstanceId = '', Status, StatusDetails } of reader.invocations(command, false)) {
      const state = invocationState(Status, StatusDetails)
      const host = asked.get(InstanceId)
      if (state.terminal) ended.push(InstanceId)
      else if (host !== undefined) host.trouble = { reason: state.reason, byHost: state.delivered }
    }
  } catch (error) {
    reader.endure(error, 'ssm:ListCommandInvocations')
  }
  return ended
}

/** Takes a piece that is what it should be; else notes why not. */
function accept(talk: SsmSession, host: Incoming, index: number, output: string | null): void {
  if (output === null) {
    host.trouble = { reason: 'SSM does not give it', byHost: false }
    return
  }
  const piece = openFrame(output, talk.nonce)
  if ('reason' in piece) host.trouble = { reason: piece.reason, byHost: true }
  else if (
    piece.index !== index ||
    piece.total !== host.first.total ||
    piece.whole !== host.first.whole ||
    piece.bytes.length !== Math.min(PIECE_BYTES, piece.total - index * PIECE_BYTES)
  )
    host.trouble = { reason: 'it is not the piece that was asked for', byHost: true }
  else host.pieces[index] = piece.bytes
}

function finish(talk: SsmSession, { reply, first, pieces, trouble }: Incoming): HostRecord {
  const come = pieces.filter(piece => piece !== undefined)
  const told = (opened: Reply) => talk.record(reply.command, reply.host, opened, reply.state)
  if (come.length === pieces.length)
    return told(openPacked(Buffer.concat(come), first.whole, talk.asked(reply.command, reply.host)))
  const why = trouble?.reason ?? 'there was no time left'
  const reason = `its answer has ${pieces.length} pieces, of which ${come.length} came: ${why}`
  return { ...told({ kind: 'broken', reason }), unanswered: trouble?.byHost ?? false }
}
