import type { Query } from '../osquery/pack.ts'
import { type HostLine, parseResult, parseRow } from '../snapshot/read.ts'
import { hasRows, type Row } from '../snapshot/snapshot.ts'
import { stringEnd, viewOf } from './json-bytes.ts'
import { knownRows, newWalk } from './known-rows.ts'
import { type Layout, layoutOf } from './layout.ts'
import type { Substitution } from './placeholders.ts'
import { wordIndex } from './word-index.ts'

/** Receives what a host's line contains. */
export interface RowSink {
  /** The columns that identify a row with these columns. */
  identity(query: number, columns: readonly string[]): readonly string[]
  /** Makes an item of a row's raw identifying values. `hasFacts`: a fact of the host was replaced in it. */
  item(
    query: number,
    columns: readonly string[],
    values: readonly string[]
  ): { id: number; hasFacts: boolean }
  /** The host has this item. */
  has(item: number): void
  /** The host has this row, which the scanner could not make an item of. */
  row(query: number, row: Row): void
  /** All rows of the query were passed on. */
  observed(query: number): void
}

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN = 0x7b
const CLOSE = 0x7d

/** Longer rows are not added to the known ones. */
const MAX_KNOWN_ROW_BYTES = 2048

/**
 * Reads rows from the bytes of hosts' lines without parsing those that are known (see known-rows.ts).
 * Strict: what it accepts is JSON as the snapshot's writer writes it, and means what JSON.parse would find.
 * The scanner passes all rows of a line to `sink`. If it returns false, the line is not JSON or not written like that:
 * discard what was passed on and parse the whole line.
 */
