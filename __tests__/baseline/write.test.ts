import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import { parseBaseline } from '../../src/baseline/baseline.ts'
import { writeBaseline } from '../../src/baseline/write.ts'
import { baselines, inReverse } from '../support/baselines.ts'

const ajv = new Ajv2020({ allErrors: true, strictRequired: false })
addFormats.default(ajv)
const validate = ajv.compile(JSON.parse(readFileSync('schemas/baseline.schema.json', 'utf8')))

test('writing a baseline that was read gives the same bytes, and reading one that was written gives the same baseline', () => {
  fc.assert(
    fc.property(baselines, baseline => {
      const text = writeBaseline(baseline)
      const read = parseBaseline('b.json', text)
      expect(writeBaseline(read)).toBe(text)
      expect(writeBaseline(inReverse(read))).toBe(text)
      const sorted = (value: unknown) => JSON.stringify(value, (_, part) => orderless(part))
      const { $schema: _, ...rest } = read
      expect(sorted(rest)).toBe(sorted(baseline))
    }),
    { numRuns: 400 }
  )
})

function orderless(value: unknown): unknown {
  if (Array.isArray(value))
    return value.every(part => typeof part === 'string')
      ? value
      : value.map(part => JSON.stringify(part, (_, inner) => orderless(inner))).sort()
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value
}

test('a key that Node’s JSON.parse confuses with another is read correctly', () => {
  const baseline = (key: string) => ({
    version: 1 as const,
    name: 'x',
    packs: { '[]': '', [key]: '' },
    queries: {},
    accept: [],
    roles: {}
  })
  for (const key of ['\\', '\u202e'])
    expect(Object.keys(parseBaseline('b.json', writeBaseline(baseline(key))).packs)).toEqual(['[]', key])
})

test('every written baseline is valid by the schema and has one row per line, in visible characters', () => {
  fc.assert(
    fc.property(baselines, baseline => {
      const text = writeBaseline(baseline)
      validate(JSON.parse(text))
      expect(validate.errors).toBeNull()
      expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u)
      expect(text.endsWith('}\n')).toBe(true)
      const rows = Object.values(baseline.queries).flatMap(query => [...query.required, ...query.optional])
      for (const row of rows) {
        const line = text.split('\n').find(one => /^ {8}\[.*\],$/.test(one) && sameRow(one, row))
        expect(line).toBeDefined()
      }
    }),
    { numRuns: 100 }
  )
})

const sameRow = (line: string, row: readonly string[]): boolean =>
  JSON.stringify(JSON.parse(line.trim().slice(0, -1))) === JSON.stringify(row)

test('a baseline is written for review: sorted, one row per line', () => {
  expect(
    writeBaseline({
      version: 1,
      name: 'checkout',
      packs: { linux: 'sha256:00' },
      queries: {
        listening_ports: {
          columns: ['protocol', 'port'],
          note: 'ask @acme/net',
          required: [
            ['6', '443'],
            ['6', '22']
          ],
          optional: []
        }
      },
      accept: [
        {
          query: 'p',
          match: { path: '/opt/*' },
          hosts: ['i-0*'],
          reason: 'load test',
          owner: '@a',
          expires: '2026-12-31'
        }
      ],
      roles: {}
    })
  ).toBe(`{
  "$schema": "https://raw.githubusercontent.com/fleet-drift/fleet-drift/v1/schemas/baseline.schema.json",
  "version": 1,
  "name": "checkout",
  "packs": {
    "linux": "sha256:00"
  },
  "queries": {
    "listening_ports": {
      "columns": ["protocol", "port"],
      "note": "ask @acme/net",
      "required": [
        ["6", "22"],
        ["6", "443"],
        []
      ],
      "optional": [
        []
      ]
    }
  },
  "accept": [
    { "query": "p", "match": { "path": "/opt/*" }, "hosts": ["i-0*"], "reason": "load test", "owner": "@a", "expires": "2026-12-31" },
    {}
  ]
}
`)
})
