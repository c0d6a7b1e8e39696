import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { mergeMemories } from '../../src/memory/merge.ts'
import { weighNewlySilent } from '../../src/memory/silent.ts'
import { historyOf, parseHistory, renderHistory } from '../../src/report/fleet-memory.ts'
import type { FleetMemory } from '../../src/report/memory.ts'
import type { Finding } from '../../src/report/report.ts'
import { runOverFiles, snapshotOf } from '../support/file-runs.ts'
import { fleet, host, hostId } from '../support/fleets.ts'
import { finding, report, host as reportHost } from '../support/reports.ts'

const implant =
  (hosts: readonly number[], path: string) =>
  (index: number, rows: Record<string, { [column: string]: string }[]>) =>
    hosts.includes(index) && rows.programs!.push({ path, username: 'root' })
const silent = (id: string) =>
  host(id, {}, { status: 'silent', facts: null, code: 'no-answer', reason: 'it did not answer' })

const before = fleet(40, (index, rows) => {
  implant([3], '/opt/old')(index, rows)
  implant([5], '/opt/gone')(index, rows)
})
const after = fleet(40, (index, rows) => {
  implant([3], '/opt/old')(index, rows)
  implant([7], '/opt/new')(index, rows)
})
after[20] = silent(hostId(20))

type FindingJson = {
  id: string
  hosts: string[]
  firstSeen?: string
  kind: string
  severity: string
  explanation: string
}
const onHost = (findings: FindingJson[], index: number) =>
  findings.find(({ hosts }) => hosts.includes(hostId(index)))

describe('a run that knows the run before it', () => {
  let first: Awaited<ReturnType<typeof runOverFiles>>
  let firstSnapshot: string
  let files: string
  beforeAll(async () => {
    firstSnapshot = await snapshotOf(before)
    first = await runOverFiles({ files: firstSnapshot }, '2026-11-23')
    files = await snapshotOf(after)
  })

  test.each([
    ['report.json', () => join(first.dir, 'report.json')],
    ['history.json', () => join(first.dir, 'history.json')],
    ['a snapshot', () => firstSnapshot]
  ])('from %s says what is new, what is gone, and since when the rest is there', async (_name, path) => {
    const { outputs, report } = await runOverFiles({ files, previous: path() })
    expect(onHost(report.findings, 3)).toMatchObject({ firstSeen: '2026-11-23' })
    expect(onHost(report.findings, 7)).toMatchObject({ firstSeen: '2026-11-24' })
    const gone = onHost(first.report.findings, 5)
    expect(report.history).toMatchObject({
      changed: true,
      resolved: [{ id: gone!.id, firstSeen: '2026-11-23' }]
    })
    expect(report.history.new).toContain(onHost(report.findings, 7)!.id)
    expect(report.history.new).not.toContain(onHost(report.findings, 3)!.id)
    expect(outputs).toMatchObject({ changed: 'true', 'resolved-findings': '1' })
    const count = report.history.new.length
    expect(outputs['new-findings']).toBe(String(count))
    expect(outputs.headline).toMatch(new RegExp(`drift.*; ${count} new; 1 resolved$`))
  })

  test('weighs a host that fell silent more than one that never answered, and says when it answered last', async () => {
    const { report } = await runOverFiles({ files, previous: join(first.dir, 'history.json') })
    const fell = onHost(report.findings, 20)
    expect(fell).toMatchObject({ kind: 'silent', severity: 'high' })
    expect(fell!.explanation).toContain(`answered in earlier runs: ${hostId(20)} on 2026-11-23`)
    expect(report.hosts.find((one: { id: string }) => one.id === hostId(20))).toMatchObject({
      lastAnswered: '2026-11-23'
    })
    const unknown = await runOverFiles({ files })
    expect(onHost(unknown.report.findings, 20)).toMatchObject({ severity: 'medium' })
  })

  test('without a change says so', async () => {
    const { outputs } = await runOverFiles({
      files: firstSnapshot,
      previous: join(first.dir, 'history.json')
    })
    expect(outputs).toMatchObject({ changed: 'false', 'new-findings': '0', 'resolved-findings': '0' })
  })

  test('that is missing is a notice: in the first run everything is new', async () => {
    const { outputs, report, exitCode } = await runOverFiles({
      files,
      previous: join(first.dir, 'gone.json')
    })
    expect(exitCode).toBe(0)
    expect(report.notices.join(' ')).toContain('There is no earlier run to compare with')
    expect(outputs).toMatchObject({ changed: 'true', 'resolved-findings': '0' })
    expect(outputs['new-findings']).toBe(outputs.findings)
  })

  test('that is missing is no news where the fleet is healthy', async () => {
    const healthy = await snapshotOf(fleet(40, () => undefined))
    const { outputs } = await runOverFiles({ files: healthy, previous: join(first.dir, 'gone.json') })
    expect(outputs).toMatchObject({ verdict: 'clean', changed: 'false', 'new-findings': '0' })
  })

  test.each([
    [
      'is no such file',
      '{"schemaVersion":1}',
      'not a report.json that this release reads: tool is missing or wrong'
    ],
    [
      'is a broken history',
      '{"fleetDriftHistory":1,"findings":{}}',
      'not a history.json that this release reads'
    ],
    ['is cut', '{"fleetDriftHis', 'neither a report.json, nor a history.json, nor a snapshot']
  ])('that %s costs no assessment: it is left out, and everything is new', async (_, text, reason) => {
    const path = join(first.dir, 'x.json')
    await writeFile(path, text)
    const { exitCode, outputs, report } = await runOverFiles({ files, previous: path })
    expect(exitCode).toBe(0)
    expect(report.notices.join('\n')).toContain(`x.json was left out: ${reason}`)
    expect(outputs).toMatchObject({ verdict: 'drift', changed: 'true' })
  })

  test('and then fails keeps what was known for the next run, and says that something changed', async () => {
    const previous = join(first.dir, 'history.json')
    const failed = await runOverFiles({ files: '/nonexistent/*.gz', previous }, '2026-11-24')
    expect(failed.exitCode).toBe(1)
    expect(failed.outputs).toMatchObject({ verdict: 'incomplete', changed: 'true', 'new-findings': '0' })
    const next = await runOverFiles({ files, previous: join(failed.dir, 'history.json') }, '2026-11-25')
    expect(onHost(next.report.findings, 3)).toMatchObject({ firstSeen: '2026-11-23' })
    expect(onHost(next.report.findings, 20)).toMatchObject({ kind: 'silent', severity: 'high' })
  })
})

