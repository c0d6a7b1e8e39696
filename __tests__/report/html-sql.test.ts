import { afterAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import sqlite from 'node-sqlite3-wasm'
import { sqlFor } from '../../src/report/html/page/sql.ts'
import { row } from '../support/reports.ts'

const database = new sqlite.Database(':memory:')
afterAll(() => database.close())

test("a row of a known query becomes the pack's own query with a condition around it", () => {
  const found = row('kernel_modules', { name: "o'neil", size: '16384', status: 'Live', used_by: '' })
  expect(sqlFor(found, { kernel_modules: 'SELECT name, size, status, used_by FROM kernel_modules;' })).toBe(
    `SELECT * FROM (
  SELECT name, size, status, used_by FROM kernel_modules
)
WHERE "name" = 'o''neil'
  AND "status" = 'Live';`
  )
})

test('a row of an unknown query becomes a condition, and says so', () => {
  expect(sqlFor(row('custom', { path: '/x' }), {})).toMatch(/^-- .*\nWHERE "path" = '\/x'$/)
})

test('a value that redaction or normalization made is not searched for', () => {
  const unknown = {
    key: '[redacted: ssh key SHA256:x]',
    name: '<host>-db',
    port: '<num>',
    note: 'x… [cut: 9 characters]'
  }
  expect(sqlFor(row('custom', unknown), {})).toBeNull()
  expect(sqlFor(row('custom', { 'a" OR 1=1 --': 'x', pid: '7' }), {})).toBeNull()
})

test('any value finds itself and nothing else, and no shell interprets part of it as a command', () => {
  const values = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
    fc.constantFrom(
      "' OR 1=1 --",
      '$(reboot)',
      '`reboot`',
      '"',
      '\\',
      "''",
      ';',
      '\u0000x',
      '\n.shell reboot',
      '!!'
    )
  )
  fc.assert(
    fc.property(
      values.map(text => text.toWellFormed()),
      value => {
        const sql = sqlFor(row('t', { v: value }), { t: 'SELECT ? AS v UNION ALL SELECT ?' })
        if (sql === null) return
        expect(sql).toMatch(/^[\n -~]*$/)
        expect(sql.replaceAll('"v"', '')).not.toMatch(/[!$`"\\]/)
        const bytes = Buffer.from(value).toString('hex')
        const known = sql.replace(
          'SELECT ? AS v UNION ALL SELECT ?',
          `SELECT CAST(X'${bytes}' AS TEXT) AS v UNION ALL SELECT 'another'`
        )
        const found = database.all(known)
        expect(found).toHaveLength(value === 'another' ? 2 : 1)
      }
    )
  )
})
