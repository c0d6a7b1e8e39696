import { isWordCharacter } from './placeholders.ts'

/** A host's own text of fewer characters is never looked for (see substitutionsOf). */
const SHORT = 4
const LONG = 8
/** At most so many beginnings are kept. */
const MAX_PREFIXES = 1 << 19

/**
 * Finds the rows in which one of a host's own texts may stand, by the first characters at every place where a whole
 * word can begin. Exact in one direction: a row it does not give holds none of the texts as a whole word.
 */
export function wordIndex() {
  const beginnings = new Map<string, number[]>()
  const texts: (readonly string[])[] = []
  let count = 0
  return {
    full: (): boolean => count >= MAX_PREFIXES,
    /** Rows are numbered from 0 upwards, in the order in which they are added. */
    add(values: readonly string[]): void {
      const row = texts.length
      texts.push(values)
      for (const value of values) {
        for (let at = 0; at + SHORT <= value.length; at++) {
          if (at > 0 && isWordCharacter(value[at - 1])) continue
          post(beginnings, value.slice(at, at + SHORT), row)
          if (at + LONG <= value.length) post(beginnings, value.slice(at, at + LONG), row)
          count += 2
        }
      }
    },
    rowsWith(own: readonly { readonly text: string }[]): Set<number> {
      const rows = new Set<number>()
      for (const { text } of own) {
        const beginning = text.slice(0, text.length < LONG ? SHORT : LONG)
        for (const row of beginnings.get(beginning) ?? []) {
          if (texts[row]?.some(value => value.includes(text))) rows.add(row)
        }
      }
      return rows
    },
    forget(): void {
      beginnings.clear()
      texts.length = 0
      count = 0
    }
  }
}

function post(beginnings: Map<string, number[]>, beginning: string, row: number): void {
  const rows = beginnings.get(beginning)
  if (rows === undefined) beginnings.set(beginning, [row])
  else if (rows[rows.length - 1] !== row) rows.push(row)
}
