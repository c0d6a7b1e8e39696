/**
 * Counts and lists in American English. Lists have no comma before "and" ("a, b and c"), which is the 'en-GB' pattern
 * of Intl.ListFormat. Formatters are created when they are first needed, because loading their data takes 20 ms.
 */
const PLURALS = new Intl.PluralRules('en-US')
let lists: Intl.ListFormat | undefined

/** `2,000` */
export function number(value: number): string {
  return value.toLocaleString('en-US')
}

/** The word that agrees with a number: `plural(2, 'is', 'are')` is `are`. */
export function plural(n: number, one: string, other: string): string {
  return PLURALS.select(n) === 'one' ? one : other
}

/** `1 host`, `2,000 hosts`; `count(2, 'query', 'queries')` is `2 queries`. */
export function count(n: number, noun: string, nouns = `${noun}s`): string {
  return `${number(n)} ${plural(n, noun, nouns)}`
}

/** `a`, `a and b`, `a, b and c`; with more names than `max`, `a, b and 37 more`. */
export function list(names: readonly string[], max = Number.POSITIVE_INFINITY): string {
  lists ??= new Intl.ListFormat('en-GB', { type: 'conjunction' })
  return names.length > max
    ? lists.format([...names.slice(0, max), `${number(names.length - max)} more`])
    : lists.format(names)
}

/** `a`, `a or b`, `a, b or c`. */
export function choices(names: readonly string[]): string {
  return new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(names)
}
