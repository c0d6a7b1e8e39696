import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { makeFleet } from '../../simulator/fleet/fleet.ts'
import type { ActionResult } from '../../simulator/runner.ts'
import type { SimulatorServer } from '../../simulator/server/server.ts'
import { closeFleets, serveScripted } from '../support/collection-fleet.ts'
import { act, errorsOf, PRIVATE, removeRuns } from '../support/end-to-end.ts'

const fleet = makeFleet({ seed: 3, hostCount: 60 })
let server: SimulatorServer
let night: ActionResult

interface ReportJson {
  summary: { verdict: string; coverage: number; worstSeverity: string }
  run: { snapshotSha256: string; targets: string[]; packs: { name: string }[] }
  hosts: { id: string; status: string; reason: string | null; outlier: boolean }[]
  findings: {
    id: string
    kind: string
    severity: string
    verdict: string | null
    hosts: string[]
    rows: { query: string; row: Record<string, string> }[]
  }[]
}

const reportOf = (result: ActionResult): ReportJson =>
  JSON.parse(readFileSync(result.outputs['report-json']!, 'utf8'))
const severe = (report: ReportJson) =>
  report.findings.filter(
    ({ kind, severity }) => kind === 'deviation' && ['critical', 'high'].includes(severity)
  )
const behaving = (behavior: string) => fleet.hosts.find(host => host.behavior === behavior)!.id

beforeAll(async () => {
  server = await serveScripted(fleet)
  night = await act(server, { inputs: { 'expected-hosts': '60', 'min-coverage': '100' } })
})

afterAll(async () => {
  await closeFleets()
  await removeRuns()
})