const memoryOn = (day: string, ids: readonly string[], answered: readonly string[]): FleetMemory => {
  const findings = ids.map(id => finding(id, { hosts: ['i-1'] }))
  const one = report(
    answered.map(id => reportHost(id)),
    findings
  )
  return historyOf(null, { ...one, run: { ...one.run, startedAt: `${day}T00:00:00Z` } }).memory
}

test('a history survives being written, without a name or a row of a host', () => {
  const one = report([reportHost('i-1', { name: 'secret-name' })], [finding('aa', { hosts: ['i-1'] })])
  const text = renderHistory(one)
  expect(parseHistory(JSON.parse(text))).toEqual(historyOf(null, one).memory)
  expect(text).not.toContain('secret-name')
})

test('memories of several groups merge, in any order', () => {
  const parts = [
    memoryOn('2026-11-01', ['aa'], ['i-1']),
    memoryOn('2026-11-03', ['aa', 'bb'], ['i-1', 'i-2'])
  ]
  const merged = mergeMemories(parts)
  expect(merged?.findings.known.map(([id, day]) => [id, day]).sort()).toEqual([
    ['aa', '2026-11-01'],
    ['bb', '2026-11-03']
  ])
  expect(merged?.hosts).toEqual(
    new Map([
      ['i-1', '2026-11-03'],
      ['i-2', '2026-11-03']
    ])
  )
  expect(mergeMemories(parts.toReversed())).toEqual(merged)
})

test('two copies of one memory are that memory: an unchanged fleet is no change', () => {
  const memory = memoryOn('2026-11-01', ['aa'], ['i-1'])
  const merged = mergeMemories([memory, structuredClone(memory)])
  const again = report([reportHost('i-1')], [finding('aa', { hosts: ['i-1'] })])
  expect(historyOf(merged, again).changed).toBe(false)
})

