import { gunzipSync } from 'node:zlib'
import { sha256 } from '../../src/collect/protocol/frame.ts'

/** What a host answers: the lines about itself and its queries, and what each query printed (as latin1). */
export interface ReplyText {
  readonly headLines: readonly string[]
  readonly results: readonly string[]
}

/**
 * A reply with references to entries of the run's dictionary, as the script's awk makes it: `@N` or `@N-M` for entries,
 * `#N numbers` for an entry with other numbers, `=` and the line for anything else.
 * @param packed the dictionary: the digests of its entries, gzip in base64
 */
export function deduplicate({ headLines, results }: ReplyText, packed: string): string {
  const digests = gunzipSync(Buffer.from(packed, 'base64')).toString().trim().split('\n')
  const dictionary = new Map(digests.map((digest, index) => [digest, index + 1]))
  const entryOf = (text: string) => dictionary.get(sha256(Buffer.from(text, 'latin1')).slice(0, 32))
  const output: string[] = []
  let range: [from: number, to: number] | null = null

  function endRange(): void {
    if (range !== null) output.push(range[0] === range[1] ? `@${range[0]}` : `@${range[0]}-${range[1]}`)
    range = null
  }

  function addLine(line: string): void {
    const entry = entryOf(`${line}\n`)
    if (entry !== undefined) {
      if (range !== null && entry === range[1] + 1) range[1] = entry
      else {
        endRange()
        range = [entry, entry]
      }
      return
    }
    endRange()
    const masked = line.replace(/:"-?[0-9]+"/g, ':"\u0001"')
    const maskedEntry = masked === line ? undefined : entryOf(`${masked}\n`)
    const numbers = [...line.matchAll(/:"(-?[0-9]+)"/g)].map(match => match[1])
    output.push(maskedEntry === undefined ? `=${line}` : `#${maskedEntry} ${numbers.join(' ')}`)
  }

  const complete: string[] = []
  let query = 0
  for (const line of headLines) {
    const words = line.split(' ')
    if (words[0] === 'query') {
      if (words[2] === 'ok' || words[2] === 'incomplete') {
        words[6] = '='
        complete.push(results[query] ?? '')
      }
      query++
    }
    addLine(words.join(' '))
  }
  for (const result of complete) {
    const entry = entryOf(result)
    endRange()
    if (entry !== undefined) {
      output.push(`w ${entry}`)
      continue
    }
    const lines = result.replace(/\n$/, '').split('\n')
    output.push(`l ${lines.length}`)
    for (const line of lines) addLine(line.endsWith('},') ? line.slice(0, -1) : line)
  }
  endRange()
  return `${output.join('\n')}\n`
}
