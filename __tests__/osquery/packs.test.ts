import { describe, expect, test } from '@jest/globals'
import { BUILTIN_PACKS, builtinPack } from '../../src/osquery/builtin-packs.ts'
import { loadPacks, queriesOf } from '../../src/osquery/load-packs.ts'
import { readPackFile } from '../../src/osquery/parse-pack.ts'
import { schemaDatabase, TABLES } from '../support/schema-database.ts'

const PLATFORM: Record<string, string> = {
  linux: 'linux',
  incident: 'linux',
  windows: 'windows',
  macos: 'macos'
}

/** MITRE ATT&CK v19 revoked these. */
const REVOKED = ['T1562.001', 'T1562.004']

describe.each(BUILTIN_PACKS)('the pack %s', name => {
  const pack = builtinPack(name)!
  const database = schemaDatabase(PLATFORM[name]!)

  test.each(pack.queries.map(query => [query.name, query] as const))(
    '%s runs on the schema of its platform',
    (_name, query) => {
      const statement = database.prepare(query.sql)
      expect(statement.all()).toBeInstanceOf(Array)
      const columns = columnsOf(query.sql, database)
      for (const column of [...query.identity!, ...query.changes, ...query.cohort])
        expect(columns).toContain(column)
    }
  )

  test.each(pack.queries.map(query => [query.name, query] as const))(
    '%s constrains the tables that require it',
    (_name, query) => {
      for (const table of TABLES) {
        if (table.required === undefined || !new RegExp(`\\b(FROM|JOIN) ${table.name}\\b`).test(query.sql))
          continue
        expect(query.sql).toMatch(new RegExp(`\\b(${table.required.join('|')})\\b\\s*(=|LIKE|IN)`))
      }
    }
  )

  test('names techniques that exist', () => {
    for (const query of pack.queries) {
      expect(query.attack.length).toBeGreaterThan(0)
      for (const technique of query.attack) expect(REVOKED).not.toContain(technique)
    }
  })

  test('has its SQL on one line', () => {
    for (const query of pack.queries) expect(query.sql).not.toMatch(/[\n;]/)
  })
})

/** The columns of the result. The left join gives a row even for empty tables. */
function columnsOf(sql: string, database: ReturnType<typeof schemaDatabase>): string[] {
  const row = database.get(`SELECT * FROM (SELECT 1) LEFT JOIN (${sql}) ON 1`)
  return Object.keys(row ?? {})
}

describe('a pack file', () => {
  test('is read as osquery reads it: comments, continued lines, foreign keys', async () => {
    const text = `{
      // a comment
      # another
      "platform": "ubuntu,centos", "shard": 10, "discovery": ["SELECT 1"],
      "queries": { "a": { "query": "SELECT pid \\
          FROM processes;", "interval": 60, "removed": false } } /* end */
    }`
    expect((await readPackFile('p', text)).queries).toMatchObject([
      { name: 'a', sql: 'SELECT pid FROM processes', identity: null, platforms: ['linux'], weight: 'normal' }
    ])
  })

  test.each([
    ['two statements', { a: { query: 'SELECT 1; SELECT 2' } }, /a: it has several statements/],
    ['empty SQL', { a: { query: ' ; ' } }, /a: its SQL is empty/],
    ['no queries', {}, /has no queries/],
    [
      'changes outside of identity',
      { a: { query: 'SELECT 1', fleet_drift: { identity: ['x'], changes: ['y'] } } },
      /a: y must also be in identity/
    ]
  ])('with %s is refused', async (_name, queries, message) => {
    await expect(readPackFile('p', JSON.stringify({ queries }))).rejects.toThrow(message)
  })

  test('that is not JSON is refused, with the line', async () => {
    await expect(readPackFile('p', '{\n"queries": {,}\n}')).rejects.toThrow(/line 2/)
  })

  test('a semicolon inside a string does not start a second statement', async () => {
    const pack = JSON.stringify({ queries: { a: { query: "SELECT ';'" } } })
    expect((await readPackFile('p', pack)).queries).toHaveLength(1)
  })
})

describe('several packs', () => {
  const read = async (path: string) => {
    if (path !== 'mine.json') throw new Error('ENOENT')
    return JSON.stringify({ queries: { crontab: { query: 'SELECT 1' } } })
  }

  test('that have different SQL under one name are both asked; the later is named as in logs of osqueryd', async () => {
    const packs = await loadPacks(['linux', 'mine.json'], read)
    const queries = queriesOf(packs)
    expect(queries.find(({ name }) => name === 'crontab')?.sql).toContain('FROM crontab')
    expect(queries.find(({ name }) => name === 'pack_mine_crontab')?.sql).toBe('SELECT 1')
    expect(packs[1]!.notices).toEqual([
      'The pack mine.json: queries with other names here, because an earlier pack has theirs: crontab is pack_mine_crontab.'
    ])
  })

  test('that ask one query of different platforms ask it on all of them', async () => {
    const pack = (platform: string) => JSON.stringify({ platform, queries: { users: { query: 'SELECT 1' } } })
    const packs = await loadPacks(['darwin.json', 'linux.json'], path =>
      Promise.resolve(pack(path.split('.')[0]!))
    )
    expect(queriesOf(packs).map(({ name, platforms }) => [name, platforms])).toEqual([
      ['users', ['darwin']],
      ['pack_linux_users', ['linux']]
    ])
  })

  test('are named or given by path; an entry that is neither is refused', async () => {
    await expect(loadPacks(['lynux'], read)).rejects.toThrow(/neither a built-in pack/)
  })
})
