import { describe, expect, test } from '@jest/globals'
import { parseBaseline } from '../../src/baseline/baseline.ts'

const valid = {
  version: 1,
  name: 'checkout',
  packs: { linux: 'sha256:00' },
  queries: { ports: { columns: ['protocol', 'port'], required: [['6', '22']], optional: [['6', '9100']] } },
  accept: [{ query: 'ports', match: { port: '99' }, reason: 'test', owner: '@a/b', expires: '2026-12-31' }]
}
const parse = (change: object) => parseBaseline('b.json', JSON.stringify({ ...valid, ...change }))
const ports = (change: object) => parse({ queries: { ports: { ...valid.queries.ports, ...change } } })

describe('a baseline', () => {
  test('is read with its rows, acceptances and no roles', () => {
    expect(parse({})).toMatchObject({ ...valid, roles: {} })
  })

  test.each([
    ['a version from the future', () => parse({ version: 2 }), /version/],
    [
      'a row with too few values',
      () => ports({ required: [['6']] }),
      /has 1 values, but 2 columns are named[\s\S]*queries\.ports\.required/
    ],
    ['a row that stands twice', () => ports({ optional: [['6', '22']] }), /stands in the file twice/],
    ['a column named twice', () => ports({ columns: ['port', 'port'] }), /names a column twice/],
    ['a key nobody knows', () => parse({ requried: [] }), /requried/],
    ['an acceptance without an owner', () => parse({ accept: [{ ...valid.accept[0], owner: '' }] }), /owner/],
    [
      'an acceptance that expires on no day',
      () => parse({ accept: [{ ...valid.accept[0], expires: 'soon' }] }),
      /YYYY-MM-DD/
    ],
    ['text that is no JSON', () => parseBaseline('b.json', '{"version": 1,}'), /b\.json is not valid JSON/],
    ['merge markers', () => parseBaseline('b.json', '{\n<<<<<<< HEAD\n}'), /merge markers/]
  ])('with %s is refused', (_name, act, message) => {
    expect(act).toThrow(message)
  })
})
