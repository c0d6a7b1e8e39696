import { gzipSync } from 'node:zlib'
import { sha256 } from './frame.ts'
import { MAX_UNPACKED_BYTES } from './limits.ts'

/**
 * Most hosts of a group answer most queries with the same rows, so not every host needs to send them. A host receives
 * the digests of lines and results that the runner has read from a few other hosts, and replies with references to
 * them (posix.ts, DEDUP). Nothing is lost: the reply decodes to exactly the bytes that the host holds, volatile columns
 * included, and the SHA-256 of all of it, announced before the host saw the dictionary, proves it. A host that refers
 * to what it does not hold cannot know that digest; a host that lies about itself could have done so without
 * references.
 */
export interface Dictionary {
  /** References count from 1. */
  readonly entries: readonly DictionaryEntry[]
  /** What the script takes: gzip and base64 of the first 32 hex digits of each entry's SHA-256, one per line. */
  readonly packed: string
}

/** A line, whose numbers may be {@link BLANK}, or a query's whole result; as latin1. */
export interface DictionaryEntry {
  readonly kind: 'line' | 'result'
  readonly text: string
}

/** Stands for a number; JSON has no such character. */
const BLANK = '\u0001'
const NUMBER = /:"-?[0-9]+"/g
/** 128 bits of a digest find an entry; all 256 bits over the whole answer prove it. */
const DIGEST_DIGITS = 32
/** Each costs 25 bytes of a command that may have 90,000. */
const MAX_ENTRIES = 3_000
/** Lines that one reply may decode to: the rows a host may send, and their brackets. */
const MAX_LINES = 250_000
/** Rows that are in no shared result are learned from at least this many hosts. */
const MIN_SAMPLE_HOSTS = 4
/** A result on fewer hosts than this is not worth reading from one of them first. */
const MIN_HOLDERS = 3

/** A query's line in the head of an answer. */
export interface HeadLine {
  readonly name: string
  readonly ok: boolean
  readonly bytes: number
  /** SHA-256 of the result, in hex. */
  readonly sha256: string
}

export function readHead(head: string): HeadLine[] {
  return head.split('\n').flatMap(line => {
    const [key, name = '', status, , , bytes, sha256 = '', ...more] = line.split(' ')
    if (key !== 'query' || more.length !== 1 || !/^[0-9a-f]{64}$/.test(sha256)) return []
    return [{ name, ok: status === 'ok', bytes: Number(bytes), sha256 }]
  })
}

/** Names a result that several hosts may have: its query and digest. */
export const resultKey = ({ name, sha256 }: HeadLine): string => `${name} ${sha256}`

/**
 * Chooses the hosts whose answers cover the most: each in turn is the one whose results, not covered yet, most other
 * hosts share. Ends at `max` hosts, or where another host would add only results that fewer than three hosts have.
 * @param covered keys of results that were read already
 */
export function chooseSampleHosts(
  heads: ReadonlyMap<string, readonly HeadLine[]>,
  covered: ReadonlySet<string>,
  max: number
): string[] {
  const holders = new Map<string, number>()
  for (const key of [...heads.values()]
    .flat()
    .filter(line => line.ok)
    .map(resultKey))
    holders.set(key, (holders.get(key) ?? 0) + 1)
  const candidates = new Map(
    [...heads].map(([host, lines]) => [
      host,
      lines
        .filter(line => line.ok)
        .map(resultKey)
        .filter(key => (holders.get(key) ?? 0) >= MIN_HOLDERS)
    ])
  )
  const coveredNow = new Set(covered)
  const samples: string[] = []
  while (samples.length < max) {
    let best: string | null = null
    let bestGain = 0
    for (const [host, keys] of candidates) {
      let gain = 0
      for (const key of keys) if (!coveredNow.has(key)) gain += holders.get(key) ?? 0
      if (gain > bestGain || (gain === bestGain && best === null && samples.length < MIN_SAMPLE_HOSTS)) {
        best = host
        bestGain = gain
      }
    }
    if (best === null) break
    for (const key of candidates.get(best) ?? []) coveredNow.add(key)
    candidates.delete(best)
    samples.push(best)
  }
  return samples
}

/** The answer of a sample host: the lines of its head and the text of each result. */
interface SampleAnswer {
  readonly head: readonly string[]
  readonly results: readonly { readonly line: HeadLine; readonly text: string }[]
}

