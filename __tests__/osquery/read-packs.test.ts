import { describe, expect, test } from '@jest/globals'
import { loadPacks } from '../../src/osquery/load-packs.ts'
import { readPackFile } from '../../src/osquery/parse-pack.ts'
import { decodeUtf8 } from '../../src/text/decode.ts'

const read = (text: string) => readPackFile('p.conf', text)
const pack = (queries: unknown, rest: object = {}) => read(JSON.stringify({ queries, ...rest }))
const noticesOf = async (content: ReturnType<typeof read>) => ((await content).notices ?? []).join('\n')

describe('the SQL of a pack', () => {
  test('with two columns of one name is reported', async () => {
    const content = pack({
      a: { query: 'SELECT p.pid, pp.pid, p.name AS n FROM processes p JOIN processes pp' }
    })
    expect(await noticesOf(content)).toMatch(/several columns of one name.*a \(pid\)/)
    expect(await noticesOf(pack({ a: { query: "SELECT pid, pid || '' AS other FROM processes" } }))).toBe('')
    const all = (sql: string) => noticesOf(pack({ a: { query: sql } }))
    expect(await all('SELECT p.*, pp.* FROM processes p JOIN processes pp')).toMatch(
      /a \(all columns of processes\)/
    )
    expect(await all('SELECT * FROM processes p, processes pp')).toMatch(/all columns of processes/)
    expect(await all("SELECT path AS 'x', name x FROM processes")).toMatch(/a \(x\)/)
    expect(await all('SELECT * FROM users UNION SELECT * FROM users')).toBe('')
  })

  test.each([
    ['SELECT 1 FROM (SELECT 2); -- behind', 'SELECT 1 FROM (SELECT 2)'],
    ['SELECT 1;;', 'SELECT 1'],
    ["SELECT 1 -- loaded; it's fine\n WHERE 1", 'SELECT 1 WHERE 1'],
    ['/* v1; v2 */ SELECT \';\' AS "a;b", [c;d]', 'SELECT \';\' AS "a;b", [c;d]'],
    ['-- Loaded modules\nSELECT name FROM kernel_modules', 'SELECT name FROM kernel_modules'],
    ["SELECT 'a  -- b'", "SELECT 'a  -- b'"],
    ['WITH x AS (SELECT 1) SELECT * FROM x', 'WITH x AS (SELECT 1) SELECT * FROM x'],
    ['VALUES (1)', 'VALUES (1)']
  ])('is one statement: %s', async (sql, sent) => {
    expect((await pack({ a: { query: sql } })).queries[0]!.sql).toBe(sent)
  })

  test.each([
    ['SELECT 1; SELECT 2', /several statements/],
    [' ; -- nothing', /its SQL is empty/],
    ['BEGIN', /not one SELECT/],
    ['CREATE TABLE x (a)', /not one SELECT/],
    ['WITH x AS (SELECT 1) DELETE FROM y', /not one SELECT/],
    ['SELECT :x', /a parameter/],
    ["SELECT 'abc", /a quote that is not closed/],
    ['SELECT * FROM process_events', /a table of events/],
    ['SELECT * FROM "process_events"', /a table of events/],
    ['SELECT * FROM users u, main.[file_events] AS f', /asks file_events, a table of events/],
    ["SELECT path FROM file WHERE path REGEXP '^/etc'", /asks file without a condition/],
    ['SELECT path FROM file WHERE path IS NOT NULL', /without a condition/],
    ["SELECT sha256 FROM hash, processes p WHERE p.path = '/x'", /asks hash without a condition/],
    ['SELECT u.uid FROM users u, file', /asks file without a condition/],
    ["SELECT '\0'", /a NUL character, at which osquery ends it/],
    ['SELECT path FROM file', /without a condition such as path =/],
    ["SELECT path FROM file WHERE path GLOB '/etc/p*'", /without a condition/],
    [`SELECT '${'x'.repeat(33_000)}'`, /33,009 characters/]
  ])('loses only its own query: %s', async (sql, reason) => {
    const content = pack({ bad: { query: sql }, good: { query: 'SELECT 1' } })
    expect((await content).queries.map(({ name }) => name)).toEqual(['good'])
    expect(await noticesOf(content)).toMatch(reason)
    await expect(pack({ bad: { query: sql } })).rejects.toThrow(reason)
  })

  test.each([
    "SELECT * FROM hash WHERE directory = '/etc'",
    'SELECT * FROM users JOIN file ON file.path = users.directory',
    'SELECT * FROM processes JOIN hash USING (path)',
    "SELECT * FROM file WHERE path LIKE '/etc/%'",
    "SELECT * FROM (SELECT * FROM file) f WHERE f.path = '/etc'",
    'SELECT * FROM (processes p JOIN hash h ON p.path = h.path)',
    "SELECT * FROM (SELECT '/x' AS path) AS file",
    'WITH process_events (a) AS (SELECT 1) SELECT * FROM process_events',
    "SELECT name AS file_events FROM processes WHERE name IS NOT DISTINCT FROM 'file_events'"
  ])('that gives a table what it requires is kept: %s', async sql => {
    expect((await pack({ a: { query: sql } })).queries).toHaveLength(1)
  })

  test('keeps the spaces at the beginning of a continued line', async () => {
    const { queries } = await read(`{ "queries": { "a": { "query": "SELECT 'x\\\n   y'" } } }`)
    expect(queries[0]!.sql).toBe("SELECT 'x   y'")
  })

  test('that is long because of its comments and indents is sent without them', async () => {
    const sql = `SELECT name\n${`  -- ${'why '.repeat(100)}\n`.repeat(100)}FROM kernel_modules`
    expect((await pack({ a: { query: sql } })).queries[0]!.sql).toBe('SELECT name FROM kernel_modules')
  })
})

