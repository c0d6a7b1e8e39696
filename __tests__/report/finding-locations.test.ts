import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { acceptanceId } from '../../src/analyze/findings/acceptances.ts'
import { findingLocator } from '../../src/report/finding-locations.ts'
import { finding, row } from '../support/reports.ts'

const ACCEPTANCE = {
  query: 'processes',
  match: { path: '/opt/debug/*' },
  reason: 'load test',
  owner: '@acme/perf',
  expires: '2026-12-31'
}
const path = 'baselines/checkout.json'
const text = `{
  "version": 1,
  "name": "checkout",
  "queries": {
    "listening_ports": {
      "columns": ["protocol", "port"],
      "required": [
        ["6", "22"],
        ["6", "443"]
      ],
      "optional": [
        ["17", "53"]
      ]
    }
  },
  "accept": [
    { "query": "crontab", "match": {}, "reason": "x", "owner": "y", "expires": "2026-01-01" },
    ${JSON.stringify(ACCEPTANCE)}
  ],
  "roles": {
    "web": {
      "queries": {
        "listening_ports": {
          "columns": ["port", "protocol"],
          "required": [
            ["80", "6"]
          ]
        },
        "users": { "columns": ["__proto__"], "required": [["x"]] }
      }
    }
  }
}
`
const locate = findingLocator({ path, text }, '.github/workflows/drift.yml')
const lines = (...rows: Parameters<typeof row>[]) =>
  locate(finding('f', { rows: rows.map(args => row(...args)) })).map(({ line }) => line)

test('a missing row is at its own line, whatever the order of columns, even in a role', () => {
  expect(lines(['listening_ports', { port: '443', protocol: '6' }, { kind: 'missing' }])).toEqual([9])
  expect(lines(['listening_ports', { protocol: '17', port: '53' }, { kind: 'missing' }])).toEqual([12])
  expect(lines(['listening_ports', { protocol: '6', port: '80' }, { kind: 'missing' }])).toEqual([26])
})

test('a changed row is at the line of the expected row', () => {
  const expected = { protocol: '6', port: '22' }
  expect(lines(['listening_ports', { protocol: '6', port: '2222' }, { kind: 'changed', expected }])).toEqual([
    8
  ])
})

test('a new row is at the query it would be added to, or at the queries', () => {
  expect(lines(['listening_ports', { protocol: '6', port: '4444' }])).toEqual([5])
  expect(lines(['users', { name: 'x' }])).toEqual([29])
  expect(lines(['kernel_modules', { name: 'x' }])).toEqual([4])
})

test('each line is listed once, the line of the first row first', () => {
  expect(
    lines(
      ['listening_ports', { protocol: '6', port: '4444' }],
      ['listening_ports', { protocol: '6', port: '5555' }],
      ['listening_ports', { protocol: '6', port: '22' }, { kind: 'missing' }]
    )
  ).toEqual([5, 8])
})

test('an acceptance that expired is at its own line', () => {
  expect(locate(finding(acceptanceId(ACCEPTANCE), { kind: 'acceptance', verdict: null }))).toEqual([
    { path, line: 18 }
  ])
})

test('hosts that did not answer are at the top of the file', () => {
  expect(locate(finding('f', { kind: 'silent', verdict: null }))).toEqual([{ path, line: 1 }])
})

test('without a baseline every finding is at the workflow, or nowhere', () => {
  expect(findingLocator(null, '.github/workflows/drift.yml')(finding('f'))).toEqual([
    { path: '.github/workflows/drift.yml', line: 1 }
  ])
  expect(findingLocator(null, null)(finding('f'))).toEqual([])
})

test('names of prototype members are ordinary names, and a file that is not a baseline has lines too', () => {
  expect(lines(['users', Object.fromEntries([['__proto__', 'x']]), { kind: 'missing' }])).toEqual([29])
  expect(lines(['constructor', {}])).toEqual([4])
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), broken => {
      const locateIn = findingLocator({ path, text: broken }, null)
      expect(locateIn(finding('f', { rows: [row('q', {})] }))[0]!.line).toBeGreaterThan(0)
    })
  )
})
