/** A normalised row: equal on two hosts exactly when nothing that identifies the row differs. */
export interface Item {
  /** Index into the fleet's queries. */
  readonly query: number
  readonly columns: readonly string[]
  readonly values: readonly string[]
}

/** One text for an item: unambiguous whatever the values hold. */
export function itemKey(query: number, columns: readonly string[] | null, values: readonly string[]): string {
  let key = `${query}`
  if (columns !== null) for (const column of columns) key += `;${column.length}:${column}`
  for (const value of values) key += `,${value.length}:${value}`
  return key
}

/**
 * Numbers items as they come. An open hash table over the values themselves: a fleet has millions of items that are
 * met once, and a key text for each would outweigh them. The hash has a secret seed, and decides nothing.
 */
export function itemTable() {
  const items: Item[] = []
  const seed = (Math.random() * 2 ** 32) | 0
  let slots = new Int32Array(1024).fill(-1)
  let hashes = new Int32Array(512)

  function place(hash: number): number {
    let slot = (hash ^ (hash >>> 15)) & (slots.length - 1)
    while ((slots[slot] ?? -1) >= 0) slot = (slot + 1) & (slots.length - 1)
    return slot
  }
  function grow(): void {
    slots = new Int32Array(slots.length * 2).fill(-1)
    const more = new Int32Array(hashes.length * 2)
    more.set(hashes)
    hashes = more
    for (let id = 0; id < items.length; id++) slots[place(hashes[id] ?? 0)] = id
  }
  return {
    items: items as readonly Item[],
    /** `foreign`: the columns are part of what the item is. */
    idOf(item: Item, foreign: boolean): number {
      let hash = hashOf(item.values, seed ^ Math.imul(item.query + 1, 0x9e3779b1))
      if (foreign) hash = hashOf(item.columns, hash)
      for (let slot = (hash ^ (hash >>> 15)) & (slots.length - 1); ; slot = (slot + 1) & (slots.length - 1)) {
        const id = slots[slot] ?? -1
        if (id < 0) break
        const known = items[id]
        if (hashes[id] !== hash || known === undefined || known.query !== item.query) continue
        if (sameTexts(known.values, item.values) && (!foreign || sameTexts(known.columns, item.columns)))
          return id
      }
      if (items.length === hashes.length) grow()
      const id = items.length
      hashes[id] = hash
      slots[place(hash)] = id
      items.push(item)
      return id
    }
  }
}

/** FNV-1a over UTF-16 units, texts parted by their lengths. */
function hashOf(texts: readonly string[], seed: number): number {
  let hash = seed
  for (const text of texts) {
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
    hash = Math.imul(hash ^ text.length, 0x01000193)
  }
  return hash
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}

/**
 * The items that some host has, in the order of their query and values, and each old number's new one (−1: none).
 * @param present by item: 1 where some host has it
 */
export function sortItems(
  items: readonly Item[],
  present: Uint8Array
): { readonly items: Item[]; readonly rank: Int32Array } {
  const order = Int32Array.from(items.keys()).filter(id => present[id] === 1)
  sortRange(items, order, 0, order.length, -1, 0)
  const rank = new Int32Array(items.length).fill(-1)
  const sorted: Item[] = []
  for (const id of order) {
    const item = items[id]
    if (item === undefined) continue
    rank[id] = sorted.length
    sorted.push(item)
  }
  return { items: sorted, rank }
}

/** Ranges this small are sorted by insertion. */
const FEW = 12
/** Stand for the end of a text and of an item's texts. */
const TEXT_END = -1
const ITEM_END = -2

/**
 * Multikey quicksort (Bentley and Sedgewick 1997): parts a range by one UTF-16 unit, and never looks again at what its
 * items have in common: paths share long beginnings. Part −1 is the query, the others the values. Recursion is on the
 * smaller parts only, so that the stack stays O(log items).
 */
function sortRange(
  items: readonly Item[],
  order: Int32Array,
  from: number,
  to: number,
  part: number,
  at: number
): void {
  const unit = (id: number): number => {
    const item = items[id]
    if (item === undefined) return ITEM_END
    if (part < 0) return item.query
    const text = item.values[part]
    if (text === undefined) return ITEM_END
    return at < text.length ? text.charCodeAt(at) : TEXT_END
  }
  while (to - from > 1) {
    if (to - from <= FEW) {
      insertionSort(items, order, from, to)
      return
    }
    const pivot = unit(order[(from + to) >>> 1] ?? 0)
    let less = from
    let more = to
    for (let next = from; next < more; ) {
      const id = order[next] ?? 0
      const own = unit(id)
      if (own < pivot) {
        order[next++] = order[less] ?? 0
        order[less++] = id
      } else if (own > pivot) {
        order[next] = order[--more] ?? 0
        order[more] = id
      } else next++
    }
    if (pivot === ITEM_END) {
      order.subarray(less, more).sort((a, b) => compareItems(items[a], items[b]))
      sortRange(items, order, more, to, part, at)
      return
    }
    const below = less - from
    const alike = more - less
    const above = to - more
    const [nextPart, nextAt] = part < 0 || pivot === TEXT_END ? [part + 1, 0] : [part, at + 1]
    if (alike >= below && alike >= above) {
      sortRange(items, order, from, less, part, at)
      sortRange(items, order, more, to, part, at)
      from = less
      to = more
      part = nextPart
      at = nextAt
    } else {
      sortRange(items, order, less, more, nextPart, nextAt)
      if (below >= above) {
        sortRange(items, order, more, to, part, at)
        to = less
      } else {
        sortRange(items, order, from, less, part, at)
        from = more
      }
    }
  }
}

function insertionSort(items: readonly Item[], order: Int32Array, from: number, to: number): void {
  for (let next = from + 1; next < to; next++) {
    const id = order[next] ?? 0
    let at = next
    for (; at > from && compareItems(items[order[at - 1] ?? 0], items[id]) > 0; at--)
      order[at] = order[at - 1] ?? 0
    order[at] = id
  }
}

function compareItems(a: Item | undefined, b: Item | undefined): number {
  if (a === undefined || b === undefined) return 0
  return a.query - b.query || compareTexts(a.values, b.values) || compareTexts(a.columns, b.columns)
}

function compareTexts(a: readonly string[], b: readonly string[]): number {
  for (let index = 0; index < a.length; index++) {
    const text = a[index]
    const other = b[index]
    if (text === undefined || other === undefined) return 1
    if (text !== other) return text < other ? -1 : 1
  }
  return a.length - b.length
}
