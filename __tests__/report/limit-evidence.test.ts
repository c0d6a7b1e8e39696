import { expect, test } from '@jest/globals'
import { limitEvidence } from '../../src/report/limit-evidence.ts'
import { finding, row } from '../support/reports.ts'

test('evidence within the limits is unchanged', () => {
  const findings = [
    finding('a', { rows: [row('p', { path: '/x' }), row('p', { path: 'y'.repeat(60_000) })] })
  ]
  const limited = limitEvidence(findings)
  expect(limited).toEqual({ findings, notices: [] })
})

test('a host that sends 32 MiB in few rows cannot swell the report', () => {
  const flood = Array.from({ length: 1_000 }, (_, at) =>
    row(
      'p',
      Object.fromEntries(Array.from({ length: 600 }, (_, column) => [`c${column}`, `${at} `.padEnd(50_000)]))
    )
  )
  const { findings, notices } = limitEvidence([
    ...Array.from({ length: 40 }, (_, at) => finding(`f${at}`, { rows: flood })),
    finding('other', { rows: [row('modules', { name: 'diamorphine' })] })
  ])
  const size = findings
    .flatMap(({ rows }) => rows.flatMap(({ row }) => Object.values(row)))
    .reduce((sum, value) => sum + value.length, 0)
  expect(size).toBeLessThan(80 * 1_048_576)
  expect(findings.every(({ rows }) => rows.length > 0)).toBe(true)
  expect(findings.at(-1)!.rows[0]!.row).toEqual({ name: 'diamorphine' })
  expect(Object.keys(findings[0]!.rows[0]!.row).length).toBeLessThanOrEqual(100)
  expect(notices.join()).toMatch(/are only in the snapshot/)
})

test('a column may have any name', () => {
  const columns = Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`c${at}`, '']))
  const { findings } = limitEvidence([
    finding('a', {
      rows: [row('p', JSON.parse(`{"__proto__":"x","constructor":"y"}`), {}), row('p', columns)]
    })
  ])
  expect(Object.keys(findings[0]!.rows[0]!.row)).toEqual(['__proto__', 'constructor'])
  expect(Object.keys(findings[0]!.rows[1]!.row)).toHaveLength(100)
})