export function lineScanner(queries: readonly Query[], sink: RowSink) {
  const known = knownRows()
  const words = wordIndex()
  const walk = newWalk()
  const layouts: (Layout | null)[] = queries.map(() => null)
  const openings = queries.map(({ name }) =>
    Buffer.from(`${JSON.stringify(name)}:{"status":"ok","detail":null,"rows":[`)
  )
  const byName = new Map(queries.map(({ name }, index) => [name, index]))
  /** By query + 1: the query that followed it last time; at 0 the first of a line. */
  const following = new Int32Array(queries.length + 1)
  /** By query: the known row that its rows began with last time. */
  const first = new Int32Array(queries.length).fill(-1)

  let bytes: Buffer = Buffer.alloc(0)
  let text = viewOf(bytes)
  /** The known rows that contain a text of this host's own. */
  let tainted = new Set<number>()
  const isTainted = (row: number): boolean => tainted.size > 0 && tainted.has(row)
  /** Where the last row that was read ends, and its number if it is a known one. */
  let rowEnd = -1
  let rowNumber = -1

  const byteAt = (at: number): number => (at < bytes.length ? text.getUint8(at) : -1)

  function startsWith(opening: Buffer, at: number): boolean {
    if (at + opening.length > bytes.length) return false
    for (let index = 0; index < opening.length; index++) {
      if (text.getUint8(at + index) !== opening[index]) return false
    }
    return true
  }

  function readQueries(at: number): boolean {
    if (byteAt(at) === CLOSE) return at + 2 === bytes.length
    const done = new Set<number | string>()
    for (let previous = -1; ; ) {
      let query = following[previous + 1] ?? 0
      let opening = openings[query]
      let name: number | string = query
      if (opening === undefined || !startsWith(opening, at)) {
        const end = byteAt(at) === QUOTE ? stringEnd(text, at + 1) : -1
        if (end < 0 || byteAt(end + 1) !== COLON) return false
        const parsed = String(JSON.parse(bytes.toString('utf8', at, end + 1)))
        query = byName.get(parsed) ?? -1
        name = query < 0 ? parsed : query
        opening = openings[query]
        if (opening === undefined || !startsWith(opening, at)) {
          opening = undefined
          at = end + 2
        }
      }
      if (done.has(name)) return false
      done.add(name)
      at = opening === undefined ? parseOneResult(query, at) : readRows(query, at + opening.length)
      if (at < 0) return false
      if (query >= 0) {
        following[previous + 1] = query
        previous = query
      }
      const next = byteAt(at)
      if (next === CLOSE) return at + 2 === bytes.length
      if (next !== COMMA) return false
      at++
    }
  }

  /** Reads a result that is not `ok`, not of our queries or not written by us. Returns its end; −1: unreadable. */
  function parseOneResult(query: number, at: number): number {
    const end = valueEnd(at)
    const result = end < 0 ? null : parseResult(bytes.toString('utf8', at, end))
    if (result === null) return -1
    if (query >= 0 && hasRows(result)) {
      for (const row of result.rows) sink.row(query, row)
      sink.observed(query)
    }
    return end
  }

  /** Reads the rows from `at` and the end of their result. Returns that end; −1: a row is unreadable. */
  function readRows(query: number, at: number): number {
    if (byteAt(at) === CLOSE_LIST) at++
    else {
      let previous = -1
      for (;;) {
        if (!readRow(query, at, previous)) return -1
        if (rowNumber >= 0) {
          if (previous < 0) first[query] = rowNumber
          else known.follow(previous, rowNumber)
          previous = rowNumber
        }
        at = rowEnd + 1
        const next = byteAt(rowEnd)
        if (next === CLOSE_LIST) break
        if (next !== COMMA) return -1
      }
    }
    if (byteAt(at) !== CLOSE) return -1
    sink.observed(query)
    return at + 1
  }

  function readRow(query: number, at: number, previous: number): boolean {
    rowNumber = previous < 0 ? (first[query] ?? -1) : known.next(previous)
    rowEnd = rowNumber < 0 ? -1 : known.match(rowNumber, text, at)
    if (rowEnd < 0 && previous >= 0) {
      rowNumber = known.other(previous)
      rowEnd = rowNumber < 0 ? -1 : known.match(rowNumber, text, at)
    }
    if (rowEnd >= 0 && !isTainted(rowNumber)) {
      sink.has(known.itemOf(rowNumber))
      return true
    }
    const layout = layoutAt(query, at)
    if (layout === null) return parseOneRow(query, at)
    rowEnd = walk.end
    rowNumber = known.find(text, at, walk)
    if (rowNumber >= 0 && !isTainted(rowNumber)) {
      sink.has(known.itemOf(rowNumber))
      return true
    }
    const values = valuesOf(layout)
    const { id, hasFacts } = sink.item(query, layout.identity, values)
    sink.has(id)
    if (rowNumber < 0 && !hasFacts) remember(at, layout, values, id)
    return true
  }

  /** The layout of the row at `at`, walked; `null`: it has none. */
  function layoutAt(query: number, at: number): Layout | null {
    const usual = layouts[query] ?? null
    if (usual !== null && known.walk(text, at, query, usual, walk)) return usual
    const layout = layoutOf(bytes, at, columns => sink.identity(query, columns))
    if (layout === null || !known.walk(text, at, query, layout, walk)) return null
    layouts[query] = layout
    return layout
  }

  function remember(at: number, layout: Layout, values: readonly string[], item: number): void {
    if (walk.end - at > MAX_KNOWN_ROW_BYTES || !known.seenBefore(walk)) return
    if (known.full(walk.end - at) || words.full()) {
      known.forget()
      words.forget()
      first.fill(-1)
      tainted.clear()
    }
    rowNumber = known.add(bytes, at, walk, layout, item)
    if (rowNumber >= 0) words.add(values)
  }

  function valuesOf({ places, identity }: Layout): string[] {
    const values: string[] = new Array(identity.length).fill('')
    for (let column = 0; column < places.length; column++) {
      const place = places[column] ?? -1
      if (place < 0) continue
      const value = bytes.toString('utf8', walk.bounds[column * 2], walk.bounds[column * 2 + 1])
      values[place] = value.includes('\\') ? String(JSON.parse(`"${value}"`)) : value
    }
    return values
  }

  function parseOneRow(query: number, at: number): boolean {
    rowNumber = -1
    rowEnd = valueEnd(at)
    const row = rowEnd < 0 ? null : parseRow(bytes.toString('utf8', at, rowEnd))
    if (row === null) return false
    sink.row(query, row)
    return true
  }

  /** Where the object or list at `at` ends, if it is one. JSON.parse decides whether it is valid. */
  function valueEnd(at: number): number {
    for (let depth = 0; at < bytes.length; at++) {
      const byte = text.getUint8(at)
      if (byte === QUOTE) {
        at = stringEnd(text, at + 1)
        if (at < 0) return -1
      } else if (byte === OPEN || byte === OPEN_LIST) depth++
      else if (byte === CLOSE || byte === CLOSE_LIST) {
        depth--
        if (depth === 0) return at + 1
      }
      if (depth === 0) return -1
    }
    return -1
  }

  return (line: HostLine, substitutions: readonly Substitution[]): boolean => {
    bytes = line.bytes
    text = viewOf(bytes)
    tainted = words.rowsWith(substitutions)
    return readQueries(line.queriesAt)
  }
}
