import { expect, test } from '@jest/globals'
import { runOverFiles, snapshotOf } from '../../support/file-runs.ts'
import { fleet } from '../../support/fleets.ts'

const hosts = fleet(
  48,
  (index, rows) => [4, 30].includes(index) && rows.programs!.push({ path: '/opt/x', username: 'root' })
)
const shard = (
  from: number,
  to: number,
  targeted = 0,
  startedAt = '2026-11-23T03:00:00.000Z',
  target = `${from}`
) => snapshotOf(hosts.slice(from, to), startedAt, { targeted, targets: [`tag:Part=${target}`] })

test('three shards give the same findings and ids as one run', async () => {
  const whole = await runOverFiles({ files: await snapshotOf(hosts) })
  const parts = [await shard(0, 16), await shard(16, 32), await shard(32, 48)]
  const merged = await runOverFiles({ files: parts.join('\n') })
  const withoutRun = ({ report }: typeof whole) => ({
    ...report,
    run: null,
    findings: report.findings.map(({ pivot: _, ...finding }: { pivot?: unknown }) => finding)
  })
  expect(merged.report.findings.length).toBeGreaterThan(0)
  expect(withoutRun(merged)).toEqual(withoutRun(whole))
})

test('hosts that were targeted and never listed count, also after the fan-in', async () => {
  const parts = [await shard(0, 16, 18), await shard(16, 48, 32)]
  const merged = await runOverFiles({ files: parts.join('\n') })
  expect(merged.report.summary).toMatchObject({ hosts: 50, reported: 48, coverage: 0.96 })
  expect(merged.outputs.verdict).not.toBe('clean')
  const again = await runOverFiles({ files: merged.outputs.snapshot! })
  expect(again.report.summary).toMatchObject({ hosts: 50, reported: 48 })
})

test('only the latest snapshot of a group says who was never listed', async () => {
  const old = await shard(0, 48, 60, '2026-11-22T03:00:00.000Z', 'all')
  const recent = await shard(0, 48, 0, '2026-11-23T03:00:00.000Z', 'all')
  const merged = await runOverFiles({ files: `${old}\n${recent}` })
  expect(merged.report.summary).toMatchObject({ hosts: 48, coverage: 1 })
})
