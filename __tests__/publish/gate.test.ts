import { expect, test } from '@jest/globals'
import { failures } from '../../src/publish/gate.ts'
import { finding, host, report } from '../support/reports.ts'

const lenient = { failOn: 'never', minCoverage: 0 } as const

test('the run fails when the worst open finding reaches fail-on', () => {
  const drifted = report(
    [host('i-1')],
    [finding('a', { severity: 'high' }), finding('b', { severity: 'low' })]
  )
  expect(failures(drifted, { ...lenient, failOn: 'high' })).toEqual([
    '1 open finding is high, and fail-on is high.'
  ])
  expect(failures(drifted, { ...lenient, failOn: 'low' })).toHaveLength(1)
  expect(failures(drifted, { ...lenient, failOn: 'critical' })).toEqual([])
  expect(failures(drifted, lenient)).toEqual([])
})

test('an accepted finding never fails the run', () => {
  const accepted = report([host('i-1')], [finding('a', { severity: 'critical', acceptedBy: '@acme: known' })])
  expect(failures(accepted, { ...lenient, failOn: 'low' })).toEqual([])
})

test('the run fails when coverage is below min-coverage, counted exactly', () => {
  const hosts = [host('i-1'), host('i-2'), host('i-3', { status: 'partial' })]
  expect(failures(report(hosts), { ...lenient, minCoverage: 67 })).toEqual([
    '2 of 3 hosts were fully assessed (66.6%), and min-coverage is 67%.'
  ])
  expect(failures(report(hosts), { ...lenient, minCoverage: 66.66 })).toEqual([])
  const almost = report([host('i-1')], [], { expected: 100_000 })
  expect(failures(almost, { ...lenient, minCoverage: 0.001 })).toEqual([])
})

test('the run fails when no host answered; a garbled answer is an answer', () => {
  const silent = [host('i-1', { status: 'silent' }), host('i-2', { status: 'silent' })]
  expect(failures(report(silent), lenient)).toEqual(['None of 2 hosts answered.'])
  expect(failures(report([]), lenient)).toEqual(['No host was found, so nothing was assessed.'])
  const garbled = [
    host('i-1', { status: 'silent' }),
    host('i-2', { status: 'partial', reason: 'broken frame' })
  ]
  expect(failures(report(garbled), lenient)).toEqual([])
})
