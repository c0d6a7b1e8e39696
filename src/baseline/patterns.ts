/** A run of characters that a learned pattern stands for. */
interface Run {
  /** By character code: 1 for those that it has. */
  readonly has: Uint8Array
  readonly longest: number
}

const run = (characters: RegExp, longest: number): Run => ({
  has: Uint8Array.from({ length: 128 }, (_, code) => (characters.test(String.fromCharCode(code)) ? 1 : 0)),
  longest
})

/** What the learned patterns of a baseline's rows stand for, but for a UUID. */
const RUNS: Readonly<Record<string, Run>> = {
  '<hex>': run(/[0-9A-Fa-f]/, 128),
  '<num>': run(/[0-9]/, 40),
  '<rand>': run(/[A-Za-z0-9_-]/, 128)
}
const ONE_UUID = /[0-9A-Fa-f]{8}[-_][0-9A-Fa-f]{4}[-_][0-9A-Fa-f]{4}[-_][0-9A-Fa-f]{4}[-_][0-9A-Fa-f]{12}/y
const UUID_LENGTH = 36

/** Whether a value of a baseline's row stands for many. */
export function isPattern(value: string): boolean {
  return /(?<!\\)<(?:hex|num|uuid|rand)>/.test(value)
}

export interface ValueTest {
  test(text: string): boolean
}

/**
 * What a value of a baseline's row matches, as a whole. A pattern also matches itself. O(text × parts), where a regular
 * expression would try all ways to share a hostile text among the parts.
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
        ends = at % 2 === 0 ? after(part, text, ends) : through(part, text, ends)
      return ends[text.length] === 1
    }
  }
}

/** Where a literal ends that begins where another part ended. */
function after(literal: string, text: string, starts: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (literal === '') return starts
  const ends = new Uint8Array(starts.length)
  for (let at = text.indexOf(literal); at >= 0; at = text.indexOf(literal, at + 1))
    if (starts[at] === 1) ends[at + literal.length] = 1
  return ends
}

/** Where what a pattern stands for, or the pattern itself, can end. */
function through(pattern: string, text: string, starts: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const ends = after(pattern, text, starts)
  const known = RUNS[pattern]
  // The latest start reaches as far as any.
  let latest = -1
  for (let at = 0; at < starts.length; at++) {
    if (known === undefined) {
      ONE_UUID.lastIndex = at
      if (starts[at] === 1 && ONE_UUID.test(text)) ends[at + UUID_LENGTH] = 1
      continue
    }
    if (latest >= 0 && at - latest <= known.longest) ends[at] = 1
    if (starts[at] === 1) latest = at
    if (known.has[text.charCodeAt(at)] !== 1) latest = -1
  }
  return ends
}

const PLACEHOLDER = /(<(?:host|ip|mac|instance-id|machine-id|hex|num|uuid|rand)>)/
const UUID =
  /(?<![0-9A-Za-z])[0-9A-Fa-f]{8}([-_])[0-9A-Fa-f]{4}\1[0-9A-Fa-f]{4}\1[0-9A-Fa-f]{4}\1[0-9A-Fa-f]{12}(?![0-9A-Za-z])/g

/**
 * The pattern that a value is a variant of: what looks random in it replaced. Single digits stay, for they tell
 * `v1` from `v2`. Placeholders that are there already stay as they are.
 */
export function generalize(value: string): string {
  return value
    .split(PLACEHOLDER)
    .map((part, at) => (at % 2 === 1 ? part : part.replace(UUID, '<uuid>')))
    .join('')
    .split(PLACEHOLDER)
    .map((part, at) => (at % 2 === 1 ? part : part.replace(/[A-Za-z0-9]+/g, word)))
    .join('')
}

function word(text: string): string {
  if (text.length >= 8 && /^[0-9A-Fa-f]+$/.test(text) && /\d/.test(text) && /[A-Fa-f]/.test(text))
    return '<hex>'
  const turns = text.match(/[a-z](?=[A-Z0-9])|[0-9](?=[A-Za-z])|[A-Z](?=[0-9])/g)
  if (text.length >= 6 && turns !== null && turns.length >= 2) return '<rand>'
  return text.replace(/\d{2,}/g, '<num>')
}

/** Whether enough of a pattern row is said literally for it to stand for one thing: three letters in a row somewhere. */
export function hasLiteralText(values: readonly string[]): boolean {
  return values.some(value =>
    value.split(PLACEHOLDER).some((part, at) => at % 2 === 0 && /\p{L}{3}/u.test(part))
  )
}
