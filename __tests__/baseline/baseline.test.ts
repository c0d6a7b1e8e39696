import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { parseBaseline, queriesInNoPack } from '../../src/baseline/baseline.ts'
import { writeBaseline } from '../../src/baseline/write.ts'

const ajv = new Ajv2020({ allErrors: true, strictRequired: false })
addFormats.default(ajv)
const validate = ajv.compile(JSON.parse(readFileSync('schemas/baseline.schema.json', 'utf8')))

const valid = {
  version: 1,
  name: 'checkout',
  packs: { linux: 'sha256:00' },
  queries: { ports: { columns: ['protocol', 'port'], required: [['6', '22']], optional: [['6', '9100']] } },
  accept: [{ query: 'ports', match: { port: '99' }, reason: 'test', owner: '@a/b', expires: '2026-12-31' }]
}
/** Line 8 names the columns, 10 holds the required row, 14 the optional one, 19 the acceptance. */
const TEXT = writeBaseline(parseBaseline('b.json', JSON.stringify(valid)))

test('a baseline without roles is read with its rows and acceptances', () => {
  expect(parseBaseline('b.json', JSON.stringify(valid))).toEqual({ ...valid, roles: {} })
  expect(parseBaseline('b.json', `\ufeff${TEXT}`)).toMatchObject(valid)
})

/** The mistake, the text that it replaces, its text, and the complaint; `false`: JSON Schema cannot express it. */
const BROKEN: readonly [string, string, string, string, boolean?][] = [
  ['a version from the future', '"version": 1', '"version": 2', 'b.json:3:3: version must be 1'],
  [
    'a row with too few values',
    '["6", "22"]',
    '["6"]',
    'b.json:12:9: queries.ports.required[0] has 1 value, but the query has 2 columns',
    false
  ],
  [
    'a row with too many values',
    '["6", "9100"]',
    '["6", "9100", ""]',
    'b.json:16:9: queries.ports.optional[0] has 3 values',
    false
  ],
  [
    'a row that appears twice in a list',
    '["6", "22"],',
    '["6", "22"],\n        ["6", "22"],',
    'b.json:13:9: queries.ports.required[1] appears twice'
  ],
  [
    'a row that is required and optional',
    '["6", "9100"]',
    '["6", "22"]',
    'b.json:16:9: queries.ports.optional[0] appears twice',
    false
  ],
  [
    'a row after the empty one',
    '["6", "22"],\n        []',
    '[],\n        ["6", "22"]',
    'b.json:12:9: queries.ports.required[0] is empty',
    false
  ],
  [
    'a value that is not a text',
    '"22"',
    '22',
    'b.json:12:15: queries.ports.required[0][1] must be a text in quotes'
  ],
  [
    'rows that are not a list',
    '[\n        ["6", "22"],\n        []\n      ]',
    '{}',
    'b.json:11:7: queries.ports.required must be a list in brackets'
  ],
  [
    'a column named twice',
    '["protocol", "port"]',
    '["port", "port"]',
    'b.json:10:7: queries.ports.columns has a column twice'
  ],
  ['no columns', '"columns": ["protocol", "port"],', '', 'b.json:9:14: queries.ports.columns is missing'],
  [
    'a query name that no pack can have',
    '"ports": {',
    '"my ports": {',
    'b.json:9:5: queries.my ports is not a query name: use up to 64 of A-Z a-z 0-9 _ . -'
  ],
  [
    'an unknown key',
    '"required"',
    '"requried"',
    'b.json:11:7: queries.ports.requried is not a key of a baseline'
  ],
  [
    'a key that appears twice',
    '"name": "checkout"',
    '"name": "checkout",\n  "name": "other"',
    'b.json:5:3: name appears twice in this object',
    false
  ],
  [
    'a key that would poison an object',
    '"linux"',
    '"__proto__"',
    'b.json:6:5: __proto__ is not allowed as a key',
    false
  ],
  ['no name', '"name": "checkout",', '', 'b.json:1:1: name is missing'],
  ['an acceptance without an owner', '"owner": "@a/b", ', '', 'b.json:22:5: accept[0].owner is missing'],
  ['an acceptance with an empty reason', '"test"', '"  "', 'accept[0].reason is empty: say why'],
  [
    'an acceptance that matches all rows without saying so',
    '{ "port": "99" }',
    '{}',
    'accept[0].match is empty: name at least one column'
  ],
  [
    'an acceptance that expires on something other than a day',
    '2026-12-31',
    'soon',
    'accept[0].expires must be a date, YYYY-MM-DD'
  ],
  [
    'an acceptance that expires on a day that does not exist',
    '2026-12-31',
    '2026-02-30',
    'accept[0].expires must be a date'
  ],
  [
    'an acceptance that appears twice',
    '    {}\n',
    `    ${JSON.stringify(valid.accept[0])},\n    {}\n`,
    'b.json:23:5: accept[1] appears twice'
  ],
  [
    'a role whose columns differ',
    '  "accept"',
    '  "roles": { "a": { "queries": { "ports": { "columns": ["port"] } } } },\n  "accept"',
    'roles.a.queries.ports.columns must be ["protocol","port"]',
    false
  ]
]

