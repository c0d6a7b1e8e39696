import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Item, itemKey, itemTable, sortItems } from '../../src/normalize/items.ts'

const text = fc.oneof(
  fc.constantFrom('', 'a', 'ab', '/usr/lib/a', '/usr/lib/b'),
  fc.string({ unit: 'binary', maxLength: 3 })
)
const item = fc.record({
  query: fc.nat(2),
  columns: fc.constantFrom(['a'], ['b', 'c']),
  values: fc.array(text, { minLength: 1, maxLength: 3 })
})

function compare(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  for (const [at, part] of a.entries()) {
    const other = b[at]
    if (other === undefined) return 1
    if (part !== other) return part < other ? -1 : 1
  }
  return a.length - b.length
}

describe('the items of a fleet', () => {
  test('have one number each; foreign ones differ also by their columns', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 2000, size: 'max' }), fc.boolean(), (items, foreign) => {
        const table = itemTable()
        const byKey = new Map<string, number>()
        for (const one of items) {
          const key = itemKey(one.query, foreign ? one.columns : null, one.values)
          const id = table.idOf(one, foreign)
          expect(byKey.get(key) ?? id).toBe(id)
          byKey.set(key, id)
        }
        expect(new Set(byKey.values()).size).toBe(byKey.size)
        expect(table.items).toHaveLength(byKey.size)
      }),
      { numRuns: 20 }
    )
  })

  test('are sorted by query, then by their values', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 500, size: 'max' }), fc.nat(), (items, absent) => {
        const present = Uint8Array.from(items, (_, id) => (id === absent ? 0 : 1))
        const { items: sorted, rank } = sortItems(items, present)
        const parts = ({ query, values, columns }: Item) => [
          query,
          values.join('\0'),
          ...values,
          '',
          ...columns
        ]
        const wanted = items.filter((_, id) => id !== absent).sort((a, b) => compare(parts(a), parts(b)))
        expect(sorted.map(parts)).toEqual(wanted.map(parts))
        for (const [id, one] of items.entries())
          expect(id === absent ? -1 : sorted[rank[id]!]).toEqual(id === absent ? rank[id] : one)
      })
    )
  })
})
