/** Counted from 1, as editors do; a column is a UTF-16 unit. */
export interface LineLocation {
  readonly line: number
  readonly column: number
}

/** Finds the line and column of an offset in `text`. Built in O(text); a look-up is O(log lines). */
export function lineLocator(text: string): (offset: number) => LineLocation {
  const starts = [0]
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1)
  return offset => {
    let low = 0
    let high = starts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
  }
}
