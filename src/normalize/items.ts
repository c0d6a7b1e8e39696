import { addNumber, addText } from '../lib/fnv1a.ts'

/** A normalized row. It is equal on two hosts exactly if nothing that identifies the row differs. */
export interface Item {
  /** Index into the fleet's queries. */
  readonly query: number
  readonly columns: readonly string[]
  readonly values: readonly string[]
}

/** The value of a column; '' where the item does not have it. */
export const cellOf = ({ columns, values }: Item, name: string): string => values[columns.indexOf(name)] ?? ''

/** One text for an item, unambiguous for any values. */
export function itemKey(query: number, columns: readonly string[] | null, values: readonly string[]): string {
  let key = `${query}`
  if (columns !== null) for (const column of columns) key += `;${column.length}:${column}`
  for (const value of values) key += `,${value.length}:${value}`
  return key
}

/**
 * Numbers items in the order in which they come. This is an open hash table over the values themselves: a fleet has
 * millions of items that occur once, and a key text for each would take more memory than they do. The hash has a secret
 * seed and only finds candidates; the values decide.
 */
export function itemTable() {
  const items: Item[] = []
  const seed = (Math.random() * 2 ** 32) | 0
  let slots = new Int32Array(1024).fill(-1)
  let hashes = new Int32Array(512)

  function freeSlot(hash: number): number {
    let slot = (hash ^ (hash >>> 15)) & (slots.length - 1)
    while ((slots[slot] ?? -1) >= 0) slot = (slot + 1) & (slots.length - 1)
    return slot
  }
  function grow(): void {
    slots = new Int32Array(slots.length * 2).fill(-1)
    const larger = new Int32Array(hashes.length * 2)
    larger.set(hashes)
    hashes = larger
    for (let id = 0; id < items.length; id++) slots[freeSlot(hashes[id] ?? 0)] = id
  }
  return {
    items: items as readonly Item[],
    /** @param foreign the columns are part of the item */
    idOf(item: Item, foreign: boolean): number {
      let hash = hashTexts(item.values, seed ^ Math.imul(item.query + 1, 0x9e3779b1))
      if (foreign) hash = hashTexts(item.columns, hash)
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
      slots[freeSlot(hash)] = id
      items.push(item)
      return id
    }
  }
}

/** FNV-1a over UTF-16 units; the length of each text separates it from the next. */
function hashTexts(texts: readonly string[], seed: number): number {
  let hash = seed
  for (const text of texts) hash = addNumber(addText(hash, text), text.length)
  return hash
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}

/** Items in the order of their query and values, each on some host. */
export interface NumberedItems {
  readonly items: readonly Item[]
  /** By host: its items, ascending. */
  readonly hosts: readonly Int32Array[]
}

/** Sorts the items that hosts have and renumbers them. The hosts' arrays are overwritten. */
export function numberItems(items: readonly Item[], hosts: readonly Int32Array[]): NumberedItems {
  const present = new Uint8Array(items.length)
  for (const ids of hosts) for (const id of ids) present[id] = 1
  const sorted = sortItems(items, present)
  for (const ids of hosts) {
    for (let at = 0; at < ids.length; at++) ids[at] = sorted.rank[ids[at] ?? 0] ?? 0
    ids.sort()
  }
  return { items: sorted.items, hosts }
}

/**
 * The items that some host has, in the order of their query and values, and the new number of each old one (−1: none).
 * Sorts query by query, by one text for each item: this takes half the time of comparing value by value (measured).
 * @param present by item: 1 if some host has it
 */
export function sortItems(
  items: readonly Item[],
  present: Uint8Array
): { readonly items: Item[]; readonly rank: Int32Array } {
  const byQuery: Sortable[][] = []
  for (const [id, item] of items.entries()) {
    if (present[id] !== 1) continue
    const list = byQuery[item.query] ?? []
    byQuery[item.query] = list
    list.push({ id, item, text: '' })
  }
  const sorted: Item[] = []
  const rank = new Int32Array(items.length).fill(-1)
  for (const list of byQuery) {
    for (const entry of list ?? []) entry.text = entry.item.values.join('\0')
    for (const { id, item } of list?.sort(byText) ?? []) {
      rank[id] = sorted.length
      sorted.push(item)
    }
    list?.splice(0)
  }
  return { items: sorted, rank }
}

interface Sortable {
  readonly id: number
  readonly item: Item
  text: string
}

function byText(a: Sortable, b: Sortable): number {
  if (a.text < b.text) return -1
  if (a.text > b.text) return 1
  return compareTexts(a.item.values, b.item.values) || compareTexts(a.item.columns, b.item.columns)
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
