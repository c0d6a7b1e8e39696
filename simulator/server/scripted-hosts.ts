import { gunzipSync, gzipSync } from 'node:zlib'
import { sha256 } from '../../src/collect/protocol/frame.ts'
import type { SimulatedHost } from '../fleet/host.ts'
import type { OsqueryOutput } from '../osquery/answer.ts'
import type { CommandResult } from './agent.ts'
import { deduplicate, type ReplyText } from './scripted-dedup.ts'

/** An answer to the collector's queries, which a host retains for later commands of the run. */
interface RetainedReply extends ReplyText {
  readonly packed: Buffer
  readonly sha256: string
}

/**
 * Hosts that answer without a shell, for fleets that are too large for real processes: they read the collector's script
 * and print what it would print. The tests of the collector hold the real script and these hosts to one format.
 * @param answer what osquery prints for a statement on a host
 */
export function scriptedHosts(answer: (host: SimulatedHost, sql: string) => OsqueryOutput) {
  const retained = new Map<string, RetainedReply>()

  function collect(script: string, host: SimulatedHost, name: string): string {
    const variables = variablesOf(script)
    const { nonce = '' } = variables
    const reply = replyOf(script, host, name)
    const size = Number(variables.chunk_bytes)
    const chunks = Math.max(1, Math.ceil(reply.packed.length / size))
    if (chunks > 1 || (variables.retain === 'yes' && reply.packed.length > Number(variables.listed_bytes)))
      retained.set(`${host.id} ${nonce}`, reply)
    const printed = variables.via_s3 === 'yes' ? chunks : 1
    return Array.from({ length: printed }, (_, index) => chunkFrame(nonce, reply, index, size)).join('')
  }

  function replyOf(script: string, host: SimulatedHost, name: string): RetainedReply {
    const hasOsquery = host.behavior !== 'no-osquery'
    const statements = hasOsquery ? statementsOf(script) : []
    const lines: string[] = []
    const results: string[] = []
    for (const { query, sql } of statements) {
      const { stdout, stderr, code } = answer(host, sql)
      const failure = stderr.includes('no such table') ? 'unsupported' : 'failed'
      const printed = code === 0 ? Buffer.from(stdout).toString('latin1') : ''
      const detail = code === 0 ? '-' : Buffer.from(stderr.slice(0, 300)).toString('base64') || '-'
      const rows = printed.match(/^ *\{/gm)?.length ?? 0
      const digest = sha256(Buffer.from(printed, 'latin1'))
      lines.push(
        `query ${query} ${code === 0 ? 'ok' : failure} ${code} ${rows} ${printed.length} ${digest} ${detail}`
      )
      results.push(printed)
    }
    const id = sha256(host.id)
    const facts = [
      `host ${name}`,
      'uid 0',
      `machine-id ${id.slice(32)}`,
      `boot-id ${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20, 32)}`,
      `osquery ${hasOsquery ? 'osqueryi' : 'none'}`
    ]
    const headLines = [...facts, ...lines, `end ${lines.length}`]
    const body = Buffer.from(`${headLines.join('\n')}\n${results.join('')}`, 'latin1')
    return { packed: gzipSync(body, { level: 9 }), sha256: sha256(body), headLines, results }
  }

  function continueReply(script: string, host: SimulatedHost): string {
    const { nonce = '', chunk_bytes, dictionary, chunk } = variablesOf(script)
    const key = `${host.id} ${nonce}`
    const reply = retained.get(key)
    if (dictionary === undefined && chunk === undefined) {
      retained.delete(key)
      return ''
    }
    if (reply === undefined) return 'fleet-drift: the folder of this run is gone\n'
    const size = Number(chunk_bytes)
    if (dictionary === undefined) return chunkFrame(nonce, reply, Number(chunk), size)
    const short = gzipSync(Buffer.from(deduplicate(reply, dictionary), 'latin1'), { level: 9 })
    if (reply.packed.length <= size) retained.delete(key)
    return short.length <= size ? frame(nonce, reply, 'dedup', short) : 'fleet-drift: no reply is shorter\n'
  }

  return {
    /** How many hosts still retain an answer. */
    retaining: () => retained.size,
    /** @param name the id that the agent gives to the script */
    async run(host: SimulatedHost, name: string, commands: readonly string[]): Promise<CommandResult> {
      const script = scriptOf(commands)
      const text = /^q /m.test(script) ? collect(script, host, name) : continueReply(script, host)
      return { code: 0, stdout: Buffer.from(text, 'latin1'), stderr: Buffer.alloc(0) }
    }
  }
}

/** The script inside a command's lines. */
function scriptOf(commands: readonly string[]): string {
  const text = /'([A-Za-z0-9+/=]+)'/.exec(commands.join('\n'))?.[1] ?? ''
  return gunzipSync(Buffer.from(text, 'base64')).toString('utf8')
}

/** The queries of a collector's script, which has all statements in one block. */
function statementsOf(script: string): { query: string; sql: string }[] {
  const packed = /^{ printf %s '([A-Za-z0-9+/=]+)' \| decode/m.exec(script)?.[1] ?? ''
  const lines = gunzipSync(Buffer.from(packed, 'base64')).toString('utf8').split('\n')
  return [...script.matchAll(/^q ([\w.-]+) (\d+)$/gm)].map(([, query = '', count]) => ({
    query,
    sql: lines.splice(0, Number(count)).join('\n')
  }))
}

function variablesOf(script: string): Record<string, string | undefined> {
  return Object.fromEntries(
    [...script.matchAll(/^([a-z_0-9]+)=(\S*)$/gm)].map(([, name = '', value]) => [name, value])
  )
}

function chunkFrame(nonce: string, reply: RetainedReply, index: number, size: number): string {
  return frame(nonce, reply, index, reply.packed.subarray(index * size, (index + 1) * size))
}

function frame(nonce: string, reply: RetainedReply, content: number | 'dedup', bytes: Buffer): string {
  const text = bytes.toString('base64')
  return (
    `FLEETDRIFT2 ${nonce} ${text.length} ${sha256(bytes)} ${content} ${reply.packed.length} ${reply.sha256}\n` +
    `${text}\nFLEETDRIFT2-END ${nonce}\n`
  )
}
