import type { Item } from '../../normalize/items.ts'
import type { ClusteredFleet } from '../clustered-fleet.ts'

/** Shorter words tie nothing. */
const MIN_LETTERS = 4
/** Values are looked at so far, and a row gives so many words; a host may send any number. */
const MAX_CHARACTERS = 2_048
const MAX_WORDS = 64
/** A word on more of the fleet's rows than this (rows a host) names nothing in particular. */
const COMMON_SHARE = 0.6
const MIN_COMMON = 8

/** The rare words of an item. */
export type Words = (item: number) => readonly string[]

const WORD = /[\p{L}\p{N}]+(?:-[\p{L}\p{N}]+)*/gu

function wordsOf(item: Item): string[] {
  const words = new Set<string>()
  // A kernel module has underscores where its unit and its package have hyphens.
  for (const value of item.values)
    for (const [word] of value.slice(0, MAX_CHARACTERS).toLowerCase().replaceAll('_', '-').matchAll(WORD))
      if (word.length >= MIN_LETTERS && words.size < MAX_WORDS) words.add(word)
  return [...words]
}

/**
 * Words of a row that few rows of the fleet share: a program's name in its unit, its cron line and its process says
 * that they are one thing. Rows that share one are tied, and count as one cause. O(distinct rows).
 * @param items the rows that will be asked for
 */
export function rareWords({ fleet, inFleet, size }: ClusteredFleet, items: ReadonlySet<number>): Words {
  const asked = new Map<number, readonly string[]>()
  const count = new Map<string, number>()
  for (const id of items) {
    const words = wordsOf(fleet.items[id] ?? { query: -1, columns: [], values: [] })
    asked.set(id, words)
    for (const word of words) count.set(word, 0)
  }
  for (const [id, item] of fleet.items.entries()) {
    const words = asked.get(id)
    // What one host has, and nobody asks about, makes no word common.
    if (words === undefined && (inFleet.items[id] ?? 0) < 2) continue
    for (const word of words ?? wordsOf(item)) {
      const known = count.get(word)
      if (known !== undefined) count.set(word, known + (inFleet.items[id] ?? 0))
    }
  }
  const limit = Math.max(MIN_COMMON, COMMON_SHARE * size)
  const rare = new Map<number, readonly string[]>()
  for (const [id, words] of asked)
    rare.set(
      id,
      words.filter(word => (count.get(word) ?? 0) <= limit)
    )
  return item => rare.get(item) ?? []
}
