import { isWordCharacter } from './placeholders.ts'

/** A host's own text is never shorter (see substitutionsOf). */
const SHORT_PREFIX = 4
const LONG_PREFIX = 8
const MAX_PREFIXES = 1 << 19

/**
 * Finds the rows that may contain one of a host's own texts, by the first characters wherever a whole word can begin.
 * Exact in one direction: a row that it does not return contains none of the texts as a whole word.
 */
export function wordIndex() {
  const rowsByPrefix = new Map<string, number[]>()
  const texts: (readonly string[])[] = []
  let count = 0
  return {
    full: (): boolean => count >= MAX_PREFIXES,
    /** Rows are numbered from 0, in the order in which they are added. */
    add(values: readonly string[]): void {
      const row = texts.length
      texts.push(values)
      for (const value of values) {
        for (let at = 0; at + SHORT_PREFIX <= value.length; at++) {
          if (at > 0 && isWordCharacter(value[at - 1])) continue
          addRow(rowsByPrefix, value.slice(at, at + SHORT_PREFIX), row)
          if (at + LONG_PREFIX <= value.length) addRow(rowsByPrefix, value.slice(at, at + LONG_PREFIX), row)
          count += 2
        }
      }
    },
    rowsWith(hostTexts: readonly { readonly text: string }[]): Set<number> {
      const rows = new Set<number>()
      for (const { text } of hostTexts) {
        const prefix = text.slice(0, text.length < LONG_PREFIX ? SHORT_PREFIX : LONG_PREFIX)
        for (const row of rowsByPrefix.get(prefix) ?? []) {
          if (texts[row]?.some(value => value.includes(text))) rows.add(row)
        }
      }
      return rows
    },
    forget(): void {
      rowsByPrefix.clear()
      texts.length = 0
      count = 0
    }
  }
}

function addRow(rowsByPrefix: Map<string, number[]>, prefix: string, row: number): void {
  const rows = rowsByPrefix.get(prefix)
  if (rows === undefined) rowsByPrefix.set(prefix, [row])
  else if (rows[rows.length - 1] !== row) rows.push(row)
}
