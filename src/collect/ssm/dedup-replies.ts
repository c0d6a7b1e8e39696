import { gunzipSync } from 'node:zlib'
import type { HostRecord } from '../../snapshot/snapshot.ts'
import { count } from '../../text/phrases.ts'
import { decodeDedupReply } from '../protocol/dedup.ts'
import {
  buildDictionary,
  chooseSampleHosts,
  type Dictionary,
  readHead,
  resultKey
} from '../protocol/dictionary.ts'
import { type Chunk, openFrame, unpack } from '../protocol/frame.ts'
import { CHUNK_BYTES, MAX_UNPACKED_BYTES } from '../protocol/limits.ts'
import { openBody } from '../protocol/reply.ts'
import { countCommands } from './command-counts.ts'
import { invocationState } from './invocation-status.ts'
import type { LongReply } from './long-reply.ts'
import type { SentCommand } from './send.ts'
import { recordReply, replyRequest, type SsmSession, sendTask } from './session.ts'

/** Fewer long replies than this are read one by one: a second round of commands would cost more than it saves. */
export const MIN_HOSTS_TO_DEDUP = 60
/** Share of the hosts that may be sample hosts, and how many may be in any case. */
const MAX_SAMPLE_SHARE = 0.05
const MIN_SAMPLE_LIMIT = 4
/** A deduplicated reply takes a host a second; a host that sends none in time is read plainly (milliseconds). */
const MAX_WAIT = 60_000
const POLL_PAUSE = 2_000

/** What the run has learned of its hosts' answers so far. */
export interface DedupState {
  /** Unpacked answers of sample hosts. */
  readonly bodies: Buffer[]
  /** Keys of the results in those answers. */
  readonly covered: Set<string>
  /** How many hosts have each result, by key. */
  readonly holders: Map<string, number>
}

export function dedupState(): DedupState {
  return { bodies: [], covered: new Set(), holders: new Map() }
}

/** Whether a host can send a deduplicated reply. */
const canDedup = ({ command, preview }: LongReply): boolean =>
  command.shell === 'posix' && preview !== null && preview.head !== '' && preview.header.total <= CHUNK_BYTES

/** Whether deduplicated replies of these hosts would save calls. */
export function isWorthwhile(
  { bodies }: DedupState,
  { deadline }: SsmSession,
  replies: readonly LongReply[]
): boolean {
  const minHosts = bodies.length > 0 ? MIN_HOSTS_TO_DEDUP / 2 : MIN_HOSTS_TO_DEDUP
  return !deadline.isOver() && replies.filter(canDedup).length >= minHosts
}

/** The replies of the sample hosts, which are to be read first. */
export function sampleReplies({ covered, holders }: DedupState, replies: readonly LongReply[]): LongReply[] {
  const able = new Map(replies.filter(canDedup).map(reply => [reply.host, reply]))
  const heads = new Map([...able].map(([host, { preview }]) => [host, readHead(preview?.head ?? '')]))
  const keysOf = (host: string) => (heads.get(host) ?? []).filter(line => line.ok).map(resultKey)
  for (const key of [...heads.keys()].flatMap(keysOf)) holders.set(key, (holders.get(key) ?? 0) + 1)
  const maxHosts = Math.max(MIN_SAMPLE_LIMIT, Math.ceil(able.size * MAX_SAMPLE_SHARE))
  const hosts = chooseSampleHosts(heads, covered, maxHosts)
  for (const key of hosts.flatMap(keysOf)) covered.add(key)
  return hosts.flatMap(host => able.get(host) ?? [])
}

/** Adds the answer of a sample host. */
export function addSample({ bodies }: DedupState, { bytes, bodySha256 }: Chunk): void {
  const body = unpack(bytes, bodySha256)
  if (!('problem' in body)) bodies.push(body)
}

