import { gzipSync } from 'node:zlib'
import { MAX_UNPACKED_BYTES, sha256 } from './frame.ts'

/**
 * Most hosts of a group answer most queries with the same rows. Those that the runner has seen on a few hosts need not
 * be sent by all: a host gets the digests of known lines and results, and answers with references to them (shell.ts,
 * SHORTHAND). Nothing is lost: the answer decodes to the very bytes that the host holds, volatile columns included,
 * and the SHA-256 of all of it, given before the host saw the list, proves it. A host that refers to what it does not
 * hold cannot know that digest; one that lies about itself could have done so without references.
 */
export interface Dictionary {
  /** Lines (of latin1 characters; a number in them may be {@link BLANK}) and whole results, by number from 1. */
  readonly units: readonly DictionaryEntry[]
  /** The list as the script wants it: gzip and base64 of the first 32 hex digits of each unit's SHA-256. */
  readonly packed: string
}

export type DictionaryEntry =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'result'; readonly text: string }

/** Stands for a number; JSON has no such character. */
const BLANK = '\u0001'
const NUMBER = /:"-?[0-9]+"/g
/** 128 bits of a digest find a unit; all 256 bits over the whole answer prove it. */
const DIGITS = 32
/** Each costs 25 bytes of a command that may have 90,000. */
const MAX_ENTRIES = 3_000
/** Lines that one answer may decode to: the rows a host may send, and their brackets. */
const MAX_LINES = 250_000

/** A query's line in the head of an answer. */
export interface HeadLine {
  readonly name: string
  readonly ok: boolean
  readonly bytes: number
  readonly sum: string
}

export function readHead(head: string): HeadLine[] {
  return head.split('\n').flatMap(line => {
    const [key, name = '', status, , , bytes, sum = '', ...more] = line.split(' ')
    if (key !== 'query' || more.length !== 1 || !/^[0-9a-f]{64}$/.test(sum)) return []
    return [{ name, ok: status === 'ok', bytes: Number(bytes), sum }]
  })
}

/** A result that several hosts have, as its query and digest. */
export const resultKey = ({ name, sum }: HeadLine): string => `${name} ${sum}`

/**
 * Chooses the hosts whose answers teach the most: each in turn is the one whose results, not yet known, most other
 * hosts share. Ends where a further host would teach what fewer than three hosts have, or at `most`.
 */
export function chooseSampleHosts(
  heads: ReadonlyMap<string, readonly HeadLine[]>,
  known: ReadonlySet<string>,
  most: number
): string[] {
  const holders = new Map<string, number>()
  for (const lines of heads.values())
    for (const line of lines)
      if (line.ok) holders.set(resultKey(line), (holders.get(resultKey(line)) ?? 0) + 1)
  const open = new Map(
    [...heads].map(([host, lines]) => [
      host,
      lines.filter(line => line.ok && (holders.get(resultKey(line)) ?? 0) > 2).map(resultKey)
    ])
  )
  const taught = new Set(known)
  const scouts: string[] = []
  while (scouts.length < most) {
    let best: string | null = null
    let worth = 0
    for (const [host, keys] of open) {
      let sum = 0
      for (const key of keys) if (!taught.has(key)) sum += holders.get(key) ?? 0
      if (sum > worth || (sum === worth && best === null && scouts.length < MIN_SAMPLE_HOSTS)) {
        best = host
        worth = sum
      }
    }
    if (best === null) break
    for (const key of open.get(best) ?? []) taught.add(key)
    open.delete(best)
    scouts.push(best)
  }
  return scouts
}

/** Rows that no two hosts have in the same result are learned from these. */
const MIN_SAMPLE_HOSTS = 4

/** A scout's answer: its head's lines and the bytes of each result. */
interface SampleReply {
  readonly head: readonly string[]
  readonly results: readonly { readonly line: HeadLine; readonly text: string }[]
}

function readLesson(body: Buffer): SampleReply | null {
  const text = body.toString('latin1')
  const end = /^end \d+\n/m.exec(text)
  if (end === null) return null
  const head = text.slice(0, end.index + end[0].length - 1).split('\n')
  let at = end.index + end[0].length
  const results = readHead(head.join('\n')).map(line => {
    const result = { line, text: text.slice(at, at + line.bytes) }
    at += line.bytes
    return result
  })
  return { head, results: results.filter(({ line }) => line.ok) }
}

/**
 * Makes the list of what is known from the answers of scouts. First come whole results that several hosts share and
 * the heads' lines; then, while there is room, the lines that most scouts share.
 * @param shared the results that several hosts have ({@link resultKey})
 */
