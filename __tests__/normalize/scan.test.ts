import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { fleetBuilder } from '../../src/normalize/fleet.ts'
import { lineOf, readSnapshot } from '../../src/snapshot/read.ts'
import { facts, host, query } from '../support/fleets.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scan-'))
})
afterAll(() => rm(folder, { recursive: true }))

const QUERIES = [
  query('programs', ['path', 'user']),
  query('text', ['value', 'sha256']),
  query('foreign', null),
  query('q"uote', ['path'])
]

/** Builds a fleet from lines twice: from the lines' bytes, and from rows parsed one by one. */
async function bothWays(lines: readonly (string | Buffer)[]) {
  const path = join(folder, 'fleet.gz')
  const parts = ['{"fleetDriftSnapshot":1}', ...lines].flatMap(line => [Buffer.from(line), Buffer.from('\n')])
  await writeFile(path, gzipSync(Buffer.concat(parts), { level: 1 }))
  const build = async (scanned: boolean) => {
    const builder = fleetBuilder(QUERIES)
    let scans = 0
    try {
      for await (const record of (await readSnapshot(path)).hosts) {
        if (lineOf(record) !== null) scans++
        builder.add(scanned ? record : { ...record })
      }
    } catch (error) {
      return {
        refused: error instanceof Error ? error.message.replace(/^.*line/, 'line') : 'no error',
        scans
      }
    }
    return { fleet: builder.finish(), scans }
  }
  const [fast, slow] = [await build(true), await build(false)]
  return { fast, slow }
}

const value = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('/usr/bin/a', '/bin/a', '/opt/b', 'root', '22', '', 'web-1', 'web-2')
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'on web-1.example.com now',
      'x-web-1',
      '10.0.0.1:443',
      '10.0.0.2',
      'session-12.scope',
      '<num>',
      '<host>'
    )
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '},{"path":"/x"',
      ']}}',
      'a"b\\c',
      'C:\\web-1\\x',
      '\ud800',
      'é 漢 \u2028',
      '\u0000\u001f',
      '0'.repeat(5000)
    )
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) }
)
const row = fc.oneof(
  { weight: 6, arbitrary: fc.record({ path: value, user: value, pid: value }) },
  { weight: 6, arbitrary: fc.record({ value, sha256: value, mtime: value }) },
  {
    weight: 2,
    arbitrary: fc.dictionary(fc.constantFrom('path', 'user', 'é"', '__proto__', '1', 'zz'), value)
  }
)
const rows = fc.array(row, { maxLength: 6 })
/** Rows are drawn from a pool, so that many occur again, on other hosts and on the same one. */
const fleetOf = fc.array(row, { minLength: 1, maxLength: 5 }).chain(pool => {
  const known = fc.array(fc.constantFrom(...pool), { maxLength: 8 })
  const some = fc.oneof({ weight: 4, arbitrary: known }, { weight: 1, arbitrary: rows })
  return fc.array(
    fc.record(
      { programs: some, text: some, foreign: some, 'q"uote': some, unasked: some },
      { requiredKeys: [] }
    ),
    { minLength: 1, maxLength: 8 }
  )
})

function lineOfHost(index: number, queries: Parameters<typeof host>[1]): string {
  const own = {
    ...facts,
    hostname: `web-${index}`,
    fqdn: `web-${index}.example.com`,
    addresses: [`10.0.0.${index}`]
  }
  return JSON.stringify(host(`i-0000000${index}`, queries, { facts: own }))
}

describe('a snapshot that is scanned', () => {
  test('gives the same fleet as one whose rows are parsed', async () => {
    await fc.assert(
      fc.asyncProperty(fleetOf, async hosts => {
        const { fast, slow } = await bothWays(hosts.map((queries, index) => lineOfHost(index, queries)))
        expect(fast).toEqual(slow)
        expect(fast.scans).toBe(hosts.length)
      }),
      { numRuns: 60 }
    )
  }, 60_000)

  test('with changed, lost or inserted bytes is refused exactly if one whose rows are parsed is', async () => {
    const change = fc.record({
      line: fc.nat(7),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      lost: fc.nat(3),
      put: fc.constantFrom(
        '',
        '"',
        '\\',
        '{',
        '}',
        ']',
        ',',
        ' ',
        '1',
        'null',
        '\n',
        '\u0001',
        '{"a":{"b":1}},'
      )
    })
    await fc.assert(
      fc.asyncProperty(fleetOf, fc.array(change, { minLength: 1, maxLength: 2 }), async (hosts, changes) => {
        const lines = hosts.map((queries, index) => Buffer.from(lineOfHost(index, queries)))
        for (const { line, at, lost, put } of changes) {
          const text = lines[line % lines.length]!
          const place = Math.floor(at * text.length)
          lines[line % lines.length] = Buffer.concat([
            text.subarray(0, place),
            Buffer.from(put),
            text.subarray(place + lost)
          ])
        }
        const { fast, slow } = await bothWays(lines)
        expect(fast).toEqual(slow)
      }),
      { numRuns: 60 }
    )
  }, 60_000)

  const lineWith = (queries: string) =>
    JSON.stringify(host('h', {})).replace(/"queries":\{\}\}$/, () => `"queries":{${queries}}}`)
  const good = '{"path":"/a","user":"root","pid":"1"}'
  const ok = (rows: string, name = '"programs"') => `${name}:{"status":"ok","detail":null,"rows":[${rows}]}`

  test.each([
    ['a column that appears twice', ok('{"path":"/a","user":"x","path":"/b"}')],
    ['a query that appears twice', `${ok(good)},${ok('{"path":"/b","user":"x"}')}`],
    ['a query whose name is escaped', ok(good, '"progr\\u0061ms"')],
    ['numbers, null and booleans', ok(`${good},{"path":1,"user":null,"pid":true},${good}`)],
    ['white space', `"programs": {"status":"ok","detail":null,"rows":[ ${good} , ${good}]}`],
    ['other columns in another order', ok(`${good},{"pid":"7","user":"root","path":"/a"},${good}`)],
    ['another status', '"programs":{"status":"truncated","detail":"cut","rows":[]}'],
    ['a nested row', ok(`${good},{"path":{"a":1}}`)],
    ['a result that is not an object', '"programs":7'],
    ['no query', ''],
    ['a comma too many', ok(`${good},`)],
    ['an escape that JSON does not have', ok('{"path":"\\x","user":"a"}')],
    ['a control character', ok('{"path":"\t","user":"a"}')]
  ])('means the same with %s', async (_name, queries) => {
    const { fast, slow } = await bothWays([lineWith(ok(good)), lineWith(queries).replace('"h"', '"i"')])
    expect(fast).toEqual(slow)
  })

  test('with bytes that are not UTF-8 means the same', async () => {
    const line = Buffer.from(lineWith(ok('{"path":"/aX","user":"rXot"}')).replaceAll('X', '\u00ff'), 'latin1')
    const { fast, slow } = await bothWays([line, line, line])
    expect(fast).toEqual(slow)
  })

  test('forgets the known rows when they become too many, and goes on', async () => {
    const many = Array.from({ length: 40_000 }, (_, at) => ({ path: `/opt/web-${at % 3}/${at}`, user: '' }))
    const lines = [0, 1, 2].map(index => lineOfHost(index, { programs: many }))
    const { fast, slow } = await bothWays(lines)
    expect('fleet' in fast && fast.fleet.items.length).toBe(40_000)
    expect('fleet' in slow && slow.fleet).toEqual('fleet' in fast && fast.fleet)
  }, 60_000)
})