describe('a pack file', () => {
  test('of a name that is there twice has the first, and says so with the line', async () => {
    const content = read(
      '{ "queries": {\n "a": { "query": "SELECT 1", "query": "SELECT 2" },\n "a": { "query": "SELECT 3" } } }'
    )
    expect((await content).queries.map(({ sql }) => sql)).toEqual(['SELECT 1'])
    expect(await noticesOf(content)).toMatch(/query \(line 2\) and a \(line 3\)/)
  })

  test.each([
    ['{ "queries": { "a": { "query": "SELECT 1" } } } // end'],
    ['{ "queries": { "a": { "query": "SELECT 1", } } }'],
    ['{ /* a */ "queries": { "a": { "query": "SELECT 1" } } }'],
    ['{ "queries": { "a": { "query": "SELECT \\\r\n1" } } }']
  ])('that osqueryd would refuse is read with a notice: %s', async text => {
    expect((await read(text)).queries).toHaveLength(1)
    expect(await noticesOf(read(text))).toMatch(/osqueryd would not load it/)
  })

  test('with comment lines and a mistake names the line of the mistake', async () => {
    const text = `{
  # one
  # two
  "queries": {
    "a": {
      "query": "SELECT name \\
        FROM kernel_modules \\
        WHERE name LIKE 'x%'"
    },
    "b": { "query": "SELECT path FROM file WHERE path = 'C:\\.x'" }
  }
}`
    await expect(read(text)).rejects.toThrow(/p\.conf is not valid JSON: an escape .* \(line 10\)/)
  })

  test.each([
    ['', /p\.conf is empty/],
    ['[ { "name": "mods", "query": "SELECT 1" } ]', /is a list; a pack is a JSON object with `queries`/],
    ['{ "name": "mods" }', /has no `queries`/],
    ['{ "queries": [] }', /`queries` that are not an object/],
    ['{ "queries": { "a": { "query": "SELECT 1\n FROM x" } } }', /a text does not end on its line.*line 1/],
    ['just words', /neither a pack in JSON nor YAML of Fleet/],
    ['a: [', /is not valid YAML/]
  ])('that is none is refused by what it is: %j', async (text, message) => {
    await expect(read(text)).rejects.toThrow(message)
  })

  test('may begin with a byte order mark, and not be UTF-16', async () => {
    expect((await read('\ufeff{ "queries": { "a": { "query": "SELECT 1" } } }')).queries).toHaveLength(1)
    const file = async (path: string) => decodeUtf8(Buffer.from('\ufeff{}', 'utf16le'), path)
    await expect(loadPacks(['p.conf'], file)).rejects.toThrow(/p\.conf is UTF-16: save it as UTF-8/)
  })

  test('loses only the queries that are not usable', async () => {
    const content = pack({
      a: { query: 'SELECT 1', description: ['not', 'a', 'text'] },
      b: 'SELECT 2',
      c: {},
      d: { query: 'SELECT 4', fleet_drift: { identity: ['x'], changes: ['y'] } },
      e: { query: 'SELECT 5', fleet_drift: { identity: 'x' } }
    })
    expect((await content).queries.map(({ name }) => name)).toEqual(['a'])
    expect((await content).notices).toEqual(
      [
        '(it is not an object): b.',
        '(it has no `query` with its SQL): c.',
        '(y must also be in identity): d.',
        '(its fleet_drift is wrong: identity: expected array, received string): e.'
      ].map(reason => `The pack p.conf: queries that cannot be used ${reason}`)
    )
  })

  test('has at most 500 queries; the others are named', async () => {
    const queries = Object.fromEntries(
      Array.from({ length: 502 }, (_, index) => [`q${index}`, { query: 'SELECT 1' }])
    )
    expect((await pack(queries)).queries).toHaveLength(500)
    expect(await noticesOf(pack(queries))).toMatch(/\(at most 500 queries are allowed\): q500 and q501/)
  })
})

