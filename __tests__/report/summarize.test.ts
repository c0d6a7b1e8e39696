import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Finding } from '../../src/report/report.ts'
import { coverage, outlierHosts, runVerdict, summarize, worstSeverity } from '../../src/report/summarize.ts'
import { cluster, finding, host } from '../support/reports.ts'

const counted = { expected: null, foldedRows: 0, allCompared: true }
const verdict = (findings: Finding[], status: 'reported' | 'partial' | 'silent' = 'reported') =>
  summarize([host('i-1'), host('i-2', { status })], findings, [], counted).verdict

test('an open deviation or indicator hit of medium severity or worse is drift, even a rollout', () => {
  for (const severity of ['critical', 'high', 'medium'] as const) {
    expect(verdict([finding('f', { severity })])).toBe('drift')
    expect(verdict([finding('f', { severity, kind: 'indicator', verdict: null })])).toBe('drift')
    expect(verdict([finding('f', { severity, verdict: 'rollout' })])).toBe('drift')
  }
})

test('low findings, accepted findings and findings of other kinds are not drift', () => {
  expect(verdict([finding('f', { severity: 'low' }), finding('g', { severity: 'info' })])).toBe('clean')
  expect(verdict([finding('f', { acceptedBy: '@acme/perf: load test' })])).toBe('clean')
  for (const kind of ['silent', 'partial', 'poisoning', 'acceptance'] as const) {
    expect(verdict([finding('f', { kind, verdict: null })])).toBe('clean')
  }
})

test('drift is reported even when hosts are silent; without drift the run is incomplete', () => {
  expect(verdict([finding('f')], 'silent')).toBe('drift')
  expect(verdict([], 'silent')).toBe('incomplete')
  expect(verdict([], 'partial')).toBe('incomplete')
  expect(runVerdict([], 0, 0, true)).toBe('incomplete')
})

test('hosts that were expected but not found lower the coverage and make the run incomplete', () => {
  const summary = summarize([host('i-1'), host('i-2')], [], [], { ...counted, expected: 3, foldedRows: 7 })
  expect(summary).toMatchObject({ hosts: 3, reported: 2, silent: 0, coverage: 0.6667, foldedRows: 7 })
  expect(summary.verdict).toBe('incomplete')
  expect(summarize([host('i-1'), host('i-2')], [], [], { ...counted, expected: 1 }).coverage).toBe(1)
})

test('a partial host does not count as assessed', () => {
  const hosts = [host('i-1'), host('i-2', { status: 'partial' }), host('i-3', { status: 'silent' })]
  const summary = summarize(hosts, [], [cluster('c1', ['i-1'])], counted)
  expect(summary).toMatchObject({ reported: 1, partial: 1, silent: 1, coverage: 0.3333, clusters: 1 })
})

test('coverage is 1 only when every host was assessed', () => {
  expect(coverage(99_999, 100_000)).toBe(0.9999)
  expect(coverage(100_000, 100_000)).toBe(1)
  fc.assert(
    fc.property(fc.nat(200_000), fc.nat(200_000), (assessed, hosts) => {
      const part = Math.min(assessed, hosts)
      expect(coverage(part, hosts) === 1).toBe(hosts > 0 && part === hosts)
    })
  )
})

test('outlier hosts are sorted and listed once; a rollout, an acceptance or a low finding makes none', () => {
  const findings = [
    finding('a', { hosts: ['i-9', 'i-2'] }),
    finding('b', { hosts: ['i-2', 'i-1'], kind: 'indicator', verdict: null, severity: 'medium' }),
    finding('c', { hosts: ['i-3'], verdict: 'rollout' }),
    finding('d', { hosts: ['i-4'], acceptedBy: 'x' }),
    finding('e', { hosts: ['i-5'], severity: 'low' }),
    finding('f', { hosts: ['i-6'], kind: 'silent', verdict: null })
  ]
  expect(outlierHosts(findings)).toEqual(['i-1', 'i-2', 'i-9'])
  const summary = summarize([host('i-1')], findings, [], counted)
  expect(summary).toMatchObject({ outliers: 3, findings: 5, accepted: 1 })
})

test('the worst severity is that of any open finding, whatever its kind', () => {
  expect(worstSeverity([])).toBe('none')
  expect(worstSeverity([finding('a', { severity: 'critical', acceptedBy: 'x' })])).toBe('none')
  const silent = finding('b', { kind: 'silent', verdict: null, severity: 'high' })
  expect(worstSeverity([finding('c', { severity: 'low' }), silent])).toBe('high')
})
