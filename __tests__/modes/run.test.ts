import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeEach, expect, test } from '@jest/globals'
import type { Ports } from '../../src/ports.ts'
import { run } from '../../src/run.ts'
import { recordingLog } from '../support/recording-log.ts'

const root = mkdtempSync(join(tmpdir(), 'fleet-drift-run-'))
let workspace = ''

beforeEach(() => {
  workspace = mkdtempSync(join(root, 'w'))
})

afterAll(() => rmSync(root, { recursive: true, force: true }))

const QUERIES = {
  modules: {
    query: 'SELECT name FROM kernel_modules',
    fleet_drift: { identity: ['name'], weight: 'integrity' }
  }
}

/** Writes a pack and a snapshot of hosts with these modules; `null` is a silent host. */
function fleet(hosts: Record<string, readonly string[] | null>): void {
  writeFileSync(join(workspace, 'pack.json'), JSON.stringify({ queries: QUERIES }))
  const header = {
    fleetDriftSnapshot: 1,
    name: 'fleet',
    collector: 'ssm',
    startedAt: '2026-11-28T00:00:00Z',
    region: null,
    targets: [],
    packs: []
  }
  const records = Object.entries(hosts).map(([host, modules]) => ({
    host,
    name: null,
    status: modules === null ? 'silent' : 'reported',
    reason: modules === null ? 'no answer' : null,
    facts: null,
    queries:
      modules === null
        ? {}
        : { modules: { status: 'ok', rows: modules.map(name => ({ name })), reason: null } }
  }))
  const lines = [header, ...records].map(line => `${JSON.stringify(line)}\n`)
  writeFileSync(join(workspace, 'hosts.ndjson.gz'), gzipSync(lines.join('')))
}

/** Runs the action on the fleet in the workspace. */
async function act(inputs: Record<string, string>) {
  const outputs: Record<string, string> = {}
  const errors: string[] = []
  const log = { ...recordingLog(), error: (text: string) => void errors.push(text) }
  const summaryPath = join(workspace, 'summary.md')
  const set: Record<string, string> = {
    collector: 'files',
    files: '*.ndjson.gz',
    packs: 'pack.json',
    'output-dir': 'out',
    ...inputs
  }
  const ports: Ports = {
    env: { GITHUB_WORKSPACE: workspace, GITHUB_STEP_SUMMARY: summaryPath },
    clock: { now: () => Date.UTC(2026, 10, 28), sleep: async () => {} },
    log,
    getInput: name => set[name] ?? '',
    setOutput(name, value) {
      outputs[name] = value
    },
    mask() {}
  }
  const exitCode = await run(ports)
  const summary = existsSync(summaryPath) ? readFileSync(summaryPath, 'utf8') : ''
  return { exitCode, outputs, errors, summary }
}

const path = (name: string) => join(workspace, name)

test('a failing run has its outputs, its files and its summary', async () => {
  fleet({ a: ['ext4'], b: ['ext4'], c: ['ext4'], d: null })
  const { exitCode, outputs, errors, summary } = await act({ 'min-coverage': '90' })
  expect(exitCode).toBe(1)
  expect(errors).toEqual(['3 of 4 hosts were fully assessed (75.0%), and min-coverage is 90%.'])
  expect(outputs).toMatchObject({
    verdict: 'incomplete',
    'silent-hosts': '["d"]',
    'report-json': path('out/report.json'),
    snapshot: path('out/snapshot.ndjson.gz')
  })
  for (const output of ['report-json', 'report-markdown', 'report-html', 'report-sarif', 'snapshot'])
    expect(existsSync(outputs[output]!)).toBe(true)
  expect(summary).toContain('incomplete')
})

test('mode collect counts the hosts and makes no report', async () => {
  fleet({ a: ['ext4'], b: null })
  const { exitCode, outputs } = await act({ mode: 'collect', 'expected-hosts': '4' })
  expect(exitCode).toBe(0)
  expect(outputs).toEqual({
    snapshot: path('out/snapshot.ndjson.gz'),
    coverage: '0.2500',
    'silent-hosts': '["b"]'
  })
})

test('mode baseline writes the file once, and leaves it untouched when the run fails', async () => {
  fleet({ a: ['ext4'], b: ['ext4'], c: ['ext4'] })
  const inputs = { mode: 'baseline', baseline: 'baselines/checkout.json' }
  expect((await act(inputs)).outputs).toMatchObject({
    'baseline-path': 'baselines/checkout.json',
    'baseline-changed': 'true'
  })
  const text = readFileSync(path('baselines/checkout.json'), 'utf8')
  expect(text).toContain('ext4')
  expect((await act(inputs)).outputs['baseline-changed']).toBe('false')

  fleet({ a: ['ext4', 'xfs'], b: ['ext4', 'xfs'], c: null })
  const failed = await act({ ...inputs, 'min-coverage': '90' })
  expect(failed.exitCode).toBe(1)
  expect(failed.outputs['baseline-changed']).toBe('false')
  expect(failed.outputs['report-json']).toBeDefined()
  expect(readFileSync(path('baselines/checkout.json'), 'utf8')).toBe(text)
})

