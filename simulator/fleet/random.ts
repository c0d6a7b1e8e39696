/** A small seeded generator (mulberry32): the same seed gives the same fleet. */
export interface Random {
  /** From 0 to 1, 1 excluded. */
  next(): number
  /** An integer from `min` to `max`, both included. */
  between(min: number, max: number): number
  pick<T>(list: readonly T[]): T
  chance(probability: number): boolean
  hex(digits: number): string
  letters(count: number): string
}

export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  const characters = (alphabet: string, count: number) =>
    Array.from({ length: count }, () => alphabet[between(0, alphabet.length - 1)]).join('')
  return {
    next,
    between,
    pick<T>(list: readonly T[]): T {
      const chosen = list[between(0, list.length - 1)]
      if (chosen === undefined) throw new Error('the list is empty')
      return chosen
    },
    chance: probability => next() < probability,
    hex: digits => characters('0123456789abcdef', digits),
    letters: count => characters('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789', count)
  }
}
