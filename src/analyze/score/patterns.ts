import { addNumber, hashText } from '../../lib/fnv1a.ts'
import type { Item } from '../../normalize/items.ts'
import { templateOf } from '../../normalize/template.ts'
import type { ClusteredFleet } from '../clustered-fleet.ts'
import { type Deviation, ROW_KINDS } from '../deviate/deviation.ts'
import { alike } from './buckets.ts'

/** Groups of deviations (their places) of one kind and query that have something in common, by rising number of hosts. */
export interface Patterns {
  /** Those of one shape. */
  readonly shapes: readonly Int32Array[]
  /** Those that are the same row except for one column. */
  readonly columns: readonly Int32Array[]
  /** All of them. */
  readonly tables: readonly Int32Array[]
}

const NO_ITEM: Item = { query: 0, columns: [], values: [] }

/** O(deviations × columns). */
export function patternsOf({ fleet }: ClusteredFleet, deviations: readonly Deviation[]): Patterns {
  const rows = deviations.map(({ item }) => fleet.items[item] ?? NO_ITEM)
  const channels = Int32Array.from(
    deviations,
    ({ kind }, at) => ROW_KINDS.indexOf(kind) + ROW_KINDS.length * (rows[at]?.query ?? 0)
  )
  const tables = alike(byRisingHosts(deviations), channels, (a, b) => channels[a] === channels[b])
  const hashes = new Int32Array(deviations.length)
  const numberOf = numbering()
  return {
    shapes: tables.flatMap(table => ofOneShape(table, rows, hashes, numberOf)),
    columns: tables.flatMap(table => butForOneColumn(table, rows, hashes)),
    tables
  }
}

/** The places of deviations by rising number of hosts. */
function byRisingHosts(deviations: readonly Deviation[]): Int32Array {
  const keys = Float64Array.from(deviations, ({ hosts }, at) => hosts.length * deviations.length + at)
  return Int32Array.from(keys.sort(), key => key % deviations.length)
}

/** @param hashes room for a number by place */
function ofOneShape(
  table: Int32Array,
  rows: readonly Item[],
  hashes: Int32Array,
  numberOf: (text: string) => number
): Int32Array[] {
  /** By place: where its templates stand. */
  const starts = new Map<number, number>()
  const templates: number[] = []
  for (const place of table) {
    starts.set(place, templates.length)
    let hash = 0
    for (const value of rows[place]?.values ?? []) {
      const template = numberOf(templateOf(value))
      templates.push(template)
      hash = addNumber(hash, template)
    }
    hashes[place] = hash
  }
  return alike(table, hashes, (a, b) => {
    const width = rows[a]?.values.length ?? 0
    if (rows[b]?.values.length !== width) return false
    const [left = 0, right = 0] = [starts.get(a), starts.get(b)]
    for (let at = 0; at < width; at++) if (templates[left + at] !== templates[right + at]) return false
    return true
  })
}

/** @param hashes room for a number by place */
function butForOneColumn(table: Int32Array, rows: readonly Item[], hashes: Int32Array): Int32Array[] {
  const width = rows[table[0] ?? -1]?.columns.length ?? 0
  // A row of one column with that one left open would be its whole table.
  if (width < 2) return []
  const parts = new Int32Array(table.length * width)
  const sums = new Int32Array(table.length)
  for (let at = 0; at < table.length; at++) {
    const { values } = rows[table[at] ?? -1] ?? NO_ITEM
    let sum = 0
    for (let column = 0; column < values.length; column++) {
      const part = Math.imul(hashText(values[column] ?? '') + column, 0x2c1b3c6d)
      if (column < width) parts[at * width + column] = part
      sum = (sum + part) | 0
    }
    sums[at] = sum
  }
  const groups: Int32Array[][] = []
  for (let open = 0; open < width; open++) {
    for (let at = 0; at < table.length; at++)
      hashes[table[at] ?? -1] = (sums[at] ?? 0) - (parts[at * width + open] ?? 0)
    groups.push(alike(table, hashes, (a, b) => sameBut(rows[a] ?? NO_ITEM, rows[b] ?? NO_ITEM, open)))
  }
  return groups.flat()
}

function sameBut(a: Item, b: Item, open: number): boolean {
  if (a.values.length !== b.values.length) return false
  for (let at = 0; at < a.values.length; at++) {
    if (at !== open && a.values[at] !== b.values[at]) return false
  }
  return true
}

/** Numbers texts as they come. */
function numbering(): (text: string) => number {
  const numbers = new Map<string, number>()
  return text => {
    let number = numbers.get(text)
    if (number === undefined) {
      number = numbers.size
      numbers.set(text, number)
    }
    return number
  }
}
