import { QUOTE, sameBytes, stringEnd, viewOf } from './json-bytes.ts'
import { type Layout, MAX_COLUMNS } from './layout.ts'

/**
 * Rows that occur again and again, recognized by their bytes.
 *
 * Most rows of a fleet are the same on many hosts except in volatile columns. A known row is kept as *literals*: the
 * bytes of its JSON text with a hole for the value of each column that does not identify it. Where the literals appear
 * again, with any string in the holes, the row is the same item. Comparing is parsing, because a JSON object ends where
 * its text says so. The row that followed last time is tried first; failing that, the row is walked along the columns
 * that its query is known to have, and looked up by a hash of its literals. The bytes decide, never the hash.
 *
 * Everything here is bounded, and nothing here decides what a row means: an unknown row is handed back.
 */

/** When either limit is reached, all rows are forgotten and added anew from the hosts that follow. */
const MAX_KNOWN_ROWS = 1 << 15
const MAX_KNOWN_BYTES = 1 << 24
/** A hash is looked up in at most this many slots, which bounds the cost of hostile collisions. */
const MAX_PROBES = 8
/** Twice the rows, and a power of two. */
const SLOTS = 1 << 16
/** Slots for the hashes of rows that occurred once: only a row that occurs twice is added. */
const SEEN_SLOTS = 1 << 18

/** Where a walk along a layout found the values; offsets into the text. */
export interface Walk {
  end: number
  hash: number
  /** Start and end of each column's value, in the layout's order. */
  readonly bounds: Int32Array
}

export const newWalk = (): Walk => ({ end: 0, hash: 0, bounds: new Int32Array(2 * MAX_COLUMNS) })

export function knownRows() {
  let count = 0
  let used = 0
  let holes = 0
  const seed = (Math.random() * 2 ** 32) | 0
  let bytes = Buffer.alloc(1 << 16)
  let view = viewOf(bytes)
  const items = new Int32Array(MAX_KNOWN_ROWS)
  const starts = new Int32Array(MAX_KNOWN_ROWS)
  const hashes = new Int32Array(MAX_KNOWN_ROWS)
  /** The lengths of a row's literals: from firstLiteral[row] up to firstLiteral[row + 1]. */
  const firstLiteral = new Int32Array(MAX_KNOWN_ROWS + 1)
  let literals = new Int32Array(1 << 16)
  /** The rows that followed a row: the last one, and the one before. */
  const next = new Int32Array(MAX_KNOWN_ROWS).fill(-1)
  const other = new Int32Array(MAX_KNOWN_ROWS).fill(-1)
  const slots = new Int32Array(SLOTS).fill(-1)
  const seen = new Int32Array(SEEN_SLOTS)

  function match(row: number, text: DataView, at: number): number {
    const from = firstLiteral[row] ?? 0
    const to = firstLiteral[row + 1] ?? 0
    let offset = starts[row] ?? 0
    for (let literal = from; literal < to; literal++) {
      if (literal > from) {
        at = stringEnd(text, at)
        if (at < 0) return -1
      }
      const length = literals[literal] ?? 0
      if (!sameBytes(view, offset, text, at, length)) return -1
      offset += length
      at += length
    }
    return at
  }

  return {
    itemOf: (row: number): number => items[row] ?? 0,
    size: (): number => count,
    /** Where the row at `at` ends if it is the known row `row`, else −1. */
    match,
    /** The row that is known to follow `row`, and the other one. */
    next: (row: number): number => next[row] ?? -1,
    other: (row: number): number => other[row] ?? -1,
    follow(row: number, follower: number): void {
      if (row < 0 || next[row] === follower) return
      other[row] = next[row] ?? -1
      next[row] = follower
    },
    /** The known row of a walk, else −1. */
    find(text: DataView, at: number, { hash }: Walk): number {
      for (let probe = 0; probe < MAX_PROBES; probe++) {
        const row = slots[(hash + probe) & (SLOTS - 1)] ?? -1
        if (row < 0) return -1
        if (hashes[row] === hash && match(row, text, at) >= 0) return row
      }
      return -1
    },
    /** Whether the walk's row occurred before, as far as is remembered. */
    seenBefore({ hash }: Walk): boolean {
      const slot = (hash >>> 12) & (SEEN_SLOTS - 1)
      if (seen[slot] === hash) return true
      seen[slot] = hash
      return false
    },
    /** Adds the row of a walk. Returns its number; −1: there is no slot for it. */
    add(text: Buffer, at: number, walk: Walk, layout: Layout, item: number): number {
      let slot = -1
      for (let probe = 0; probe < MAX_PROBES && slot < 0; probe++) {
        const candidate = (walk.hash + probe) & (SLOTS - 1)
        if ((slots[candidate] ?? -1) < 0) slot = candidate
      }
      if (slot < 0) return -1
      while (used + walk.end - at > bytes.length) {
        const larger = Buffer.alloc(bytes.length * 2)
        bytes.copy(larger)
        bytes = larger
        view = viewOf(bytes)
      }
      if (holes + layout.places.length + 1 > literals.length) {
        const larger = new Int32Array(literals.length * 2)
        larger.set(literals)
        literals = larger
      }
      const row = count++
      starts[row] = used
      let from = at
      for (const [column, place] of layout.places.entries()) {
        if (place >= 0) continue
        const to = walk.bounds[column * 2] ?? 0
        text.copy(bytes, used, from, to)
        literals[holes++] = to - from
        used += to - from
        from = walk.bounds[column * 2 + 1] ?? 0
      }
      text.copy(bytes, used, from, walk.end)
      literals[holes++] = walk.end - from
      used += walk.end - from
      firstLiteral[row + 1] = holes
      items[row] = item
      hashes[row] = walk.hash
      slots[slot] = row
      return row
    },
    /** Whether another row of this length would exceed a limit; if so, call {@link forget}. */
    full: (length: number): boolean => count === MAX_KNOWN_ROWS || used + length > MAX_KNOWN_BYTES,
    forget(): void {
      count = 0
      used = 0
      holes = 0
      next.fill(-1)
      other.fill(-1)
      slots.fill(-1)
    },
    /** Walks a row along its query's layout into `walk`; false: the row has another layout. O(the row's bytes). */
    walk(text: DataView, at: number, query: number, layout: Layout, walk: Walk): boolean {
      let hash = seed ^ Math.imul(query + 1, 0x9e3779b1)
      const columns = layout.places.length
      for (let column = 0; column <= columns; column++) {
        const literal = layout.literals[column]
        if (literal === undefined || at + literal.length > text.byteLength) return false
        for (let index = 0; index < literal.length; index++) {
          if (text.getUint8(at + index) !== literal[index]) return false
        }
        at += literal.length
        if (column === columns) break
        const end = stringEnd(text, at)
        if (end < 0) return false
        walk.bounds[column * 2] = at
        walk.bounds[column * 2 + 1] = end
        if ((layout.places[column] ?? -1) >= 0) {
          for (let index = at; index < end; index++) {
            hash = Math.imul(hash ^ text.getUint8(index), 0x01000193)
          }
        }
        hash = Math.imul(hash ^ QUOTE, 0x01000193)
        at = end
      }
      hash ^= hash >>> 15
      hash = Math.imul(hash, 0x2c1b3c6d)
      walk.hash = hash ^ (hash >>> 13)
      walk.end = at
      return true
    }
  }
}