/**
 * Asks hosts for deduplicated replies, and yields the hosts whose reply decodes to what they announced. Returns the
 * other replies, which are to be read plainly: the first answer is still with SSM.
 */
export async function* requestDedupReplies(
  { bodies, holders }: DedupState,
  session: SsmSession,
  replies: readonly LongReply[],
  onProgress: () => void
): AsyncGenerator<HostRecord, readonly LongReply[]> {
  const { log } = session.ports
  const open = new Map(replies.filter(canDedup).map(reply => [reply.host, reply]))
  const asked = open.size
  const shared = new Set([...holders].filter(([, hosts]) => hosts > 1).map(([key]) => key))
  const dictionary = buildDictionary(bodies, shared)
  const { commands, error } = await sendTask(
    session,
    { kind: 'dedup', dictionary: dictionary.packed },
    { kind: 'hosts', hosts: [...open.keys()] },
    'posix'
  )
  if (error !== null) log.debug(`${error.message} The replies are read one by one.`)
  yield* receive(session, commands, open, dictionary, onProgress)
  log.debug(
    `Deduplicated replies came from ${asked - open.size} of ${count(asked, 'host')}; the dictionary has ${count(dictionary.entries.length, 'entry', 'entries')} from ${count(bodies.length, 'host')}.`
  )
  return replies.filter(reply => open.has(reply.host) || !canDedup(reply))
}

/**
 * Sweeps each command when all its hosts have replied, or when no time is left for those that have not. Hosts whose
 * reply decodes are removed from `open`.
 */
async function* receive(
  session: SsmSession,
  sent: readonly SentCommand[],
  open: Map<string, LongReply>,
  dictionary: Dictionary,
  onProgress: () => void
): AsyncGenerator<HostRecord> {
  const { ports, deadline, counter } = session
  const until = ports.clock.now() + MAX_WAIT
  let commands = [...sent]
  while (commands.length > 0 && !ports.signal.aborted) {
    await ports.clock.sleep(POLL_PAUSE, ports.signal)
    onProgress()
    const counts = await countCommands(counter, commands)
    const isLast = ports.clock.now() >= until || deadline.isOver()
    const hasEnded = (command: SentCommand) => counts.get(command)?.terminal ?? false
    for (const command of commands.filter(command => isLast || hasEnded(command))) {
      if (hasEnded(command)) session.running.delete(command)
      yield* sweep(session, command, open, dictionary)
    }
    commands = isLast ? [] : commands.filter(command => !hasEnded(command))
  }
}

async function* sweep(
  session: SsmSession,
  command: SentCommand,
  open: Map<string, LongReply>,
  dictionary: Dictionary
): AsyncGenerator<HostRecord> {
  try {
    for await (const { InstanceId: host = '', ...invocation } of session.api.invocations(command, true)) {
      const reply = open.get(host)
      const { terminal } = invocationState(invocation.Status, invocation.StatusDetails)
      if (reply === undefined || !terminal) continue
      const body = decode(session, invocation.CommandPlugins?.[0]?.Output ?? '', reply, dictionary)
      if (body === null) continue
      open.delete(host)
      session.retaining.delete(host)
      const opened = openBody(body, replyRequest(session, reply.command, host))
      yield recordReply(session, reply.command, host, opened, reply.state)
    }
  } catch (error) {
    session.api.warnIfTransient(error, 'ssm:ListCommandInvocations')
  }
}

function decode(
  { nonce }: SsmSession,
  output: string,
  { preview }: LongReply,
  dictionary: Dictionary
): Buffer | null {
  const chunk = openFrame(output, nonce)
  if ('problem' in chunk || chunk.index !== 'dedup') return null
  if (chunk.bodySha256 !== preview?.header.bodySha256) return null
  try {
    const reply = gunzipSync(chunk.bytes, { maxOutputLength: MAX_UNPACKED_BYTES })
    return decodeDedupReply(reply, dictionary, chunk.bodySha256)
  } catch {
    return null
  }
}
