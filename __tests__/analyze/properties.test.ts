import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { rareLimit } from '../../src/analyze/counts.ts'
import { assess } from '../../src/assess.ts'
import { buildReport } from '../../src/report/build.ts'
import type { Report } from '../../src/report/report.ts'
import type { HostRecord, Row } from '../../src/snapshot/snapshot.ts'
import { fleet, hostId, QUERIES } from '../support/fleets.ts'

const RUN = {
  mode: 'check',
  name: 'web',
  collector: 'files',
  startedAt: '2026-11-24T00:00:00Z',
  finishedAt: '2026-11-24T00:01:00Z',
  targets: [],
  region: null,
  packs: [],
  baseline: null,
  snapshotSha256: null
}

async function reportOf(hosts: readonly HostRecord[]): Promise<Report> {
  const question = { queries: QUERIES, baseline: null, indicators: [], today: '2026-11-24' }
  const { analysis, findings } = await assess(question, async function* () {
    yield* hosts
  })
  return buildReport({ name: 'fleet-drift', version: '0' }, RUN, analysis, findings, null)
}

/** Findings by what a reader acts on: cause, verdict, severity, hosts. */
const verdicts = ({ findings }: Report) =>
  findings
    .map(({ id, verdict, severity, hosts }) =>
      JSON.stringify({ id, verdict, severity, hosts: [...hosts].sort() })
    )
    .sort()

const programs = (name: string, count: number): Row[] =>
  Array.from({ length: count }, (_, at) => ({ path: `/opt/${name}/${at}`, username: 'app' }))

/** Two roles, an implant on some hosts, a kernel module, a stopped protection; all by chance. */
const sick = fc
  .record({
    size: fc.integer({ min: 30, max: 70 }),
    implanted: fc.uniqueArray(fc.integer({ min: 0, max: 29 }), { minLength: 1, maxLength: 4 }),
    module: fc.integer({ min: 0, max: 29 }),
    stopped: fc.integer({ min: 0, max: 29 }),
    every: fc.integer({ min: 2, max: 5 })
  })
  .map(({ size, implanted, module, stopped, every }) =>
    fleet(size, (index, rows) => {
      rows.programs!.push(...programs(index % every === 0 ? 'database' : 'web', 8))
      if (implanted.includes(index)) {
        rows.programs!.push({ path: '/usr/lib/.cache/kworker', username: 'root' })
        rows.cron!.push({ path: '/etc/cron.d/x', command: '/usr/lib/.cache/kworker' })
      }
      if (index === module) rows.modules!.push({ name: 'diamorphine' })
      if (index === stopped) rows.guards = []
    })
  )

const shuffled = <T>(list: readonly T[], seed: number): T[] =>
  list
    .map((one, at) => ({ one, at: Math.imul(at * 2654435761 + seed, 0x9e3779b1) >>> 0 }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one)

const withRow = (host: HostRecord, query: string, row: Row): HostRecord => ({
  ...host,
  queries: {
    ...host.queries,
    [query]: { ...host.queries[query]!, rows: [...host.queries[query]!.rows, row] }
  }
})

const RUNS = { numRuns: 25 }

describe('whatever the fleet', () => {
  test('the order of hosts and rows changes no byte of the report', async () => {
    await fc.assert(
      fc.asyncProperty(sick, fc.nat(), async (hosts, seed) => {
        const turned = shuffled(hosts, seed).map(host => ({
          ...host,
          queries: Object.fromEntries(
            Object.entries(host.queries).map(([name, result]) => [
              name,
              { ...result, rows: shuffled(result.rows, seed) }
            ])
          )
        }))
        expect(JSON.stringify(await reportOf(turned)) === JSON.stringify(await reportOf(hosts))).toBe(true)
      }),
      RUNS
    )
  })

  /** Whether so many hosts and one more have the same limit of what is rare. */
  const asRare = (size: number): boolean => rareLimit(size) === rareLimit(size + 1)

  // Of a smaller cluster the report says that its statistics are weak: there one host more or less is a different cluster.
  test('a second host like a healthy one, in a cluster of eight or more, changes no verdict', async () => {
    await fc.assert(
      fc.asyncProperty(sick, fc.nat({ max: 29 }), async (hosts, at) => {
        const before = await reportOf(hosts)
        const twin = { ...hosts[at]!, host: hostId(1000) }
        fc.pre(before.hosts[at]!.findings.length === 0)
        const { size } = before.clusters.find(({ id }) => id === before.hosts[at]!.cluster)!
        fc.pre(size >= 8 && asRare(size))
        expect(verdicts(await reportOf([...hosts, twin]))).toEqual(verdicts(before))
      }),
      RUNS
    )
  })

  test('other names for the hosts change no verdict', async () => {
    await fc.assert(
      fc.asyncProperty(sick, fc.nat(), async (hosts, seed) => {
        const names = shuffled(
          hosts.map(({ host }) => host),
          seed
        )
        const renamed = hosts.map((host, at) => ({ ...host, host: names[at]! }))
        const back = new Map(names.map((name, at) => [name, hosts[at]!.host]))
        const report = await reportOf(renamed)
        const told = {
          ...report,
          findings: report.findings.map(finding => ({
            ...finding,
            hosts: finding.hosts.map(host => back.get(host)!)
          }))
        }
        expect(verdicts(told)).toEqual(verdicts(await reportOf(hosts)))
      }),
      RUNS
    )
  })

  test('a row that every host gets changes no verdict', async () => {
    await fc.assert(
      fc.asyncProperty(sick, async hosts => {
        const plus = hosts.map(host =>
          withRow(host, 'programs', { path: '/usr/bin/agent', username: 'root' })
        )
        expect(verdicts(await reportOf(plus))).toEqual(verdicts(await reportOf(hosts)))
      }),
      RUNS
    )
  })

  test('one more rare row never lowers the rank of its host', async () => {
    const query = fc.constantFrom(
      ['programs', { path: '/opt/rare', username: 'nobody' }] as const,
      ['ports', { protocol: '17', port: '4444', path: '/opt/rare' }] as const,
      ['cron', { path: '/etc/cron.d/rare', command: 'true' }] as const,
      ['modules', { name: 'rare' }] as const
    )
    const rankOf = ({ hosts }: Report, id: string) => {
      const own = hosts.find(host => host.id === id)!.surprise
      return hosts.filter(host => host.surprise > own).length
    }
    await fc.assert(
      fc.asyncProperty(sick, fc.nat({ max: 29 }), query, async (hosts, at, [name, row]) => {
        const plus = hosts.map((host, index) => (index === at ? withRow(host, name, row) : host))
        expect(rankOf(await reportOf(plus), hostId(at))).toBeLessThanOrEqual(
          rankOf(await reportOf(hosts), hostId(at))
        )
      }),
      { numRuns: 60 }
    )
  })

  test('a finding keeps its id when the fleet around it changes', async () => {
    const idOf = async (size: number, hosts: readonly number[]) => {
      const { findings } = await reportOf(
        fleet(size, (index, rows) => hosts.includes(index) && rows.modules!.push({ name: 'diamorphine' }))
      )
      return findings.map(({ id }) => id)
    }
    expect(await idOf(40, [3])).toEqual(await idOf(64, [7, 21]))
  })
})