describe('the name of a query', () => {
  test.each([
    ['worm a/b', 'worm_a_b'],
    ['someone`s_kit', 'someone_s_kit'],
    ['__proto__', 'proto__'],
    ['', 'query'],
    ['日本', 'query']
  ])('may be %j', async (name, safe) => {
    const text = `{ "queries": { ${JSON.stringify(name)}: { "query": "SELECT 1" } } }`
    expect((await read(text)).queries.map(query => query.name)).toEqual([safe])
    expect(await noticesOf(read(text))).toContain(` is ${safe}`)
  })

  test('stays its own when others become the same', async () => {
    const { queries } = await pack({
      a_b: { query: 'SELECT 1' },
      'a b': { query: 'SELECT 2' },
      'a/b': { query: 'SELECT 3' }
    })
    expect(new Set(queries.map(({ name }) => name)).size).toBe(3)
    expect(queries.every(({ name }) => /^[A-Za-z0-9][\w.-]{0,63}$/.test(name))).toBe(true)
  })

  test.each(['runepoch', 'counter', 'query.a'])('that osqueryd reserves is reported: %s', async name => {
    expect(await noticesOf(pack({ [name]: { query: 'SELECT 1' } }))).toMatch(
      /osqueryd would not run.*its name/
    )
  })
})

describe('the platform of a query', () => {
  test.each([
    [undefined, undefined, []],
    ['linux', undefined, ['linux']],
    ['ubuntu,centos', undefined, ['linux']],
    ['posix', undefined, ['linux', 'darwin']],
    ['posix', 'darwin', ['darwin']],
    ['company', undefined, []],
    ['linux64', undefined, ['linux']],
    [['linux'], undefined, []],
    [undefined, 'windows', ['windows']],
    [undefined, '', []]
  ])('is what osquery makes of pack %j and query %j', async (ofPack, ofQuery, platforms) => {
    const query = { query: 'SELECT 1', ...(ofQuery === undefined ? {} : { platform: ofQuery }) }
    const { queries } = await pack({ a: query }, ofPack === undefined ? {} : { platform: ofPack })
    expect(queries[0]!.platforms).toEqual(platforms)
  })

  test.each([
    ['darwin', 'linux'],
    [undefined, 'LINUX'],
    [undefined, 'rhel'],
    [undefined, 'gentoo'],
    ['sles', 'sles']
  ])('may fit nowhere: pack %j and query %j', async (ofPack, ofQuery) => {
    const content = pack(
      { a: { query: 'SELECT 1', platform: ofQuery } },
      ofPack === undefined ? {} : { platform: ofPack }
    )
    expect((await content).queries).toEqual([])
    expect(await noticesOf(content)).toMatch(/apply to no platform here, as osquery reads them: a/)
  })

  test('that fits nowhere in any pack ends the run before anything is sent', async () => {
    const file = async () => '{ "platform": "sles", "queries": { "a": { "query": "SELECT 1" } } }'
    await expect(loadPacks(['sles.conf'], file)).rejects.toThrow(
      /no query for Linux, macOS or Windows\..*\n.*sles\.conf.*: a/
    )
    await expect(loadPacks(['sles.conf', 'linux'], file)).resolves.toHaveLength(2)
  })
})

describe('what a schedule needs', () => {
  test.each([
    [0, true],
    [604_801, true],
    ['0', true],
    [null, true],
    ['60s', false],
    [60, false]
  ])('an interval of %j is reported: %j', async (interval, reported) => {
    const notices = await noticesOf(pack({ a: { query: 'SELECT 1', interval } }))
    expect(notices.includes('osqueryd would not run: a (its interval')).toBe(reported)
  })

  test('discovery, shard and version are reported where they would leave hosts out', async () => {
    const notices = await noticesOf(
      pack(
        {
          a: { query: 'SELECT 1', version: '5.20.0', shard: 10 },
          b: { query: 'SELECT 2', version: '1.4.5' },
          c: { query: 'SELECT 3', version: '5.20.0', fleet_drift: { weight: 'context' } }
        },
        { discovery: ['SELECT 1'], shard: 5 }
      )
    )
    expect(notices).toMatch(/its discovery queries are not run/)
    expect(notices).toMatch(/its shard is ignored/)
    expect(notices).toMatch(/version of osquery, which is not checked: a \(5\.20\.0\)\./)
    expect(notices).toMatch(/whose shard is ignored: a\./)
  })
})

