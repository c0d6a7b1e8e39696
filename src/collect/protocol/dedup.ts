import { BLANK, type Dictionary, type DictionaryEntry } from './dictionary.ts'
import { sha256 } from './frame.ts'
import { MAX_UNPACKED_BYTES } from './limits.ts'

/** Lines that one reply may decode to: the rows a host may send, and their brackets. */
const MAX_LINES = 250_000

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
    if (words[0] === 'query' && (words[2] === 'ok' || words[2] === 'incomplete') && words[6] === '=') {
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
