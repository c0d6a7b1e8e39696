import { addNumber, FNV_OFFSET } from '../../lib/fnv1a.ts'

/** Sets of small numbers as bits, 32 a word. */

export const wordsFor = (size: number): number => (size + 31) >>> 5

export function addBit(words: Uint32Array, at: number): void {
  words[at >>> 5] = (words[at >>> 5] ?? 0) | (1 << (at & 31))
}

export const hasBit = (words: Uint32Array, at: number): boolean =>
  (((words[at >>> 5] ?? 0) >>> (at & 31)) & 1) === 1

/** Bits set in a word (Hacker's Delight, 5-1). */
function bitsIn(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555)
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

export function countBits(words: Uint32Array): number {
  let count = 0
  for (const word of words) count += bitsIn(word)
  return count
}

/** The size of the symmetric difference. */
export function countDifferences(a: Uint32Array, b: Uint32Array): number {
  let count = 0
  for (let at = 0; at < a.length; at++) count += bitsIn((a[at] ?? 0) ^ (b[at] ?? 0))
  return count
}

/** The size of the intersection. */
export function countShared(a: Uint32Array, b: Uint32Array): number {
  let count = 0
  for (let at = 0; at < a.length; at++) count += bitsIn((a[at] ?? 0) & (b[at] ?? 0))
  return count
}

/** Turns every bit of a set over `size` numbers. */
export function complement(words: Uint32Array, size: number): void {
  for (let at = 0; at < words.length; at++) words[at] = ~(words[at] ?? 0)
  clearBeyond(words, size)
}

/** Removes the bits beyond `size` from the last word. */
export function clearBeyond(words: Uint32Array, size: number): void {
  const spare = size & 31
  if (spare > 0) words[words.length - 1] = (words.at(-1) ?? 0) & ((1 << spare) - 1)
}

export function sameBits(a: Uint32Array, b: Uint32Array): boolean {
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}

/** A 32-bit FNV-1a over words: equal sets have equal hashes, not the reverse. */
export function hashBits(words: Uint32Array): number {
  let hash = FNV_OFFSET
  for (const word of words) hash = addNumber(addNumber(hash, word), word >>> 16)
  return hash >>> 0
}
