import { expect, test } from '@jest/globals'
import { headline, headlineOf } from '../../src/report/headline.ts'
import type { Report, ReportHost } from '../../src/report/report.ts'
import { finding, host, report } from '../support/reports.ts'

const fleet = (...states: ReportHost['status'][]) =>
  states.map((status, at) => host(`i-${at}`, { status, ...(status === 'reported' ? {} : { reason: 'why' }) }))

/** What a run says that has no baseline and too few hosts to compare. */
const uncompared = (...states: ReportHost['status'][]): Report => {
  const sample = report(fleet(...states))
  return {
    ...sample,
    summary: { ...sample.summary, verdict: 'incomplete' },
    inventory: { hosts: sample.hosts.map(({ id }) => id), queries: [] }
  }
}

test.each<[string, Report, string]>([
  [
    'a fleet',
    report(fleet('reported', 'reported', 'reported')),
    '✅ checkout: clean. No drift, all 3 hosts assessed'
  ],
  ['two hosts', report(fleet('reported', 'reported')), '✅ checkout: clean. No drift, both hosts assessed'],
  [
    'some hosts silent',
    report(fleet('reported', 'silent')),
    '⚠️ checkout: incomplete. No drift found, but only 1 of 2 hosts assessed'
  ],
  [
    'every host partial',
    report(fleet('partial', 'partial', 'silent')),
    '⚠️ checkout: incomplete. No drift found, but none of 3 hosts fully assessed'
  ],
  [
    'no answer',
    report(fleet('silent', 'silent')),
    '⛔ checkout: incomplete. Nothing was assessed: none of 2 hosts answered'
  ],
  [
    'one silent host',
    report(fleet('silent')),
    '⛔ checkout: incomplete. Nothing was assessed: its only host has not answered'
  ],
  [
    'one host without osquery',
    report([host('i-1', { status: 'partial', reason: 'osquery is not installed', cluster: null })]),
    '⛔ checkout: incomplete. Nothing was assessed: its only host has not answered a query'
  ],
  [
    'hosts without osquery',
    report([1, 2].map(at => host(`i-${at}`, { status: 'partial', reason: 'why', cluster: null }))),
    '⛔ checkout: incomplete. Nothing was assessed: none of 2 hosts answered a query'
  ],
  ['no host', report([]), '⛔ checkout: incomplete. Nothing was assessed'],
  [
    'one host alone',
    uncompared('reported'),
    '⚠️ checkout: incomplete. Nothing to compare with, its only host assessed'
  ],
  [
    'one host without root',
    uncompared('partial'),
    '⚠️ checkout: incomplete. Nothing to compare with, its only host assessed only in part'
  ]
])('the headline of %s', (_, sample, expected) => {
  expect(headline(headlineOf(sample))).toBe(expected)
})

const silent = finding('s', { kind: 'silent', verdict: null, severity: 'medium', hosts: ['i-2'] })
const low = (id: string) => finding(id, { severity: 'low', hosts: ['i-1'] })

test.each<[string, Report, string]>([
  [
    'drift beside minor findings and a silent host',
    report(fleet('reported', 'reported', 'silent'), [
      finding('a', { hosts: ['i-0'] }),
      silent,
      low('b'),
      low('c')
    ]),
    '🔴 checkout: drift. 1 finding on 1 host and 2 minor findings; 2 of 3 hosts assessed'
  ],
  [
    'a clean fleet with a minor finding',
    report(fleet('reported', 'reported', 'reported'), [low('b')]),
    '✅ checkout: clean. No drift, 1 minor finding; all 3 hosts assessed'
  ],
  [
    'minor findings beside a silent host',
    report(fleet('reported', 'reported', 'silent'), [silent, low('b'), low('c')]),
    '⚠️ checkout: incomplete. No drift found, 2 minor findings, but only 2 of 3 hosts assessed'
  ]
])('the headline of %s counts every finding that the report numbers', (_, sample, expected) => {
  expect(headline(headlineOf(sample))).toBe(expected)
})