export function buildDictionary(bodies: readonly Buffer[], shared: ReadonlySet<string>): Dictionary {
  const lessons = bodies.map(readLesson).filter(lesson => lesson !== null)
  const results = new Map<string, DictionaryEntry>()
  const first = new Map<string, DictionaryEntry>()
  const lines = new Map<string, number>()
  for (const { head, results: own } of lessons) {
    for (const line of head) first.set(withoutSum(line), { kind: 'line', text: withoutSum(line) })
    for (const { line, text } of own) {
      const key = resultKey(line)
      if (results.has(key)) continue
      if (shared.has(key)) results.set(key, { kind: 'result', text })
      for (const row of new Set(text.split('\n').slice(0, -1).map(withoutComma))) {
        lines.set(row, (lines.get(row) ?? 0) + 1)
        const blank = row.replace(NUMBER, `:"${BLANK}"`)
        if (blank !== row) lines.set(blank, (lines.get(blank) ?? 0) + 1)
      }
    }
  }
  const room = Math.max(0, MAX_ENTRIES - results.size - first.size)
  const often = [...lines].filter(([text]) => !first.has(text)).map(([text, uses]) => ({ text, uses }))
  const least = often.map(({ uses }) => uses).sort((a, b) => b - a)[room - 1] ?? 0
  const chosen = often
    .filter(({ uses }, at) => room > 0 && (uses > least || (uses === least && at < often.length)))
    .slice(0, room)
    .map(({ text }): DictionaryEntry => ({ kind: 'line', text }))
  const units = [...first.values(), ...results.values(), ...chosen].slice(0, MAX_ENTRIES)
  const digests = units.map(digestOf).join('\n')
  return { units, packed: gzipSync(`${digests}\n`, { level: 9 }).toString('base64') }
}

function digestOf({ kind, text }: DictionaryEntry): string {
  return sha256(Buffer.from(kind === 'line' ? `${text}\n` : text, 'latin1')).slice(0, DIGITS)
}

/** A head's line of a result that holds, without the result's digest: that follows from the rows. */
function withoutSum(line: string): string {
  const words = line.split(' ')
  if (words[0] !== 'query' || words[2] !== 'ok') return line
  words[6] = '='
  return words.join(' ')
}

function withoutComma(line: string): string {
  return line.endsWith('},') ? line.slice(0, -1) : line
}

/**
 * Decodes an answer in short to the bytes that it stands for, or `null` where it does not decode to what the host
 * promised. Total, and bounded in bytes and lines.
 * @param whole SHA-256 of the answer, promised before the host saw the list
 */
export function decodeDedupReply(short: Buffer, known: Dictionary, whole: string): Buffer | null {
  const lines = short.toString('latin1').split('\n')
  let at = 0
  let size = 0
  let count = 0
  const line = (number: string): string | null => {
    const unit = known.units[Number(number) - 1]
    return unit?.kind === 'line' ? unit.text : null
  }

  /** The lines that one token stands for. */
  function expand(token: string): string[] | null {
    if (token.startsWith('=')) return [token.slice(1)]
    const run = /^@(\d{1,5})(?:-(\d{1,5}))?$/.exec(token)
    if (run !== null) {
      const from = Number(run[1])
      const to = Number(run[2] ?? from)
      if (to < from || to > known.units.length) return null
      const found = Array.from({ length: to - from + 1 }, (_, step) => line(String(from + step)))
      return found.every(text => text !== null) ? found : null
    }
    const [, number, rest] = /^#(\d{1,5})((?: -?\d{1,24})+)$/.exec(token) ?? []
    if (number === undefined || rest === undefined) return null
    const numbers = rest.slice(1).split(' ')
    const parts = line(number)?.split(BLANK) ?? []
    if (parts.length !== numbers.length + 1) return null
    return [parts.map((part, index) => part + (numbers[index] ?? '')).join('')]
  }

  /** Lines until `enough` says so; `null` where they do not come out even, or are too many. */
  function take(enough: (taken: readonly string[]) => boolean): string[] | null {
    const taken: string[] = []
    while (!enough(taken)) {
      const token = lines[at++]
      const more = token === undefined ? null : expand(token)
      if (more === null) return null
      for (const text of more) size += text.length + 1
      count += more.length
      if (size > MAX_UNPACKED_BYTES || count > MAX_LINES) return null
      taken.push(...more)
    }
    return taken
  }

  const head = take(taken => taken.at(-1)?.startsWith('end ') ?? false)
  if (head === null) return null
  const texts: string[] = []
  const top: string[] = []
  for (const text of head) {
    const words = text.split(' ')
    if (words[0] !== 'query' || words[2] !== 'ok' || words[6] !== '=') {
      top.push(text)
      continue
    }
    const [kind, number = ''] = (lines[at++] ?? '').split(' ')
    let result: string | null = null
    if (kind === 'w') {
      const unit = known.units[Number(number) - 1]
      result = unit?.kind === 'result' ? unit.text : null
      size += result?.length ?? 0
      if (size > MAX_UNPACKED_BYTES) return null
    } else if (kind === 'l' && /^\d{1,6}$/.test(number)) {
      const rows = take(taken => taken.length >= Number(number))
      result = rows?.length === Number(number) ? joinRows(rows) : null
    }
    if (result === null) return null
    words[6] = sha256(Buffer.from(result, 'latin1'))
    texts.push(result)
    top.push(words.join(' '))
  }
  const body = Buffer.from(`${top.join('\n')}\n${texts.join('')}`, 'latin1')
  return sha256(body) === whole ? body : null
}

/** Puts the commas back that osquery prints between two rows. */
function joinRows(rows: readonly string[]): string {
  return rows
    .map((row, at) => `${row}${row.endsWith('}') && rows[at + 1]?.endsWith('}') ? ',' : ''}\n`)
    .join('')
}