describe('other files with queries', () => {
  test('a configuration of osqueryd gives its schedule and the packs inside', async () => {
    const content = read(
      JSON.stringify({
        options: {},
        schedule: { mods: { query: 'SELECT name FROM kernel_modules;', interval: 60 } },
        packs: {
          own: { queries: { u: { query: 'SELECT username FROM users' }, mods: { query: 'SELECT 1' } } },
          other: '/usr/share/osquery/packs/other.conf'
        }
      })
    )
    expect((await content).queries.map(({ name }) => name)).toEqual(['mods', 'u', 'pack_own_mods'])
    expect(await noticesOf(content)).toMatch(
      /pack other is in another file, \/usr\/share\/osquery\/packs\/other\.conf/
    )
  })

  test('YAML of Fleet gives its queries, alone or through packs', async () => {
    const content = read(`---
apiVersion: v1
kind: pack
spec:
  name: Test1
  queries:
    - query: keys
      name: authorized_keys
      platform: linux
    - query: elsewhere
---
apiVersion: v1
kind: query
spec:
  name: keys
  description: Keys
  query: SELECT * FROM authorized_keys
---
kind: query
spec: { name: mods, query: "SELECT name FROM kernel_modules" }
`)
    expect((await content).queries).toMatchObject([
      { name: 'authorized_keys', platforms: ['linux'], title: 'Keys', sql: 'SELECT * FROM authorized_keys' },
      { name: 'mods', platforms: [] }
    ])
    expect(await noticesOf(content)).toMatch(/asks the query elsewhere, which is not in the file/)
  })

  test.each(['- name: a\n  query: SELECT 1\n', 'queries:\n  - name: a\n    query: SELECT 1\n'])(
    'a list of queries in YAML is read: %j',
    async text => {
      expect((await read(text)).queries.map(({ name }) => name)).toEqual(['a'])
    }
  )

  test('YAML of a pack whose queries are elsewhere is refused by that', async () => {
    const text = 'kind: pack\nspec:\n  queries:\n    - query: authorized_keys\n      platform: sles\n'
    await expect(read(text)).rejects.toThrow(/YAML of Fleet without a usable query.*authorized_keys/)
  })
})

describe('what is beside a query', () => {
  test('may name the volatile columns only', async () => {
    const { queries } = await pack({ a: { query: 'SELECT 1', fleet_drift: { volatile: ['seen'] } } })
    expect(queries[0]).toMatchObject({ identity: null, volatile: ['seen'] })
  })
})

describe('a file of SQL', () => {
  const file = (text: string) => readPackFile('kit/1-unexpected-talkers.sql', text)

  test('is one query with the name of the file, for the platform that its comments name', async () => {
    const { queries } = await file(
      '-- Unexpected talkers\n--\n-- platform: posix\nSELECT 1 FROM processes;\n'
    )
    expect(queries).toHaveLength(1)
    expect(queries[0]).toMatchObject({
      name: '1-unexpected-talkers',
      sql: 'SELECT 1 FROM processes',
      title: 'Unexpected talkers',
      platforms: ['linux', 'darwin']
    })
  })

  test('that is not one SELECT is refused with the reason', async () => {
    await expect(file('-- nothing\n')).rejects.toThrow(
      /1-unexpected-talkers\.sql has no query .*its SQL is empty/
    )
    await expect(file('DROP TABLE x')).rejects.toThrow(/not one SELECT/)
  })
})

describe('YAML of Fleet', () => {
  test('may have policies, reports and queries in other files', async () => {
    const content = read(
      [
        'policies:',
        '  - name: firewall',
        '    query: SELECT 1 FROM alf WHERE global_state >= 1;',
        '  - path: ../lib/policies.yml',
        'reports:',
        '  - name: users',
        '    query: SELECT username FROM users;'
      ].join('\n')
    )
    expect((await content).queries.map(({ name }) => name).sort()).toEqual(['firewall', 'users'])
    expect(await noticesOf(content)).toMatch(/policies are queries: a host that passes one has a row/)
    expect(await noticesOf(content)).toMatch(/other files, \.\.\/lib\/policies\.yml: name these files/)
  })

  test('names the documents that have no queries', async () => {
    const content = read(
      'kind: policy\nspec:\n  name: a\n  query: SELECT 1\n---\nkind: label\nspec:\n  name: b\n  query: SELECT 2\n'
    )
    expect((await content).queries.map(({ name }) => name)).toEqual(['a'])
    expect(await noticesOf(content)).toMatch(/documents of kind label have no queries/)
  })
})

test('a configuration whose packs are in other files names them', async () => {
  await expect(read('{"packs":{"detection":"out/detection.conf"}}')).rejects.toThrow(
    /has no queries; .*its pack detection is in another file, out\/detection\.conf: name that file/
  )
  await expect(read('{"options":{}}')).rejects.toThrow(
    /a configuration of osqueryd without `schedule` and `packs`/
  )
})

test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
  'a query may be called %s',
  async name => {
    const content = await read(`{"queries":{"${name}":{"query":"SELECT 1"}}}`)
    expect(content.queries.map(({ title, name }) => title || name)).toEqual([name])
  }
)
