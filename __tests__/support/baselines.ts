import fc from 'fast-check'
import type { Baseline } from '../../src/baseline/baseline.ts'

/** Texts with quotes, backslashes, line ends, control characters, bidi marks and lone surrogates. */
const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom(
    '',
    '"',
    '\\',
    '\n<<<<<<< HEAD\n',
    '\u202e',
    '\u0000',
    '\ud800',
    '<host>',
    '\\<hex>',
    '💥',
    '[]'
  )
)
const key = text.filter(name => name !== '' && name !== '__proto__')
const queryName = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,12}$/)

const query = fc.uniqueArray(key, { minLength: 1, maxLength: 4 }).chain(columns =>
  fc
    .record({
      note: fc.option(text, { nil: undefined }),
      rows: fc.uniqueArray(
        fc.tuple(fc.array(text, { minLength: columns.length, maxLength: columns.length }), fc.boolean()),
        { maxLength: 6, selector: ([row]) => JSON.stringify(row) }
      )
    })
    .map(({ note, rows }) => ({
      columns,
      ...(note === undefined ? {} : { note }),
      required: rows.flatMap(([row, required]) => (required ? [row] : [])),
      optional: rows.flatMap(([row, required]) => (required ? [] : [row]))
    }))
)
const queries = fc.dictionary(queryName, query, { maxKeys: 4, noNullPrototype: true })

const acceptance = fc
  .record({
    query: queryName,
    match: fc.dictionary(key, text, { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
    hosts: fc.option(fc.array(key, { minLength: 1, maxLength: 2 }), { nil: undefined }),
    reason: text.map(words => `because ${words}`),
    owner: text.map(name => `@${name}`),
    expires: fc.date({ min: new Date('2020-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
  })
  .map(({ hosts, expires, ...rest }) => ({
    ...rest,
    ...(hosts === undefined ? {} : { hosts }),
    expires: expires.toISOString().slice(0, 10)
  }))

/** Any valid baseline, in any order. */
export const baselines: fc.Arbitrary<Baseline> = fc
  .record({
    name: key,
    packs: fc.dictionary(key, text, { maxKeys: 3, noNullPrototype: true }),
    queries,
    accept: fc.uniqueArray(acceptance, { maxLength: 4, selector: one => JSON.stringify(one) }),
    roles: fc.dictionary(key, queries, { maxKeys: 2, noNullPrototype: true })
  })
  .map(({ roles, ...rest }) => {
    const columns = new Map(Object.entries(rest.queries).map(([name, own]) => [name, own]))
    const own = Object.entries(roles).map(([label, ofRole]) => {
      const kept = Object.entries(ofRole).filter(([name, one]) => {
        const first = columns.get(name) ?? one
        columns.set(name, first)
        return JSON.stringify(first.columns) === JSON.stringify(one.columns)
      })
      return [label, { queries: Object.fromEntries(kept) }]
    })
    return { version: 1 as const, ...rest, roles: Object.fromEntries(own) }
  })

/** The same baseline with the order reversed wherever order does not matter. */
export function inReverse(baseline: Baseline): Baseline {
  const reversed = <T>(record: Record<string, T>) => Object.fromEntries(Object.entries(record).reverse())
  const rows = (all: Baseline['queries']) =>
    reversed(
      Object.fromEntries(
        Object.entries(all).map(([name, one]) => [
          name,
          { ...one, required: [...one.required].reverse(), optional: [...one.optional].reverse() }
        ])
      )
    )
  return {
    ...baseline,
    packs: reversed(baseline.packs),
    queries: rows(baseline.queries),
    accept: [...baseline.accept].reverse(),
    roles: reversed(
      Object.fromEntries(
        Object.entries(baseline.roles).map(([label, role]) => [label, { queries: rows(role.queries) }])
      )
    )
  }
}
