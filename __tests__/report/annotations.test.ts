import { expect, test } from '@jest/globals'
import { annotationsOf } from '../../src/report/annotations.ts'
import { findingLocator } from '../../src/report/finding-locations.ts'
import { countsOnly } from '../../src/report/public-view.ts'
import { HOSTILE } from '../support/hostile.ts'
import { reportSaying } from '../support/report-saying.ts'
import { finding, host, report, row } from '../support/reports.ts'
import { drifted, enormous, healthy } from '../support/samples.ts'

const text =
  '{\n "queries": {\n  "security_services": { "columns": ["name", "state"],\n   "required": [\n    ["auditd", "running"]\n ]}}}'
const places = findingLocator({ path: 'baselines/checkout.json', text }, null)

test('findings of medium severity or worse are annotated at their lines, worst first', () => {
  expect(annotationsOf(drifted(), places).map(({ title, location }) => [title, location?.line])).toEqual([
    ['Critical intruder on 5 hosts', 2],
    ['High intruder on 1 host', 2],
    ['High broken control on 1 host', 5],
    ['Medium rollout on 16 hosts', 2],
    ['Medium silent host on 1 host', 1]
  ])
  const [, , control] = annotationsOf(drifted(), places)
  expect(control!.message).toBe(
    'auditd runs on 61 of 62 hosts, but not on this one.\nHosts: web-52 (i-0a1b2c3d4e5f1052).\n- security_services: name=auditd  state=running (61 of 62)'
  )
  expect(annotationsOf(healthy(), places)).toEqual([])
})

test('low and accepted findings are not annotated', () => {
  const minor = report([host('i-1')], [finding('a', { severity: 'low' }), finding('b', { acceptedBy: '@x' })])
  expect(annotationsOf(minor, places)).toEqual([])
})

test('there are fewer than 10, and the last counts those left out', () => {
  const all = annotationsOf(enormous(), places)
  expect(all.length).toBeLessThan(10)
  const [last] = all.slice(-1)
  expect(last).toMatchObject({ title: '13 critical, 80 high and 200 medium findings', location: null })
  for (const { message } of all) expect(message.length).toBeLessThan(4_096)
})

test('a public repository gets counts, and no word of a host', () => {
  const secret = reportSaying(at => `WORD${at}`)
  expect(annotationsOf(countsOnly(secret), places)).toEqual([
    {
      title: '2 high findings',
      message: 'This repository is public, so only counts are shown here.',
      location: null
    }
  ])
})

test('whatever a host sends, an annotation is plain text', () => {
  for (const text of HOSTILE) {
    for (const { title, message } of annotationsOf(
      reportSaying(() => text),
      places
    )) {
      expect(`${title}\n${message}`).not.toMatch(/@\w|#\d|\]\(|:\/\/|www\.|<[a-z/!]|^\s*::|##\[/im)
      expect(message).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u)
      expect(message.length).toBeLessThan(4_096)
    }
  }
  const long = report(
    [host('i-1')],
    [finding('f', { rows: [row('q', { a: 'x'.repeat(1_000_000) })], explanation: 'y'.repeat(1_000_000) })]
  )
  expect(annotationsOf(long, places)[0]!.message.length).toBeLessThan(2_000)
})
