import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import { renderJson } from '../../src/report/json.ts'
import { redactReport } from '../../src/report/redact.ts'
import { learnedBaseline, poisonedPlan, staticPlan, suggested } from '../support/plans.ts'
import { finding, host, report, row } from '../support/reports.ts'
import { drifted, enormous, healthy, incomplete } from '../support/samples.ts'

const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, strictTypes: false })
addFormats.default(ajv)
const validate = ajv.compile(JSON.parse(readFileSync('schemas/report.schema.json', 'utf8')))
const problems = (value: unknown): unknown => (validate(value) ? [] : validate.errors)

test.each([
  ['a drifted fleet', drifted()],
  ['a healthy fleet', healthy()],
  ['an incomplete run', incomplete()],
  ['300 findings on 2,000 hosts', enormous()],
  ['no host at all', report([])],
  ['a pull request that changes the baseline', poisonedPlan()],
  ['a pull request without contacted hosts', staticPlan()],
  ['a learned baseline', learnedBaseline()],
  ['a suggested baseline', suggested()],
  ['a redacted report', redactReport(drifted()).report]
])('report.json of %s is valid against its schema', (_, sample) => {
  expect(problems(JSON.parse(renderJson(sample)))).toEqual([])
})

test.each<[string, (string | number)[], unknown]>([
  ['an unknown key', ['extra'], 1],
  ['an unknown key of a finding', ['findings', 0, 'note'], ''],
  ['an unknown severity', ['findings', 0, 'severity'], 'severe'],
  ['an unknown status of a host', ['hosts', 0, 'status'], 'gone'],
  ['a sentence as a reason code', ['hosts', 0, 'code'], 'the reply is empty'],
  ['a missing key', ['summary', 'coverage'], undefined],
  ['coverage in percent', ['summary', 'coverage'], 96.9],
  ['a verdict of a finding that is not a deviation', ['findings', 5, 'verdict'], 'intruder'],
  ['a number in a row', ['findings', 0, 'rows', 0, 'row', 'pid'], 1]
])('the schema refuses %s', (_, path, value) => {
  const json = JSON.parse(renderJson(drifted()))
  const parent = path.slice(0, -1).reduce((inner, key) => inner[key], json)
  parent[path.at(-1)!] = value
  if (value === undefined) delete parent[path.at(-1)!]
  expect(problems(json)).not.toEqual([])
})

test('keys have a fixed order, however the report was built', () => {
  const reversed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(reversed)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, inner]) => [key, key === 'row' || key === 'expected' ? inner : reversed(inner)])
    )
  }
  const sample = drifted()
  const text = renderJson(sample)
  expect(renderJson(reversed(sample) as typeof sample)).toBe(text)
  expect(text.endsWith('}\n')).toBe(true)
  expect(Object.keys(JSON.parse(text))).toEqual([
    'schemaVersion',
    'tool',
    'run',
    'summary',
    'hosts',
    'clusters',
    'findings',
    'notices'
  ])
})

test('a host that was not fully assessed has a reason code beside the sentence', () => {
  const { hosts } = JSON.parse(renderJson(drifted()))
  const reasons = hosts.filter(({ status }: { status: string }) => status !== 'reported')
  expect(reasons.map(({ code }: { code: string }) => code)).toEqual(['delivery-timed-out', 'no-osquery'])
  expect(hosts[0]).toMatchObject({ reason: null, code: null })
})

test('a hostile value survives unchanged, and no control or invisible character is in the file', () => {
  const units = fc.string({ unit: 'binary', maxLength: 60 })
  const unprintable = fc.constantFrom(
    '\u001b[31m',
    '\u202e',
    '\u200b',
    '\u0085',
    '\u2028',
    '\u{e0041}',
    '\r\n::error::x',
    '\ufeff',
    '\u007f'
  )
  fc.assert(
    fc.property(units, unprintable, units, (before, middle, after) => {
      const value = `${before}${middle}${after}`
      const text = renderJson(report([host('i-1')], [finding('f', { rows: [row('q', { value })] })]))
      expect(JSON.parse(text).findings[0].rows[0].row.value).toBe(value)
      expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/u)
    })
  )
})
