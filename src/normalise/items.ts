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

/** Numbers items as they come. `foreign`: the columns are part of what the item is. */
export function itemTable() {
  const ids = new Map<string, number>()
  const items: Item[] = []
  return {
    items: items as readonly Item[],
    idOf(item: Item, foreign: boolean): number {
      const key = itemKey(item.query, foreign ? item.columns : null, item.values)
      const known = ids.get(key)
      if (known !== undefined) return known
      ids.set(key, items.length)
      items.push(item)
      return items.length - 1
    }
  }
}

/**
 * The items that some host has, in the order of their query and values, and each old number's new one (−1: none).
 * @param present by item: 1 where some host has it
 */
export function sortItems(
  items: readonly Item[],
  present: Uint8Array
): { readonly items: Item[]; readonly rank: Int32Array } {
  const kept: { readonly item: Item; readonly id: number }[] = []
  for (const [id, item] of items.entries()) if (present[id] === 1) kept.push({ item, id })
  kept.sort((a, b) => compareItems(a.item, b.item))
  const rank = new Int32Array(items.length).fill(-1)
  for (const [position, { id }] of kept.entries()) rank[id] = position
  return { items: kept.map(({ item }) => item), rank }
}

function compareItems(a: Item, b: Item): number {
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