describe('a scheduled check of a sick fleet', () => {
  test('fails with one clear error', () => {
    expect(night.code).toBe(1)
    expect(errorsOf(night)).toHaveLength(1)
    expect(errorsOf(night)[0]).toMatch(/open findings? (is|are) (critical|high), and fail-on is high/)
    expect(errorsOf(night)[0]).toMatch(/and min-coverage is 100%/)
  })

  test('finds every compromise with exactly its hosts, and no other host', () => {
    const findings = severe(reportOf(night))
    for (const compromise of fleet.compromises)
      expect(findings.map(({ hosts }) => hosts)).toContainEqual([...compromise.hosts])
    const compromised = fleet.compromises.flatMap(({ hosts }) => hosts)
    expect(JSON.parse(night.outputs['outlier-hosts']!)).toEqual(
      expect.arrayContaining([...compromised].sort())
    )
    // A host without osquery where all others have it did not answer what they answered: a deviation of its own.
    const accused = findings.flatMap(({ hosts }) => hosts).filter(host => host !== behaving('no-osquery'))
    expect([...new Set(accused)].sort()).toEqual([...compromised].sort())
  })

  test('reports the silent host and the one without osquery', () => {
    const { hosts } = reportOf(night)
    const hostOf = (id: string) => hosts.find(host => host.id === id)
    expect(hostOf(behaving('silent'))).toMatchObject({
      status: 'silent',
      reason: expect.stringMatching(/deliver/)
    })
    expect(hostOf(behaving('no-osquery'))).toMatchObject({
      status: 'partial',
      reason: 'osquery is not installed'
    })
    expect(night.outputs['silent-hosts']).toBe(JSON.stringify([behaving('silent')]))
  })

  test('sets the outputs of the contract', () => {
    expect(night.outputs).toMatchObject({
      verdict: 'drift',
      coverage: '0.9667',
      'worst-severity': reportOf(night).summary.worstSeverity
    })
    expect(Number(night.outputs.findings)).toBe(reportOf(night).findings.length)
    expect(Number(night.outputs.outliers)).toBe(JSON.parse(night.outputs['outlier-hosts']!).length)
    for (const name of ['report-json', 'report-markdown', 'snapshot']) {
      expect(night.outputs[name]).toMatch(/^\//)
      expect(readFileSync(night.outputs[name]!).length).toBeGreaterThan(100)
    }
  })

  test('writes a report.json that matches its schema', () => {
    const ajv = new Ajv2020({ allErrors: true })
    addFormats.default(ajv)
    const schema = JSON.parse(readFileSync('schemas/report.schema.json', 'utf8'))
    const validate = ajv.compile(schema)
    validate(reportOf(night))
    expect(validate.errors).toBeNull()
  })

  test('writes a job summary that starts with the verdict and the coverage', () => {
    const [headline] = night.summary.split('\n')
    expect(headline).toMatch(/checkout.*drift.*58 of 60 hosts assessed/)
    for (const compromise of fleet.compromises)
      for (const host of compromise.hosts) expect(night.summary).toContain(host)
  })

  test('masks every secret first, and shows none of them', () => {
    const masked = night.log.split('\n').flatMap(line => /^::add-mask::(.+)$/.exec(line)?.[1] ?? [])
    expect(masked.length).toBeGreaterThanOrEqual(4)
    const shown = night.log
      .split('\n')
      .filter(line => !line.startsWith('::add-mask::'))
      .join('\n')
    for (const secret of masked) expect(shown + night.summary).not.toContain(secret)
    expect(shown).not.toContain(server.env().ACTIONS_ID_TOKEN_REQUEST_TOKEN)
  })

  test('reads no reply twice', () => {
    const read = server.calls
      .filter(({ action }) => action === 'GetCommandInvocation')
      .map(({ input }) => JSON.stringify(input))
    expect(new Set(read).size).toBe(read.length)
  })

  test('names the repository and the run in SSM’s history, and pins the document', () => {
    const [sent] = server.calls.filter(({ action }) => action === 'SendCommand')
    expect(sent?.input).toMatchObject({
      Comment: 'fleet-drift acme/infra run 7777',
      DocumentVersion: '1',
      DocumentHash: '99749de5e62f71e5ebe9a55c2321e2c394796afe7208cff048696541e6f6771e',
      MaxErrors: '100%'
    })
  })
})

test('the snapshot of a run gives the same findings again, without a call', async () => {
  const before = server.calls.length
  const again = await act(server, {
    inputs: {
      collector: 'files',
      files: 'night/*.gz',
      'role-to-assume': '',
      targets: '',
      'aws-region': '',
      'expected-hosts': '60'
    },
    files: { 'night/one.ndjson.gz': readFileSync(night.outputs.snapshot!) }
  })
  expect(server.calls.length).toBe(before)
  expect(again.code).toBe(1)
  expect(reportOf(again).findings).toEqual(reportOf(night).findings)
  expect(reportOf(again).hosts).toEqual(reportOf(night).hosts)
  expect(reportOf(again).run.targets).toEqual(['tag:Service=checkout'])
})

test('an incident needs no baseline and finds indicators', async () => {
  const incident = await act(server, {
    event: { name: 'workflow_dispatch', payload: { repository: PRIVATE, inputs: {} } },
    inputs: {
      packs: 'linux\nincident',
      name: 'incident',
      indicators:
        'ip:198.51.100.0/24\n/libprocesshider/\nkernel_modules.name=diamorphine\nnever-seen-anywhere',
      'fail-on': 'never'
    }
  })
  expect(incident.code).toBe(0)
  expect(incident.outputs.verdict).toBe('drift')
  const hits = reportOf(incident).findings.filter(({ kind }) => kind === 'indicator')
  const hostsOf = (name: string) => [...fleet.compromises.find(compromise => compromise.name === name)!.hosts]
  expect(hits.map(({ hosts }) => hosts)).toEqual(
    expect.arrayContaining([hostsOf('cryptominer'), hostsOf('rootkit')])
  )
  expect(hits).toHaveLength(3)
  expect(hits.every(({ severity }) => ['critical', 'high'].includes(severity))).toBe(true)
})
