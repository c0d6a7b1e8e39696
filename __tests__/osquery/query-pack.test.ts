import { describe, expect, test } from '@jest/globals'
import { loadDefinitions } from '../../src/modes/definitions.ts'
import { queriesOf } from '../../src/osquery/load-packs.ts'

const inputs = (query: string, packs: readonly string[] = ['linux', 'incident']) =>
  ({ mode: 'check', packs, baseline: null, indicators: null, query }) as const
const files: Readonly<Record<string, string>> = {
  'mine.json': JSON.stringify({ queries: { query: { query: 'SELECT 1' } } })
}
const load = (query: string, packs?: readonly string[]) =>
  loadDefinitions(inputs(query, packs), async path => files[path] ?? Promise.reject(new Error('ENOENT')))

describe('the query of an incident', () => {
  test('is asked beside the packs, as one statement', async () => {
    const { packs } = await load(
      "-- Who has it?\nSELECT path, sha1\n FROM hash WHERE directory = '/opt'; -- all"
    )
    const queries = queriesOf(packs)
    expect(packs.map(({ name }) => name)).toEqual(['linux', 'incident', 'query'])
    expect(queries.at(-1)).toMatchObject({
      name: 'query',
      sql: "SELECT path, sha1 FROM hash WHERE directory = '/opt'",
      identity: null
    })
    expect(queries.length).toBe(packs.flatMap(pack => pack.queries).length)
  })

  test('may use WITH', async () => {
    const { packs } = await load('WITH p AS (SELECT path FROM processes) SELECT * FROM p')
    expect(packs.at(-1)?.queries).toHaveLength(1)
  })

  test('does not take the place of a query of a pack that is called the same', async () => {
    const { packs } = await load('SELECT 2', ['mine.json'])
    expect(queriesOf(packs).map(({ name, sql }) => [name, sql])).toEqual([
      ['query', 'SELECT 1'],
      ['pack_query_query', 'SELECT 2']
    ])
  })

  test.each([
    ['SELECT 1; SELECT 2', /^query: it has several statements/],
    ['DELETE FROM users', /^query: its SQL is not one SELECT/],
    ["ATTACH 'x' AS y", /^query: its SQL is not one SELECT/],
    ['PRAGMA table_list', /^query: its SQL is not one SELECT/],
    ['-- nothing', /^query: its SQL is empty/],
    ["SELECT 'x", /^query: its SQL has a quote that is not closed/],
    ['SELECT path FROM file', /^query: it asks file without a condition/],
    ['SELECT * FROM process_events', /^query: it asks process_events, a table of events/]
  ])('is refused before any host is contacted: %s', async (query, problem) => {
    await expect(load(query)).rejects.toThrow(problem)
  })
})
