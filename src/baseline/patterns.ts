import { UUID_SOURCE } from '../normalize/uuid.ts'

/** The characters that a learned pattern matches. */
interface Run {
  /** By character code: 1 if the pattern matches it. */
  readonly matches: Uint8Array
  readonly maxLength: number
}

const run = (characters: RegExp, maxLength: number): Run => ({
  matches: Uint8Array.from({ length: 128 }, (_, code) =>
    characters.test(String.fromCharCode(code)) ? 1 : 0
  ),
  maxLength
})

/** What the learned patterns match, except `<uuid>`. */
const RUNS: Readonly<Record<string, Run>> = {
  '<hex>': run(/[0-9A-Fa-f]/, 128),
  '<num>': run(/[0-9]/, 40),
  '<rand>': run(/[A-Za-z0-9_-]/, 128)
}
const UUID_HERE = new RegExp(UUID_SOURCE, 'y')
const UUID_LENGTH = 36

/** Mode `baseline` replaces variants of a row with a pattern if there are at least this many … */
export const MIN_VARIANTS = 5
/** … that together are on at least this share of the hosts, and on at least this number of them. */
export const MIN_PATTERN_SHARE = 0.5
export const MIN_PATTERN_HOSTS = 3

/** Whether a value of a baseline's row matches more than itself. */
export function isPattern(value: string): boolean {
  return /(?<!\\)<(?:hex|num|uuid|rand)>/.test(value)
}

export interface ValueTest {
  test(text: string): boolean
}

/**
 * Tests whole values against a value of a baseline's row. A pattern also matches itself. O(text × parts): a regular
 * expression would try every way to split a hostile text among the parts.
 */
export function patternOf(value: string): ValueTest {
  const parts = value.split(/((?<!\\)<(?:hex|num|uuid|rand)>)/)
  const [first = ''] = parts
  if (parts.length === 1) return { test: text => text === value }
  const last = parts.at(-1) ?? ''
  return {
    test(text) {
      if (!text.startsWith(first) || !text.endsWith(last)) return false
      let ends = new Uint8Array(text.length + 1)
      ends[0] = 1
      for (const [at, part] of parts.entries())
        ends = at % 2 === 0 ? literalEnds(part, text, ends) : patternEnds(part, text, ends)
      return ends[text.length] === 1
    }
  }
}

/** By offset: 1 where a literal ends that begins at one of the starts. */
function literalEnds(
  literal: string,
  text: string,
  starts: Uint8Array<ArrayBuffer>
): Uint8Array<ArrayBuffer> {
  if (literal === '') return starts
  const ends = new Uint8Array(starts.length)
  for (let at = text.indexOf(literal); at >= 0; at = text.indexOf(literal, at + 1))
    if (starts[at] === 1) ends[at + literal.length] = 1
  return ends
}

/** By offset: 1 where a match of the pattern, or the pattern itself as text, ends that begins at one of the starts. */
function patternEnds(
  pattern: string,
  text: string,
  starts: Uint8Array<ArrayBuffer>
): Uint8Array<ArrayBuffer> {
  const ends = literalEnds(pattern, text, starts)
  const characters = RUNS[pattern]
  // A match from the latest start reaches at least as far as one from an earlier start.
  let latest = -1
  for (let at = 0; at < starts.length; at++) {
    if (characters === undefined) {
      UUID_HERE.lastIndex = at
      if (starts[at] === 1 && UUID_HERE.test(text)) ends[at + UUID_LENGTH] = 1
      continue
    }
    if (latest >= 0 && at - latest <= characters.maxLength) ends[at] = 1
    if (starts[at] === 1) latest = at
    if (characters.matches[text.charCodeAt(at)] !== 1) latest = -1
  }
  return ends
}

const PLACEHOLDER = /(<(?:host|ip|mac|instance-id|machine-id|hex|num|uuid|rand)>)/
const UUID_WORD = new RegExp(`(?<![0-9A-Za-z])${UUID_SOURCE}(?![0-9A-Za-z])`, 'g')

/**
 * The pattern that a value is a variant of: its random-looking parts replaced. Single digits are kept, because they
 * tell `v1` from `v2`, and so are placeholders.
 */
export function generalize(value: string): string {
  return value
    .split(PLACEHOLDER)
    .map((part, at) => (at % 2 === 1 ? part : part.replace(UUID_WORD, '<uuid>')))
    .join('')
    .split(PLACEHOLDER)
    .map((part, at) => (at % 2 === 1 ? part : part.replace(/[A-Za-z0-9]+/g, generalizeWord)))
    .join('')
}

function generalizeWord(word: string): string {
  if (word.length >= 8 && /^[0-9A-Fa-f]+$/.test(word) && /\d/.test(word) && /[A-Fa-f]/.test(word))
    return '<hex>'
  const turns = word.match(/[a-z](?=[A-Z0-9])|[0-9](?=[A-Za-z])|[A-Z](?=[0-9])/g)
  if (word.length >= 6 && turns !== null && turns.length >= 2) return '<rand>'
  return word.replace(/\d{2,}/g, '<num>')
}

/** Whether a pattern row is literal enough to identify one thing: three letters in a row somewhere. */
export function hasLiteralText(values: readonly string[]): boolean {
  return values.some(value =>
    value.split(PLACEHOLDER).some((part, at) => at % 2 === 0 && /\p{L}{3}/u.test(part))
  )
}
