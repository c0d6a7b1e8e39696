import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { expect, test } from '@jest/globals'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import type { Log, Result } from 'sarif'
import { findingLocator } from '../../src/report/finding-locations.ts'
import type { Report } from '../../src/report/report.ts'
import { renderSarif } from '../../src/report/sarif.ts'
import { HOSTILE } from '../support/hostile.ts'
import { reportSaying } from '../support/report-saying.ts'
import { finding, host, report, row } from '../support/reports.ts'
import { drifted, enormous, healthy, incomplete } from '../support/samples.ts'

const schemaPath = createRequire(import.meta.url)
  .resolve('@microsoft/jest-sarif')
  .replace(/index\.js$/, 'schemas/sarif-2.1.0-rtm.5.json')
const { $schema: _draft4, id: _id, ...schema } = JSON.parse(readFileSync(schemaPath, 'utf8'))
const ajv = new Ajv({ allErrors: true, strict: false, unicodeRegExp: false })
addFormats.default(ajv)
const validate = ajv.compile(schema)
const problems = (log: unknown): unknown => (validate(log) ? [] : validate.errors)

const BASELINE = {
  path: 'baselines/check out.json',
  text: `{
  "version": 1,
  "name": "checkout",
  "queries": {
    "crontab": {
      "columns": ["path", "command"],
      "required": [
        ["/etc/cron.d/a", "a"]
      ]
    },
    "security_services": {
      "columns": ["name", "state"],
      "required": [
        ["auditd", "running"]
      ]
    }
  }
}
`
}
const locate = findingLocator(BASELINE, null)
const sarif = (shown: Report, from = locate): Log => JSON.parse(renderSarif(shown, from))
const resultsOf = (log: Log): Result[] => log.runs[0]!.results!

test.each([
  ['a drifted fleet', drifted()],
  ['a healthy fleet', healthy()],
  ['an incomplete run', incomplete()],
  ['300 findings on 2,000 hosts', enormous()],
  ['no host at all', report([])]
])('report.sarif of %s is valid against the schema of OASIS', (_, sample) => {
  expect(problems(sarif(sample))).toEqual([])
})

test('the schema refuses a file that is not SARIF', () => {
  expect(problems({ ...sarif(drifted()), version: '2.0.0' })).not.toEqual([])
})

test('each open finding is one result, at its line of the baseline, and accepted findings are counted', () => {
  const log = sarif(drifted())
  const results = resultsOf(log)
  expect(results).toHaveLength(6)
  const at = results.map(({ ruleId, level, locations }) => {
    const place = locations![0]!.physicalLocation!
    return [ruleId, level, place.artifactLocation!.uri, place.region!.startLine]
  })
  expect(at).toEqual([
    ['intruder/kernel_modules', 'error', 'baselines/check%20out.json', 4],
    ['intruder/authorized_keys', 'error', 'baselines/check%20out.json', 4],
    ['broken-control/security_services', 'error', 'baselines/check%20out.json', 14],
    ['rollout/listening_ports', 'warning', 'baselines/check%20out.json', 4],
    ['silent', 'warning', 'baselines/check%20out.json', 1],
    ['partial', 'note', 'baselines/check%20out.json', 1]
  ])
  expect(results[0]!.relatedLocations!.map(place => place.physicalLocation!.region!.startLine)).toEqual([5])
  expect(log.runs[0]!.invocations![0]!.toolExecutionNotifications![0]!.message.text).toBe(
    '1 accepted finding is left out.'
  )
})

test('without a baseline a result is at the workflow file', () => {
  const [result] = resultsOf(sarif(drifted(), findingLocator(null, '.github/workflows/drift.yml')))
  const place = result!.locations![0]!.physicalLocation!
  expect(place.artifactLocation!.uri).toBe('.github/workflows/drift.yml')
  expect(place.region!.startLine).toBe(1)
  expect(problems(sarif(drifted(), findingLocator(null, null)))).toEqual([])
})

test('a finding keeps its fingerprint and its rule when hosts, lines and dates change', () => {
  const known = (log: Log) =>
    resultsOf(log).map(({ ruleId, partialFingerprints }) => [ruleId, partialFingerprints])
  const moved = findingLocator({ ...BASELINE, text: `\n\n${BASELINE.text}` }, null)
  const later = {
    ...drifted(),
    run: { ...drifted().run, startedAt: '2027-01-01T00:00:00Z' },
    findings: drifted().findings.map(finding => ({ ...finding, hosts: ['i-other'] }))
  }
  expect(known(sarif(later, moved))).toEqual(known(sarif(drifted())))
  const prints = resultsOf(sarif(enormous())).map(
    result => result.partialFingerprints!.primaryLocationLineHash
  )
  expect(new Set(prints).size).toBe(300)
})

test('every rule has help and a severity that GitHub knows, and its techniques are technique ids', () => {
  const { rules } = sarif(drifted()).runs[0]!.tool.driver
  expect(rules!.map(({ id, properties }) => [id, properties!['security-severity']])).toEqual([
    ['intruder/kernel_modules', '9.5'],
    ['intruder/authorized_keys', '8.0'],
    ['broken-control/security_services', '8.0'],
    ['rollout/listening_ports', '5.5'],
    ['silent', '5.5'],
    ['partial', '2.0']
  ])
  for (const rule of rules!) expect(rule.help!.text.length).toBeGreaterThan(60)
  expect(rules![0]!.properties!.tags).toContain('external/attack/t1547.006')
  const wild = report([host('i-1')], [finding('f', { attack: ['](https://evil.example)', 'T1059'] })])
  expect(JSON.stringify(sarif(wild).runs[0]!.tool)).not.toContain('evil')
})

test('there are no more results than GitHub shows, worst first, and those left out are counted', () => {
  const findings = Array.from({ length: 5_200 }, (_, at) =>
    finding(`f-${at}`, { severity: at < 10 ? 'critical' : 'low' })
  )
  const log = sarif(report([host('i-1')], findings))
  expect(resultsOf(log)).toHaveLength(5_000)
  expect(resultsOf(log)[0]!.level).toBe('error')
  expect(log.runs[0]!.invocations![0]!.toolExecutionNotifications![0]!.message.text).toBe(
    '200 more findings in report.json: GitHub shows at most 5,000.'
  )
})

test('two groups of one repository do not close each other’s alerts', () => {
  const id = (name: string) => sarif(report([], [], { run: { name } })).runs[0]!.automationDetails!.id
  expect(id('web')).not.toBe(id('db'))
})

test('whatever a host sends, no message holds a link, a mention, a reference, HTML or a placeholder', () => {
  for (const text of HOSTILE) {
    const output = renderSarif(
      reportSaying(() => text),
      locate
    )
    const log: Log = JSON.parse(output)
    expect(problems(log)).toEqual([])
    const { results, invocations } = log.runs[0]!
    const messages = [...results!, ...invocations![0]!.toolExecutionNotifications!].map(
      ({ message }) => message.text!
    )
    for (const message of messages) {
      expect(message).not.toMatch(/@\w|#\d|\]\(|\]\[|:\/\/|www\.|<[a-z/!]|\{\d|GH-\d|^\s*::|##\[/im)
      expect(message).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/u)
      expect(message.length).toBeLessThan(6_000)
    }
  }
})

test('a row of many columns is shown by its first columns', () => {
  const wide = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`column_${at}`, 'x']))
  const shown = report([host('i-1')], [finding('f', { rows: [row('q', wide)] })])
  expect(resultsOf(sarif(shown))[0]!.message.text!.length).toBeLessThan(1_000)
})
