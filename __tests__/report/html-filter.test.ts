import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  EVERYTHING,
  type Filter,
  readHash,
  selectionOf,
  writeHash
} from '../../src/report/html/page/filter.ts'
import { modelOf } from '../../src/report/html/page/model.ts'
import { SEVERITIES } from '../../src/report/report.ts'
import { large, withHostFindings } from '../support/html-samples.ts'
import { host, report } from '../support/reports.ts'
import { drifted } from '../support/samples.ts'

const model = modelOf({ report: withHostFindings(drifted()), redacted: 0, sql: {} })

function shown(filter: Partial<Filter>) {
  const selection = selectionOf(model, { ...EVERYTHING, ...filter })
  return {
    findings: model.findings.filter((_, at) => selection.findings[at]).map(({ finding }) => finding.id),
    hosts: model.hosts.filter((_, at) => selection.hosts[at]).map(({ brief }) => brief)
  }
}

test('without a filter everything is left', () => {
  expect(shown({}).findings).toHaveLength(7)
  expect(shown({}).hosts).toHaveLength(64)
})

test('a host leaves itself and its findings', () => {
  expect(shown({ host: 'web-52' })).toEqual({
    findings: ['fd-0c4d2e9b77', 'fd-5e5e5e0001'],
    hosts: ['web-52']
  })
})

test('a host whose id is the beginning of others is found by its exact id', () => {
  const hosts = ['web-1', 'web-10', 'web-11'].map(id => host(id))
  const fleet = modelOf({ report: report(hosts), redacted: 0, sql: {} })
  const left = (host: string) => selectionOf(fleet, { ...EVERYTHING, host }).hosts
  expect(left('web-1')).toEqual([true, false, false])
  expect(left('web')).toEqual([true, true, true])
})

test('a severity leaves its findings and the hosts in them', () => {
  expect(shown({ severities: ['critical'] })).toEqual({
    findings: ['fd-3b9aca0712'],
    hosts: ['web-03', 'web-07', 'web-12', 'web-19', 'web-33']
  })
})

test('a table leaves the findings with a row of it', () => {
  expect(shown({ query: 'authorized_keys' })).toEqual({ findings: ['fd-88d1f00a51'], hosts: ['web-21'] })
})

test('a cluster leaves its hosts, and the findings on one of them', () => {
  expect(shown({ cluster: 'c2' }).findings).toEqual(['fd-0c4d2e9b77', 'fd-5e5e5e0001'])
  expect(shown({ cluster: 'c2' }).hosts).toHaveLength(16)
})

test('text is searched for in the rows and in the names of hosts', () => {
  expect(shown({ text: 'HELPER2' }).findings).toEqual(['fd-3b9aca0712'])
  expect(shown({ text: 'helper2' }).hosts).toHaveLength(5)
  expect(shown({ text: 'web-21' })).toEqual({ findings: ['fd-88d1f00a51'], hosts: ['web-21'] })
})

test('several filters leave only what each of them leaves', () => {
  expect(shown({ host: 'web-52', severities: ['medium'] }).findings).toEqual(['fd-5e5e5e0001'])
  expect(shown({ host: 'web-52', severities: ['critical'] })).toEqual({ findings: [], hosts: [] })
})

const filters = fc.record({
  host: fc.constantFrom('', 'web-000', 'web-0042', 'nobody'),
  query: fc.constantFrom('', 'crontab', 'programs'),
  severities: fc.subarray([...SEVERITIES]),
  cluster: fc.constantFrom('', 'c1', 'c6'),
  text: fc.constantFrom('', 'app-1', 'web-01', 'zzz', '--once')
})

test('map, matrix and list agree: what one shows, the others show', () => {
  const fleet = modelOf({ report: large(200, 40), redacted: 0, sql: {} })
  fc.assert(
    fc.property(filters, filter => {
      const { hosts, findings, pair } = selectionOf(fleet, filter)
      for (const [at, view] of fleet.findings.entries())
        expect(findings[at]).toBe(view.hosts.some(host => pair(host, at)))
      for (const [at, view] of fleet.hosts.entries())
        if (view.findings.some(finding => pair(at, finding))) expect(hosts[at]).toBe(true)
    })
  )
})

test('the address restores the state it was made from', () => {
  fc.assert(
    fc.property(
      filters,
      fc.string({ unit: 'binary', maxLength: 50 }),
      fc.string(),
      (filter, text, finding) => {
        const state = { filter: { ...filter, text: text.toWellFormed() }, finding }
        expect(readHash(`#${writeHash(state)}`)).toEqual(state)
      }
    )
  )
  expect(readHash('#severities=catastrophic,high&host&x=%ff')).toEqual({
    filter: { ...EVERYTHING, severities: ['high'] },
    finding: ''
  })
})
