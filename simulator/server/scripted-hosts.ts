import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { SimulatedHost } from '../fleet/host.ts'
import type { OsqueryOutput } from '../osquery/answer.ts'
import type { CommandResult } from './agent.ts'

/** What a host keeps of its answer for later commands of a run. */
interface KeptReply {
  readonly packed: Buffer
  readonly whole: string
  readonly top: readonly string[]
  readonly results: readonly string[]
}

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex')

/**
 * Hosts that answer without a shell, for fleets too large for real processes: they read the collector's script and
 * print what it would print there (its tests hold both to the same format).
 * @param answer what osquery would print for a statement on a host
 */
export function scriptedHosts(answer: (host: SimulatedHost, sql: string) => OsqueryOutput) {
  const kept = new Map<string, KeptReply>()

  function collect(script: string, host: SimulatedHost, name: string): string {
    const variables = variablesOf(script)
    const lines: string[] = []
    const results: string[] = []
    for (const [, query = '', quoted = ''] of script.matchAll(/^q ([\w.-]+) '((?:[^']|'\\'')*)'$/gm)) {
      const { stdout, stderr, code } = answer(host, quoted.replaceAll("'\\''", "'"))
      const unsupported = stderr.includes('no such table')
      const status = code === 0 ? 'ok' : unsupported ? 'unsupported' : 'failed'
      const printed = code === 0 ? Buffer.from(stdout).toString('latin1') : ''
      const detail = code === 0 ? '-' : Buffer.from(stderr.slice(0, 300)).toString('base64') || '-'
      const rows = printed.match(/^ *\{/gm)?.length ?? 0
      lines.push(
        `query ${query} ${status} ${code} ${rows} ${printed.length} ${sha256(Buffer.from(printed, 'latin1'))} ${detail}`
      )
      results.push(printed)
    }
    const id = sha256(host.id)
    const boot = `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20, 32)}`
    const facts = [
      `host ${name}`,
      'uid 0',
      `machine-id ${id.slice(32)}`,
      `boot-id ${boot}`,
      'osquery osqueryi'
    ]
    const top = [...facts, ...lines, `end ${lines.length}`]
    const body = Buffer.from(`${top.join('\n')}\n${results.join('')}`, 'latin1')
    const own = { packed: gzipSync(body, { level: 9 }), whole: sha256(body), top, results }
    const size = Number(variables.piece_bytes)
    if (
      own.packed.length > size ||
      (variables.keep === 'yes' && own.packed.length > Number(variables.kept_bytes))
    )
      kept.set(`${host.id} ${variables.nonce}`, own)
    return frame(variables.nonce ?? '', own, 0, own.packed.subarray(0, size))
  }

  function later(script: string, host: SimulatedHost): string {
    const { nonce = '', piece_bytes, known_text } = variablesOf(script)
    const key = `${host.id} ${nonce}`
    const own = kept.get(key)
    if (own === undefined)
      return script.includes('piece ') ? 'fleet-drift: the folder of this run is gone\n' : ''
    const size = Number(piece_bytes)
    if (known_text !== undefined) {
      const short = gzipSync(Buffer.from(shorten(own, known_text), 'latin1'), { level: 9 })
      if (own.packed.length <= size) kept.delete(key)
      return short.length <= size ? frame(nonce, own, 'short', short) : 'fleet-drift: no answer is shorter\n'
    }
    const index = /^piece (\d+)$/m.exec(script)?.[1]
    if (index !== undefined) {
      const from = Number(index) * size
      return frame(nonce, own, Number(index), own.packed.subarray(from, from + size))
    }
    kept.delete(key)
    return ''
  }

  return {
    /** Hosts that still keep an answer. */
    keeping: () => kept.size,
    /** @param name the id that the agent tells the script */
    async run(host: SimulatedHost, name: string, commands: readonly string[]): Promise<CommandResult> {
      const script = carried(commands)
      const text = /^q /m.test(script) ? collect(script, host, name) : later(script, host)
      return { code: 0, stdout: Buffer.from(text, 'latin1'), stderr: Buffer.alloc(0) }
    }
  }
}

function carried(commands: readonly string[]): string {
  const text = /'([A-Za-z0-9+/=]+)'/.exec(commands.join('\n'))?.[1] ?? ''
  return gunzipSync(Buffer.from(text, 'base64')).toString('utf8')
}

function variablesOf(script: string): Record<string, string | undefined> {
  return Object.fromEntries(
    [...script.matchAll(/^([a-z_]+)=(\S*)$/gm)].map(([, name = '', value]) => [name, value])
  )
}

function frame(nonce: string, own: KeptReply, index: number | 'short', bytes: Buffer): string {
  const text = bytes.toString('base64')
  return (
    `FLEETDRIFT2 ${nonce} ${text.length} ${sha256(bytes)} ${index} ${own.packed.length} ${own.whole}\n` +
    `${text}\nFLEETDRIFT2-END ${nonce}\n`
  )
}

/** The answer in short, as the script's awk makes it. */
function shorten({ top, results }: KeptReply, packed: string): string {
  const known = new Map(
    gunzipSync(Buffer.from(packed, 'base64'))
      .toString()
      .trim()
      .split('\n')
      .map((digest, at) => [digest, at + 1])
  )
  const find = (text: string) => known.get(sha256(Buffer.from(text, 'latin1')).slice(0, 32))
  const tokens: string[] = []
  let run: [from: number, to: number] | null = null
  const flush = () => {
    if (run !== null) tokens.push(run[0] === run[1] ? `@${run[0]}` : `@${run[0]}-${run[1]}`)
    run = null
  }
  const unit = (line: string) => {
    const at = find(`${line}\n`)
    if (at !== undefined) {
      if (run !== null && at === run[1] + 1) run[1] = at
      else {
        flush()
        run = [at, at]
      }
      return
    }
    flush()
    const blank = line.replace(/:"-?[0-9]+"/g, ':"\u0001"')
    const masked = blank === line ? undefined : find(`${blank}\n`)
    const numbers = [...line.matchAll(/:"(-?[0-9]+)"/g)].map(match => match[1])
    tokens.push(masked === undefined ? `=${line}` : `#${masked} ${numbers.join(' ')}`)
  }
  const held: string[] = []
  let query = 0
  for (const line of top) {
    const words = line.split(' ')
    if (words[0] === 'query') {
      if (words[2] === 'ok') {
        words[6] = '='
        held.push(results[query] ?? '')
      }
      query++
    }
    unit(words.join(' '))
  }
  for (const result of held) {
    const whole = find(result)
    flush()
    if (whole !== undefined) {
      tokens.push(`w ${whole}`)
      continue
    }
    const lines = result.replace(/\n$/, '').split('\n')
    tokens.push(`l ${lines.length}`)
    for (const line of lines) unit(line.endsWith('},') ? line.slice(0, -1) : line)
  }
  flush()
  return `${tokens.join('\n')}\n`
}
