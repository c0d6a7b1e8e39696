/**
 * Whether all of `text` matches `glob`: `*` is any number of characters, `?` is one, every other character is itself.
 * O(glob × text) at worst: it never backtracks beyond the last `*`, so hostile text cannot stall it.
 */
export function globMatches(glob: string, text: string): boolean {
  let at = 0
  let from = 0
  let star = -1
  let mark = 0
  while (from < text.length) {
    if (at < glob.length && glob[at] === '*') {
      star = at++
      mark = from
    } else if (at < glob.length && (glob[at] === '?' || glob[at] === text[from])) {
      at++
      from++
    } else if (star >= 0) {
      at = star + 1
      from = ++mark
    } else {
      return false
    }
  }
  while (glob[at] === '*') at++
  return at === glob.length
}