function readSample(body: Buffer): SampleAnswer | null {
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
 * Builds the dictionary from the answers of sample hosts. First come the lines of the heads and the results that
 * several hosts share; then, while there is room, the lines that most samples have.
 * @param bodies unpacked answers
 * @param shared the results that several hosts have ({@link resultKey})
 */
export function buildDictionary(bodies: readonly Buffer[], shared: ReadonlySet<string>): Dictionary {
  const headLines = new Map<string, DictionaryEntry>()
  const results = new Map<string, DictionaryEntry>()
  const uses = new Map<string, number>()
  const use = (text: string) => uses.set(text, (uses.get(text) ?? 0) + 1)
  for (const sample of bodies.map(readSample).filter(sample => sample !== null)) {
    for (const text of sample.head.map(withoutDigest)) headLines.set(text, { kind: 'line', text })
    for (const { line, text } of sample.results) {
      const key = resultKey(line)
      if (results.has(key)) continue
      if (shared.has(key)) results.set(key, { kind: 'result', text })
      for (const row of new Set(text.split('\n').slice(0, -1).map(withoutComma))) {
        use(row)
        const blanked = row.replace(NUMBER, `:"${BLANK}"`)
        if (blanked !== row) use(blanked)
      }
    }
  }
  const room = Math.max(0, MAX_ENTRIES - results.size - headLines.size)
  const candidates = [...uses].filter(([text]) => !headLines.has(text))
  const minUses = candidates.map(([, count]) => count).sort((a, b) => b - a)[room - 1] ?? 0
  const frequent = candidates
    .filter(([, count]) => count >= minUses)
    .slice(0, room)
    .map(([text]): DictionaryEntry => ({ kind: 'line', text }))
  const entries = [...headLines.values(), ...results.values(), ...frequent].slice(0, MAX_ENTRIES)
  const digests = entries.map(digestOf).join('\n')
  return { entries, packed: gzipSync(`${digests}\n`, { level: 9 }).toString('base64') }
}

function digestOf({ kind, text }: DictionaryEntry): string {
  return sha256(Buffer.from(kind === 'line' ? `${text}\n` : text, 'latin1')).slice(0, DIGEST_DIGITS)
}

/** A line of a head without the digest of a complete result, which follows from its rows. */
function withoutDigest(line: string): string {
  const words = line.split(' ')
  if (words[0] !== 'query' || words[2] !== 'ok') return line
  words[6] = '='
  return words.join(' ')
}

function withoutComma(line: string): string {
  return line.endsWith('},') ? line.slice(0, -1) : line
}

/**
 * Decodes a deduplicated reply to the answer that it stands for; `null` where it does not decode to what the host
 * announced. Total; bytes and lines are bounded.
 * @param bodySha256 SHA-256 of the answer, announced before the host saw the dictionary
 */
export function decodeDedupReply(reply: Buffer, { entries }: Dictionary, bodySha256: string): Buffer | null {
  const tokens = reply.toString('latin1').split('\n')
  let at = 0
  let bytes = 0
  let count = 0

  /** The next lines until `isEnough`; `null` where a token is not valid, or there are too many lines or bytes. */
  function take(isEnough: (taken: readonly string[]) => boolean): string[] | null {
    const taken: string[] = []
    while (!isEnough(taken)) {
      const token = tokens[at++]
      const lines = token === undefined ? null : expand(token, entries)
      if (lines === null) return null
      for (const line of lines) bytes += line.length + 1
      count += lines.length
      if (bytes > MAX_UNPACKED_BYTES || count > MAX_LINES) return null
      taken.push(...lines)
    }
    return taken
  }

  /** The text of the next result: `w N` is a whole one of the dictionary, `l COUNT` comes before the lines of another. */
  function takeResult(): string | null {
    const [kind, number = ''] = (tokens[at++] ?? '').split(' ')
    if (kind === 'w') {
      const entry = entries[Number(number) - 1]
      if (entry?.kind !== 'result') return null
      bytes += entry.text.length
      return bytes > MAX_UNPACKED_BYTES ? null : entry.text
    }
    if (kind !== 'l' || !/^\d{1,6}$/.test(number)) return null
    const rows = take(taken => taken.length >= Number(number))
    return rows?.length === Number(number) ? joinRows(rows) : null
  }

  const head = take(taken => taken.at(-1)?.startsWith('end ') ?? false)
  if (head === null) return null
  const headLines: string[] = []
  const results: string[] = []
  for (const line of head) {
    const words = line.split(' ')
    if (words[0] === 'query' && words[2] === 'ok' && words[6] === '=') {
      const result = takeResult()
      if (result === null) return null
      words[6] = sha256(Buffer.from(result, 'latin1'))
      results.push(result)
    }
    headLines.push(words.join(' '))
  }
  const body = Buffer.from(`${headLines.join('\n')}\n${results.join('')}`, 'latin1')
  return sha256(body) === bodySha256 ? body : null
}

/**
 * The lines that one token stands for: `=LINE` itself, `@N` or `@N-M` lines of the dictionary, `#N NUMBER…` a line of
 * the dictionary with its numbers filled in. `null`: not a valid token.
 */
function expand(token: string, entries: readonly DictionaryEntry[]): string[] | null {
  const line = (number: number): string | null => {
    const entry = entries[number - 1]
    return entry?.kind === 'line' ? entry.text : null
  }
  if (token.startsWith('=')) return [token.slice(1)]
  const range = /^@(\d{1,5})(?:-(\d{1,5}))?$/.exec(token)
  if (range !== null) {
    const from = Number(range[1])
    const to = Number(range[2] ?? from)
    if (to < from || to > entries.length) return null
    const lines = Array.from({ length: to - from + 1 }, (_, step) => line(from + step))
    return lines.every(text => text !== null) ? lines : null
  }
  const [, number, values] = /^#(\d{1,5})((?: -?\d{1,24})+)$/.exec(token) ?? []
  if (number === undefined || values === undefined) return null
  const numbers = values.slice(1).split(' ')
  const parts = line(Number(number))?.split(BLANK) ?? []
  if (parts.length !== numbers.length + 1) return null
  return [parts.map((part, index) => part + (numbers[index] ?? '')).join('')]
}

/** Puts back the commas that osquery prints between two rows. */
function joinRows(rows: readonly string[]): string {
  return rows
    .map((row, at) => `${row}${row.endsWith('}') && rows[at + 1]?.endsWith('}') ? ',' : ''}\n`)
    .join('')
}
