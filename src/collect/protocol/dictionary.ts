import { gzipSync } from 'node:zlib'
import { sha256 } from './frame.ts'

/**
 * Most hosts of a group answer most queries with the same rows, so not every host needs to send them. A host receives
 * the digests of lines and results that the runner has read from a few other hosts, and replies with references to
 * them (script/posix/dedup.ts). Nothing is lost: the reply decodes (dedup.ts) to exactly the bytes that the host holds,
 * volatile columns included, and the SHA-256 of all of it, announced before the host saw the dictionary, proves it. A
 * host that refers to what it does not hold cannot know that digest; a host that lies about itself could have done so
 * without references.
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
export const BLANK = '\u0001'
const NUMBER = /:"-?[0-9]+"/g
/** 128 bits of a digest find an entry; all 256 bits over the whole answer prove it. */
const DIGEST_DIGITS = 32
/** Each costs 25 bytes of a command that may have 90,000. */
const MAX_ENTRIES = 3_000
/** Rows that are in no shared result are learned from at least this many hosts. */
const MIN_SAMPLE_HOSTS = 4
/** A result on fewer hosts than this is not worth reading from one of them first. */
const MIN_HOLDERS = 3

/** A query's line in the head of an answer. */
export interface HeadLine {
  readonly name: string
  /** It has rows that count. */
  readonly ok: boolean
  readonly bytes: number
  /** SHA-256 of the result, in hex. */
  readonly sha256: string
}

export function readHead(head: string): HeadLine[] {
  return head.split('\n').flatMap(line => {
    const [key, name = '', status, , , bytes, sha256 = '', ...more] = line.split(' ')
    if (key !== 'query' || more.length !== 1 || !/^[0-9a-f]{64}$/.test(sha256)) return []
    return [{ name, ok: status === 'ok' || status === 'incomplete', bytes: Number(bytes), sha256 }]
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