test('a run that cannot collect has one error and an empty report', async () => {
  mkdirSync(path('out'))
  fleet({})
  const { exitCode, outputs, errors } = await act({ files: 'nothing-*.gz' })
  expect(exitCode).toBe(1)
  expect(errors).toHaveLength(1)
  const report = JSON.parse(readFileSync(outputs['report-json']!, 'utf8'))
  expect(report).toMatchObject({
    hosts: [],
    findings: [],
    summary: { verdict: 'incomplete', hosts: 0, coverage: 0 }
  })
  expect(report.notices).toEqual([errors[0]])
  expect(outputs.snapshot).toBeUndefined()
})

test('an invalid input is in the log and in the summary', async () => {
  const { exitCode, outputs, errors, summary } = await act({ mode: 'chekc' })
  expect(exitCode).toBe(1)
  expect(outputs).toEqual({})
  expect(errors.join()).toContain('mode: "chekc" must be check, baseline or collect')
  expect(summary).toContain('mode: "chekc" must be check, baseline or collect')
})

test('one host without a baseline is not clean: nothing was compared, and its modules are listed to read', async () => {
  fleet({ a: ['ext4', '<img src=x>'] })
  const { exitCode, outputs, summary } = await act({})
  expect(exitCode).toBe(0)
  expect(outputs).toMatchObject({ verdict: 'incomplete', coverage: '1.0000', 'worst-severity': 'none' })
  expect(summary).toContain('incomplete. Nothing to compare with, its only host assessed')
  expect(summary).toContain('name=ext4')
  expect(summary).not.toContain('\n<img')
  expect(summary).toContain('mode: baseline')
  const { inventory } = JSON.parse(readFileSync(outputs['report-json']!, 'utf8'))
  expect(inventory).toEqual({
    hosts: ['a'],
    queries: [
      {
        query: 'modules',
        total: 2,
        rows: [
          { row: { name: '<img src=x>' }, hosts: 1 },
          { row: { name: 'ext4' }, hosts: 1 }
        ]
      }
    ]
  })
})

test('two hosts are not clean without a baseline, three are, and a baseline that covers their rows compares one', async () => {
  fleet({ a: ['ext4'], b: ['ext4'] })
  expect((await act({})).outputs.verdict).toBe('incomplete')
  fleet({ a: ['ext4'], b: ['ext4'], c: ['ext4'] })
  const three = await act({})
  expect(three.outputs.verdict).toBe('clean')
  expect(JSON.parse(readFileSync(three.outputs['report-json']!, 'utf8'))).not.toHaveProperty('inventory')
  await act({ mode: 'baseline', baseline: 'b.json' })
  fleet({ a: ['ext4'] })
  expect((await act({ baseline: 'b.json' })).outputs.verdict).toBe('clean')
  const empty = { version: 1, name: 'fleet', queries: {} }
  writeFileSync(path('empty.json'), JSON.stringify(empty))
  expect((await act({ baseline: 'empty.json' })).outputs.verdict).toBe('incomplete')
})

test.each([
  ['the output folder', {}, () => symlinkSync(root, path('out'))],
  [
    'a report in it',
    {},
    () => {
      mkdirSync(path('out'))
      symlinkSync(join(root, 'victim'), path('out/report.json'))
    }
  ],
  [
    'the baseline',
    { mode: 'baseline', baseline: 'b.json' },
    () => {
      writeFileSync(join(root, 'victim'), '{"version":1,"name":"x","queries":{}}')
      symlinkSync(join(root, 'victim'), path('b.json'))
    }
  ],
  [
    'its folder',
    { mode: 'baseline', baseline: 'baselines/b.json' },
    () => symlinkSync(root, path('baselines'))
  ]
])('nothing is written through a link of the repository: %s', async (_, inputs, link) => {
  fleet({ a: ['ext4'], b: ['ext4'], c: ['ext4'] })
  link()
  const before = readdirSync(root).map(name => [name, statSync(join(root, name)).size])
  const { exitCode, errors } = await act(inputs)
  expect(exitCode).toBe(1)
  expect(errors.join()).toMatch(/is a link: the action writes nothing through links of the repository/)
  expect(readdirSync(root).map(name => [name, statSync(join(root, name)).size])).toEqual(before)
  rmSync(join(root, 'victim'), { force: true })
})