test('hosts that never answered keep their finding and its id', () => {
  const one = finding('aa', { kind: 'silent', verdict: null, severity: 'medium', hosts: ['i-1', 'i-2'] })
  const [newly, never] = weighNewlySilent([one], memoryOn('2026-11-01', [], ['i-1']))
  expect(newly).toMatchObject({ hosts: ['i-1'], severity: 'high' })
  expect(never).toMatchObject({ id: 'aa', hosts: ['i-2'], severity: 'medium' })
})

const quiet = (reason: string, severity: Finding['severity'], hosts: readonly string[]) =>
  finding(`silent: ${reason}`, { kind: 'silent', verdict: null, severity, hosts: [...hosts] })

/** A run in which `i-1` answered and the hosts of the findings did not. */
const silentRun = (...findings: Finding[]) =>
  report(
    [
      reportHost('i-1'),
      ...findings.flatMap(({ hosts }) =>
        hosts.map(id => reportHost(id, { status: 'silent', reason: 'why', code: 'no-answer' }))
      )
    ],
    findings
  )

test('a host that is silent for another reason the next night is neither new nor a change', () => {
  const { memory } = historyOf(null, silentRun(quiet('offline', 'medium', ['i-2', 'i-3'])))
  const next = historyOf(
    memory,
    silentRun(quiet('terminated', 'medium', ['i-2']), quiet('no agent', 'medium', ['i-3']))
  )
  expect(next).toMatchObject({ changed: false, appeared: [], resolved: [] })
})

test('another silent host is a change, and a host that was reached and gave no answer is a new finding', () => {
  const { memory } = historyOf(null, silentRun(quiet('offline', 'medium', ['i-2'])))
  const more = historyOf(memory, silentRun(quiet('offline', 'medium', ['i-2', 'i-3'])))
  expect(more).toMatchObject({ changed: true, appeared: [], resolved: [] })
  const killed = historyOf(memory, silentRun(quiet('killed', 'high', ['i-2'])))
  expect(killed).toMatchObject({ changed: true, appeared: ['silent: killed'] })
  expect(killed.resolved.map(([, , label]) => label)).toEqual(['medium silent host'])
})

test('silence that ends is resolved', () => {
  const { memory } = historyOf(null, silentRun(quiet('offline', 'medium', ['i-2'])))
  const { resolved } = historyOf(memory, report([reportHost('i-1'), reportHost('i-2')]))
  expect(resolved.map(([, , label, hosts]) => [label, hosts])).toEqual([['medium silent host', 1]])
})

test('thousands of findings are remembered: a new one among them is new, and all that are gone are counted', () => {
  const many = Array.from({ length: 2_000 }, (_, at) => finding(`f${at}`, { hosts: ['i-1'] }))
  const { memory } = historyOf(null, report([reportHost('i-1')], many))
  const next = historyOf(
    memory,
    report([reportHost('i-1')], [...many.slice(500), finding('fresh', { hosts: ['i-1'] })])
  )
  expect(next.appeared).toEqual(['fresh'])
  expect(next.resolved).toHaveLength(500)
})

test('a run over several groups that finds what each of them found is no change', () => {
  const inGroup = (host: string, ...ids: string[]) =>
    historyOf(
      null,
      report(
        [reportHost(host)],
        ids.map(id => finding(id, { hosts: [host] }))
      )
    ).memory
  const merged = mergeMemories([inGroup('i-1', 'shared', 'aa'), inGroup('i-2', 'shared', 'bb')])
  const both = [reportHost('i-1'), reportHost('i-2')]
  const same = [
    finding('shared', { hosts: ['i-2', 'i-1'] }),
    finding('aa', { hosts: ['i-1'] }),
    finding('bb', { hosts: ['i-2'] })
  ]
  expect(historyOf(merged, report(both, same)).changed).toBe(false)
  expect(historyOf(merged, report(both, same.slice(1)))).toMatchObject({ changed: true, appeared: [] })
  const moved = [
    finding('shared', { hosts: ['i-2', 'i-1'] }),
    finding('aa', { hosts: ['i-2'] }),
    finding('bb', { hosts: ['i-2'] })
  ]
  expect(historyOf(merged, report(both, moved)).changed).toBe(true)
  const more = [...same, finding('cc', { hosts: ['i-1'] })]
  expect(historyOf(merged, report(both, more))).toMatchObject({ changed: true, appeared: ['cc'] })
})
