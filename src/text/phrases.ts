/** Counts and lists in American English. `Intl` could write them too, but takes 20 ms to load its data. */

/** A whole number: `2,000` */
export function number(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ',')
}

/** The word that agrees with a number: `plural(2, 'is', 'are')` is `are`. */
export function plural(n: number, one: string, other: string): string {
  return n === 1 ? one : other
}

/** `1 host`, `2,000 hosts`; `count(2, 'query', 'queries')` is `2 queries`. */
export function count(n: number, noun: string, nouns = `${noun}s`): string {
  return `${number(n)} ${plural(n, noun, nouns)}`
}

/** `a`, `a and b`, `a, b and c`; with more names than `max`, `a, b and 37 more`. */
export function list(names: readonly string[], max = Number.POSITIVE_INFINITY): string {
  return names.length > max
    ? join([...names.slice(0, max), `${number(names.length - max)} more`], 'and')
    : join(names, 'and')
}

/** `a`, `a or b`, `a, b or c`. */
export function choices(names: readonly string[]): string {
  return join(names, 'or')
}

function join(names: readonly string[], word: string): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} ${word} ${names.at(-1)}`
}
