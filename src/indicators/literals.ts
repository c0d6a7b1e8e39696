/** Units of UTF-16: the first step of a search is looked up in a table, later ones in lists. */
const UNITS = 0x10000

/**
 * Finds which of many words are in a text, in one pass over it (Aho and Corasick, "Efficient string matching", 1975).
 * Time O(text + matches) whatever the number of words; memory O(all words).
 * @returns the indices of the words that are in a text, each once
 */
export function wordFinder(words: readonly string[]): (text: string) => readonly number[] {
  if (words.length === 0) return () => []
  const size = words.reduce((sum, { length }) => sum + length, 1)
  const unit = new Uint16Array(size)
  const child = new Int32Array(size)
  const sibling = new Int32Array(size)
  const parent = new Int32Array(size)
  const roots = new Int32Array(UNITS)
  /** The node of the longest proper suffix that is in the tree. */
  const suffix = new Int32Array(size)
  /** The word that ends at a node, plus one. */
  const word = new Int32Array(size)
  /** The next node on the way of suffixes at which a word ends. */
  const shorter = new Int32Array(size)
  let nodes = 1

  function next(node: number, code: number): number {
    if (node === 0) return roots[code] ?? 0
    let at = child[node] ?? 0
    while (at !== 0 && unit[at] !== code) at = sibling[at] ?? 0
    return at
  }
  for (const [index, text] of words.entries()) {
    let node = 0
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      let to = next(node, code)
      if (to === 0) {
        to = nodes++
        unit[to] = code
        parent[to] = node
        if (node === 0) roots[code] = to
        else {
          sibling[to] = child[node] ?? 0
          child[node] = to
        }
      }
      node = to
    }
    word[node] = index + 1
  }
  const follow = (from: number, code: number): number => {
    let node = from
    let to = next(node, code)
    while (to === 0 && node !== 0) {
      node = suffix[node] ?? 0
      to = next(node, code)
    }
    return to
  }
  for (const node of byDepth(roots, child, sibling, nodes)) {
    const above = parent[node] ?? 0
    const back = above === 0 ? 0 : follow(suffix[above] ?? 0, unit[node] ?? 0)
    suffix[node] = back
    shorter[node] = (word[back] ?? 0) > 0 ? back : (shorter[back] ?? 0)
  }
  return text => {
    let found: Set<number> | null = null
    let node = 0
    for (let at = 0; at < text.length; at++) {
      node = follow(node, text.charCodeAt(at))
      let end = (word[node] ?? 0) > 0 ? node : (shorter[node] ?? 0)
      for (; end !== 0; end = shorter[end] ?? 0) {
        found ??= new Set()
        const index = (word[end] ?? 0) - 1
        if (found.has(index)) break
        found.add(index)
      }
    }
    return found === null ? [] : [...found]
  }
}

/** The nodes of a tree except its root, those with shorter paths first. */
function byDepth(roots: Int32Array, child: Int32Array, sibling: Int32Array, nodes: number): Int32Array {
  const order = new Int32Array(nodes - 1)
  let end = 0
  for (const node of roots) if (node !== 0) order[end++] = node
  for (let at = 0; at < end; at++) {
    for (let node = child[order[at] ?? 0] ?? 0; node !== 0; node = sibling[node] ?? 0) order[end++] = node
  }
  return order
}
