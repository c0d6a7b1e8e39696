import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Platform } from '../osquery/pack.ts'
import type { Outcome, Reason } from '../snapshot/reasons.ts'
import type { HostRecord } from '../snapshot/snapshot.ts'
import { count } from '../text/phrases.ts'
import { sanitize } from '../text/sanitize.ts'
import {
  type CollectPorts,
  type CollectRequest,
  expectedIds,
  type OpenCollection,
  packDigests
} from './collector.ts'
import { recordOf, silentHost } from './host-record.ts'
import { openFrame } from './protocol/frame.ts'
import { MAX_S3_BYTES } from './protocol/limits.ts'
import { openPacked, type Reply, type ReplyRequest } from './protocol/reply.ts'
import { collectorScript, encodeScript, removeScript } from './script/build.ts'

/** Runs the collector's script on the runner itself, and checks its answer as it does those of other hosts. */
export function openLocal(request: CollectRequest, ports: CollectPorts): OpenCollection {
  return {
    source: { region: null, targets: [], packs: packDigests(request.packs) },
    hosts: collectHere(request, ports)
  }
}

/** The most that the script may print: every chunk in base64, with room for the frames (characters). */
const MAX_OUTPUT_CHARACTERS = MAX_S3_BYTES * 2
const REMOVE_SECONDS = 10
/** Share of `timeout-seconds` for the queries. */
const QUERY_SHARE = 0.8
const MIN_BUDGET_SECONDS = 3
const MAX_QUERY_SECONDS = 60
/** Of what the script reports as errors, the last characters are kept. */
const MAX_ERROR_CHARACTERS = 2_000
const PLATFORMS: Readonly<Record<string, Platform>> = { linux: 'linux', darwin: 'darwin', win32: 'windows' }

/** Yields this machine under its own name, and the other hosts that are expected. */
async function* collectHere(
  { inputs, queries }: CollectRequest,
  { clock, log, env, signal }: CollectPorts
): AsyncGenerator<HostRecord, number> {
  const { timeoutSeconds, osquery } = inputs
  const nonce = randomBytes(12).toString('hex')
  const host = hostname() || 'localhost'
  const budgetSeconds = Math.max(MIN_BUDGET_SECONDS, Math.floor(timeoutSeconds * QUERY_SHARE))
  const querySeconds = Math.min(MAX_QUERY_SECONDS, budgetSeconds)
  const script = collectorScript(queries, {
    nonce,
    budgetSeconds,
    querySeconds,
    viaS3: true,
    direct: true,
    osquery
  })
  log.info(`Running ${count(queries.length, 'query', 'queries')} on this machine.`)
  const result = await runScript(script, timeoutSeconds, env, signal)
  yield 'problem' in result
    ? silentHost(host, result.problem, false)
    : recordOf(host, openOutput(result.output, { nonce, host, queries: queries.map(({ name }) => name) }), {
        queries,
        shell: 'posix',
        platform: PLATFORMS[process.platform] ?? null,
        collectedAt: new Date(clock.now()).toISOString(),
        silence: { reason: silenceOf(result.outcome), unanswered: true }
      })
  await runScript(removeScript(nonce), REMOVE_SECONDS, env, new AbortController().signal)
  for (const id of expectedIds(inputs.expectedHosts))
    if (id !== host) yield silentHost(id, { code: 'not-matched', expectedIn: 'machine' }, false)
  return 0
}

/** Joins the chunks and opens the answer; none of it counts unless all of it is valid. */
function openOutput(output: string, request: ReplyRequest): Reply {
  const frames = output.split(/^(?=FLEETDRIFT2 )/m).filter(frame => frame.startsWith('FLEETDRIFT2 '))
  const chunks: Buffer[] = []
  let bodySha256 = ''
  for (const frame of frames.length > 0 ? frames : [output]) {
    const chunk = openFrame(frame, request.nonce)
    if ('problem' in chunk) return { kind: 'broken', ...chunk }
    if (chunk.index !== chunks.length) return { kind: 'broken', problem: { code: 'wrong-chunk' } }
    chunks.push(chunk.bytes)
    bodySha256 = chunk.bodySha256
  }
  return openPacked(Buffer.concat(chunks), bodySha256, request)
}

/** Runs a script in `sh` without the job's environment: no token and no input reaches it. */
async function runScript(
  script: string,
  timeoutSeconds: number,
  { PATH = '/usr/bin:/bin', TMPDIR = '/tmp' }: CollectPorts['env'],
  signal: AbortSignal
): Promise<{ readonly output: string; readonly outcome: Outcome } | { readonly problem: Reason }> {
  const child = spawn('sh', ['-c', encodeScript(script).join('\n')], {
    env: { PATH, TMPDIR, HOME: TMPDIR },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutSeconds * 1_000)])
  })
  let output = ''
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    if (output.length <= MAX_OUTPUT_CHARACTERS) output += text
  })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-MAX_ERROR_CHARACTERS)
  })
  return new Promise(resolve => {
    child.on('error', error => {
      if (error.name !== 'AbortError')
        resolve({ problem: { code: 'cannot-run', message: sanitize(error.message) } })
      else if (signal.aborted)
        resolve({ problem: { code: 'run-canceled', state: { code: 'still-running' } } })
      else
        resolve({ problem: { code: 'deadline', seconds: timeoutSeconds, state: { code: 'still-running' } } })
    })
    child.on('close', exitCode => resolve({ output, outcome: { exitCode, words: lastLine(errors) } }))
  })
}

/** Why the script printed nothing. */
function silenceOf(outcome: Outcome): Reason {
  if (outcome.exitCode === 0) return { code: 'no-answer' }
  return { code: outcome.exitCode === null ? 'killed' : 'command-failed', outcome }
}

function lastLine(text: string): string | null {
  const line = text.trim().split('\n').at(-1) ?? ''
  return line === '' ? null : sanitize(line, 200)
}
