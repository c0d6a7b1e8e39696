/** Texts that are remembered at most. */
const MAX_TEXTS = 100_000

/**
 * Returns one text for equal ones, and none that keeps the line in memory that it was cut from. Hosts of a fleet have
 * most rows in common, so this saves most of the memory for rows, and most of the time for collecting garbage.
 */
export function interner(): (text: string) => string {
  let known = new Map<string, string>()
  return text => {
    const before = known.get(text)
    if (before !== undefined) return before
    const copy = Buffer.from(text).toString()
    if (known.size === MAX_TEXTS) known = new Map()
    known.set(copy, copy)
    return copy
  }
}
