import { expect, test } from '@jest/globals'
import { renderMarkdown } from '../../src/report/markdown.ts'
import { nextSteps } from '../../src/report/next-steps.ts'
import { countsOnly } from '../../src/report/public-view.ts'
import type { Finding, Report } from '../../src/report/report.ts'
import { finding, host, report } from '../support/reports.ts'
import { drifted, healthy, incomplete } from '../support/samples.ts'

const OPTIONS = { limit: 60_000, redacted: 0, fullReport: 'The full report is report.json.' }

const one = (more: Partial<Finding>): string[] => nextSteps(report([host('i-1')], [finding('f1', more)]))

test('a report says what to do with each finding, the intruders first and hosts without an answer last', () => {
  expect(nextSteps(drifted())).toEqual([
    'Findings 1 and 2: treat the 6 hosts as compromised until explained. Isolate them, but keep them running, because memory is evidence. Then search the other hosts for the indicators of each finding.',
    'Finding 3: find out why the protection or the answer is missing, then restore it.',
    'Finding 4: if you made this deployment, update the baseline. If not, treat it as a compromise of many hosts.',
    '1 silent host and 1 partial host: not known to be clean. Fix the reasons under "Not fully assessed", then run again.'
  ])
  expect(nextSteps(incomplete())).toEqual([
    '16 silent hosts and 2 expected hosts that were not found: not known to be clean. Fix the reasons under "Not fully assessed", then run again.'
  ])
})

test('a healthy report has nothing to do, and says nothing', () => {
  expect(nextSteps(healthy())).toEqual([])
  expect(renderMarkdown(healthy(), OPTIONS)).not.toContain('What to do')
})

test.each<[string, Partial<Finding>, string]>([
  ['one host', {}, 'Finding 1: treat the host as compromised until explained. Isolate it, but keep it'],
  ['an indicator', { kind: 'indicator', verdict: null, severity: 'critical' }, 'Finding 1: treat the host'],
  ['a doubtful row', { severity: 'medium' }, 'Finding 1: ask who made the change.'],
  ['a missing row', { verdict: 'missing' }, 'Finding 1: restore what is missing, or find out why'],
  ['a poisoned baseline', { kind: 'poisoning', verdict: null }, 'Finding 1: do not merge until'],
  [
    'a stale acceptance',
    { kind: 'acceptance', verdict: null, severity: 'low', hosts: [] },
    'Finding 1: renew the acceptance in the baseline, or remove it.'
  ]
])('%s has a step of its own', (_, more, start) => {
  expect(one(more)).toEqual([expect.stringMatching(new RegExp(`^${start.replaceAll('.', '\\.')}`))])
})

test('a host that was reached and gave no usable answer is to be looked at first among the unassessed', () => {
  const unusable = (id: string, kind: 'silent' | 'partial') =>
    finding(`f-${id}`, { kind, verdict: null, severity: 'high', hosts: [id] })
  const sample = report(
    [
      host('i-1'),
      host('i-2', { status: 'silent', reason: 'why' }),
      host('i-3', { status: 'partial', reason: 'why' })
    ],
    [unusable('i-2', 'silent'), unusable('i-3', 'partial')]
  )
  expect(nextSteps(sample)).toEqual([
    '2 hosts were reached and gave no usable answer: look at them first. Somebody may have stopped or replaced the collector.',
    '1 silent host and 1 partial host: not known to be clean. Fix the reasons under "Not fully assessed", then run again.'
  ])
})

test('low and accepted findings ask for nothing', () => {
  expect([one({ severity: 'low' }), one({ acceptedBy: 'a load test' })]).toEqual([[], []])
})

test('findings are named by their numbers in the report, in runs', () => {
  const verdicts = ['intruder', 'intruder', 'intruder', 'rollout', 'intruder', 'missing', 'rollout'] as const
  const many = report(
    [host('i-1')],
    verdicts.map((verdict, at) => finding(`f${at}`, { verdict }))
  )
  expect(nextSteps(many).map(step => step.split(':', 1)[0])).toEqual([
    'Findings 1 to 3 and 5',
    'Finding 6',
    'Findings 4 and 7'
  ])
})

test('hosts that nothing compares with: read the inventory', () => {
  const sample: Report = { ...report([host('i-1')]), inventory: { hosts: ['i-1'], queries: [] } }
  expect(nextSteps(sample)).toEqual(['Read the inventory, then learn a baseline from it.'])
})

test('what to do comes before the findings, and not where only counts may be shown', () => {
  const text = renderMarkdown(drifted(), OPTIONS)
  expect(text.indexOf('**What to do**')).toBeLessThan(text.indexOf('| # | Finding'))
  expect(text.indexOf('### Not fully assessed')).toBeLessThan(text.indexOf('### 🟥 1'))
  expect(renderMarkdown(countsOnly(drifted()), OPTIONS)).not.toContain('What to do')
})