describe('a baseline with', () => {
  test.each(BROKEN)('%s is refused, with its location', (_, from, to, complaint) => {
    expect(TEXT).toContain(from)
    const text = TEXT.replace(from, to)
    expect(() => parseBaseline('b.json', text)).toThrow(complaint)
    expect(() => parseBaseline('b.json', text)).toThrow(
      /^b\.json is not a valid baseline:\nb\.json:\d+:\d+: /
    )
  })

  test.each(BROKEN.filter(([, , , , inSchema]) => inSchema !== false))(
    '%s is refused by the schema too',
    (_, from, to) => {
      expect(validate(JSON.parse(TEXT))).toBe(true)
      expect(validate(JSON.parse(TEXT.replace(from, to)))).toBe(false)
    }
  )

  test.each([
    [
      'merge markers',
      TEXT.replace('        ["6", "22"]', '<<<<<<< HEAD\n        ["6", "22"]'),
      'b.json:12:1: unresolved Git merge markers'
    ],
    [
      'a missing comma',
      TEXT.replace('"version": 1,', '"version": 1'),
      'b.json:4:3: a comma is missing before this'
    ],
    [
      'a comma too many',
      TEXT.replace('        []\n', ''),
      'b.json:13:7: a value is missing, or there is an extra comma before this'
    ],
    ['a comment', TEXT.replace('"version"', '// one\n  "version"'), 'b.json:3:3: JSON has no comments'],
    ['a closing brace missing', TEXT.trimEnd().slice(0, -1), 'a closing brace is missing'],
    ['text after its end', `${TEXT}x`, 'b.json:26:1: '],
    ['nothing in it', '', 'b.json:1:1: '],
    ['brackets that are never closed', '['.repeat(100_000), 'b.json:1:1: '],
    ['brackets nested too deeply', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'b.json:1:1: ']
  ])('%s is refused, with its location', (_, text, complaint) => {
    expect(() => parseBaseline('b.json', text)).toThrow(complaint)
  })

  test('mistakes of form, of rows and of acceptances reports all of them together', () => {
    const text = TEXT.replace('["6", "22"]', '["6"]')
      .replace('{ "port": "99" }', '{ "port": "*" }')
      .replace('    {}\n', `    ${JSON.stringify({ ...valid.accept[0], owner: undefined })},\n    {}\n`)
    expect(() => parseBaseline('b.json', text, '2026-12-01')).toThrow(
      [
        'b.json is not a valid baseline:',
        'b.json:12:9: queries.ports.required[0] has 1 value, but the query has 2 columns',
        'b.json:22:25: accept[0].match matches nearly any row: give one column a value without wildcards, or with three letters or digits in a row',
        'b.json:23:5: accept[1].owner is missing'
      ].join('\n')
    )
  })

  test('many mistakes reports the first 20 and how many more there are', () => {
    const rows = Array.from({ length: 50 }, (_, at) => [String(at)])
    const act = () =>
      parseBaseline(
        'b.json',
        JSON.stringify({ ...valid, queries: { ports: { columns: ['a', 'b'], required: rows } } })
      )
    expect(act).toThrow(/required\[0\] has 1 value,[\s\S]*and 30 more problems$/)
  })

  test('thousands of duplicate keys reports the first 20 quickly', () => {
    const text = `${TEXT.trimEnd().slice(0, -1)},\n${'  "name": "x",\n'.repeat(20_000)}  "name": "x"\n}\n`
    expect(() => parseBaseline('b.json', text)).toThrow(
      /b\.json:26:3: name appears twice in this object[\s\S]*and 19,981 more problems$/
    )
  })

  test('text that would command the runner is refused in inert text', () => {
    const text = TEXT.replace('"name"', '"\\n::set-output name=x::y"')
    expect(() => parseBaseline('b.json', text)).toThrow('⏎::set-output')
    expect(() => parseBaseline('b.json', text)).not.toThrow(/^::/m)
  })
})

test('the baseline in the docs is valid, and written as the action writes it', () => {
  const [text = ''] = /(?<=```json\n)[\s\S]*?(?=```)/.exec(readFileSync('docs/baselines.md', 'utf8')) ?? []
  expect(writeBaseline(parseBaseline('docs', text))).toBe(text)
})

test('a query that is no longer in any pack is reported with its location, and is not an error', () => {
  expect(queriesInNoPack('b.json', TEXT, new Set(['ports']))).toEqual([])
  expect(queriesInNoPack('b.json', TEXT, new Set())).toEqual([
    'b.json:9:5: no pack of this run has the query ports, so its rows were not compared.'
  ])
})

const accepting = (more: object) => JSON.stringify({ ...valid, accept: [{ ...valid.accept[0], ...more }] })

test.each([['*'], ['?*'], ['*/*'], ['**'], ['/??/*']])(
  'a run refuses an acceptance of nearly any row (%s)',
  glob => {
    expect(() => parseBaseline('b.json', accepting({ match: { port: glob } }), '2026-12-01')).toThrow(
      'accept[0].match matches nearly any row'
    )
    const named = accepting({ match: { port: glob, path: '/opt/debug/*' } })
    expect(parseBaseline('b.json', named, '2026-12-01').accept).toHaveLength(1)
  }
)

test('an acceptance may last 400 days from the day of the run', () => {
  const until = (expires: string) => () => parseBaseline('b.json', accepting({ expires }), '2026-01-01')
  expect(until('2027-02-05')).not.toThrow()
  expect(until('2027-02-06')).toThrow(
    'accept[0].expires is more than 400 days away: an acceptance is for a time'
  )
  expect(until('9999-12-31')).toThrow(/400 days/)
})
