import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Clock } from '../clock.ts'
import type { OsquerySource } from '../inputs/osquery-sources.ts'
import type { Log } from '../log.ts'
import type { Query } from '../osquery/pack.ts'
import type { HostRecord } from '../snapshot/snapshot.ts'
import { sanitize } from '../text/sanitize.ts'
import { recordOf, silentHost } from './host-record.ts'
import { openFrame } from './protocol/frame.ts'
import { openPacked, type Reply } from './protocol/reply.ts'
import {
  collectorScript,
  encodeScript,
  MAX_STORED_BYTES,
  removeScript
} from './script/build.ts'
import { invocationState } from './ssm/invocation-status.ts'

export interface LocalCollection {
  readonly queries: readonly Query[]
  /** Seconds. */
  readonly timeoutSeconds: number
  readonly osquery: readonly OsquerySource[]
  readonly expectedIds: readonly string[]
}

/** The most that the script prints: every piece in base64, with room for the frames (characters). */
const MAX_OUTPUT_BYTES = MAX_STORED_BYTES * 2
const REMOVING = 10_000

/**
 * Runs the collector on this machine: the script that hosts run, and the same checks of its answer. Gives one host, by
 * the machine's own name, and those that are expected beside it.
 */
export async function* collectHere(
  { queries, timeoutSeconds, osquery, expectedIds }: LocalCollection,
  { clock, log, signal }: { readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal }
): AsyncGenerator<HostRecord> {
  const nonce = randomBytes(12).toString('hex')
  const host = hostname() || 'localhost'
  const budgetSeconds = Math.max(3, Math.floor(timeoutSeconds * 0.8))
  const querySeconds = Math.min(60, budgetSeconds)
  const script = collectorScript(queries, { nonce, budgetSeconds, querySeconds, stored: true, osquery })
  log.info(`Asking ${queries.length} queries on this machine.`)
  const { output, trouble } = await shell(script, timeoutSeconds * 1_000, signal)
  const state = invocationState('Success', 'Success')
  yield trouble === null
    ? recordOf(host, open(output, nonce, host, queries), queries, state, new Date(clock.now()).toISOString())
    : silentHost(host, trouble, false)
  await shell(removeScript(nonce), REMOVING, new AbortController().signal)
  for (const id of expectedIds) {
    if (id !== host) yield silentHost(id, 'it is expected, and is not this machine', false)
  }
}

/** Puts the pieces together and opens the answer; nothing of it counts unless all of it holds. */
function open(output: string, nonce: string, host: string, queries: readonly Query[]): Reply {
  const frames = output.split(/^(?=FLEETDRIFT2 )/m).filter(frame => frame.startsWith('FLEETDRIFT2 '))
  const pieces: Buffer[] = []
  let whole = ''
  for (const frame of frames.length > 0 ? frames : [output]) {
    const piece = openFrame(frame, nonce)
    if ('reason' in piece) return { kind: 'broken', reason: piece.reason }
    if (piece.index !== pieces.length) return { kind: 'broken', reason: 'a piece of the answer is missing' }
    pieces.push(piece.bytes)
    whole = piece.whole
  }
  const asked = { nonce, host, queries: queries.map(query => query.name) }
  return openPacked(Buffer.concat(pieces), whole, asked)
}

/** Runs a script in `sh` with nothing of this job's environment: no token and no input reaches it. */
async function shell(
  script: string,
  milliseconds: number,
  signal: AbortSignal
): Promise<{ readonly output: string; readonly trouble: string | null }> {
  const { PATH = '/usr/bin:/bin', TMPDIR = '/tmp' } = process.env
  const child = spawn('sh', ['-c', encodeScript(script).join('\n')], {
    env: { PATH, TMPDIR, HOME: TMPDIR },
    stdio: ['ignore', 'pipe', 'ignore'],
    signal: AbortSignal.any([signal, AbortSignal.timeout(milliseconds)])
  })
  let output = ''
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    if (output.length <= MAX_OUTPUT_BYTES) output += text
  })
  return new Promise(resolve => {
    child.on('error', error =>
      resolve({
        output: '',
        trouble:
          error.name !== 'AbortError'
            ? `the collector cannot be run here: ${sanitize(error.message)}`
            : signal.aborted
              ? 'the run was cancelled'
              : `no answer within ${milliseconds / 1_000} s`
      })
    )
    child.on('close', () => resolve({ output, trouble: null }))
  })
}
