import { describe, expect, test } from '@jest/globals'
import type { Baseline } from '../../src/baseline/baseline.ts'
import { matchBaseline } from '../../src/baseline/match.ts'
import { fleetBuilder } from '../../src/normalize/fleet.ts'
import { baselineVersion } from '../../src/review/baseline-version.ts'
import { poisoning } from '../../src/review/poisoning.ts'
import { suggest } from '../../src/review/suggestion.ts'
import { fleet, hostId, QUERIES } from '../support/fleets.ts'
import { accepting, adding, learnedFrom, review, TODAY } from '../support/reviews.ts'

const clean = await learnedFrom(fleet(30))
const withModule = fleet(30, (index, rows) => {
  if (index === 4) rows.modules?.push({ name: 'diamorphine' })
})
const withPort = (hosts: number) =>
  fleet(30, (index, rows) => {
    if (index < hosts) rows.ports?.push({ protocol: '6', port: '9100', path: '/usr/bin/exporter' })
  })
const EXPORTER = ['6', '9100', '/usr/bin/exporter']

describe('a pull request that approves an implant on 1 of 30 hosts', () => {
  test.each<[string, Baseline]>([
    ['as optional', adding(clean, 'modules', { optional: [['diamorphine']] })],
    ['as required', adding(clean, 'modules', { required: [['diamorphine']] })],
    ['by a pattern', adding(clean, 'modules', { optional: [['<rand>']] })],
    ['by an acceptance', accepting(clean, 'modules', { name: 'dia*' })],
    ['for one host by an acceptance', accepting(clean, 'modules', { name: '*' }, { hosts: [hostId(4)] })],
    [
      'in a separate role',
      {
        ...clean,
        roles: {
          web: { queries: {} },
          odd: { queries: { modules: { columns: ['name'], required: [['diamorphine']], optional: [] } } }
        }
      }
    ]
  ])('%s is found, with the host', async (_, baseline) => {
    const { poisoned, effect } = await review(withModule, clean, baseline)
    expect(
      poisoned.map(({ severity, hosts, rows, acceptedBy }) => ({
        severity,
        hosts,
        rows: rows.map(({ row }) => row.name),
        acceptedBy
      }))
    ).toEqual([{ severity: 'high', hosts: [hostId(4)], rows: ['diamorphine'], acceptedBy: null }])
    expect(poisoned[0]?.explanation).toMatch(/modules.*only 1 of 30 hosts has/)
    expect(poisoned[0]?.rows[0]?.prevalence.cluster).toEqual([1, 30])
    expect(effect.becomeClean).toEqual([hostId(4)])
  })

  test('by dropping the whole query is found even if the fleet alone would not show it', async () => {
    const hosts = fleet(30, (index, rows) => {
      if (index < 8) rows.modules?.push({ name: 'diamorphine' })
    })
    const { modules: _, ...queries } = clean.queries
    const { poisoned } = await review(hosts, clean, { ...clean, queries })
    expect(poisoned).toEqual([
      expect.objectContaining({ severity: 'high', hosts: [0, 1, 2, 3, 4, 5, 6, 7].map(hostId) })
    ])
  })

  test('is high in an ordinary table too, low in a context table', async () => {
    const hosts = fleet(30, (index, rows) => {
      if (index !== 4) return
      rows.programs?.push({ path: '/opt/x', username: 'root' })
      rows.sessions?.push({ user: 'mallory' })
    })
    const baseline = adding(adding(clean, 'programs', { optional: [['/opt/x', 'root']] }), 'sessions', {
      optional: [['mallory']]
    })
    const { poisoned } = await review(hosts, clean, baseline)
    expect(poisoned.map(({ severity, rows }) => [severity, rows[0]?.query])).toEqual([
      ['high', 'programs'],
      ['low', 'sessions']
    ])
  })

  test('in a new file is also found', async () => {
    const { poisoned } = await review(
      withModule,
      null,
      adding(clean, 'modules', { optional: [['diamorphine']] })
    )
    expect(poisoned.filter(({ severity }) => severity === 'high').map(({ hosts }) => hosts)).toEqual([
      [hostId(4)]
    ])
  })

  test('before it appears is found, although no host has it', async () => {
    const { poisoned } = await review(
      fleet(30),
      clean,
      adding(clean, 'modules', { optional: [['diamorphine']] })
    )
    expect(poisoned).toEqual([expect.objectContaining({ severity: 'high', hosts: [] })])
    expect(poisoned[0]?.explanation).toContain('none of 30 hosts has')
    const accepted = await review(fleet(30), clean, accepting(clean, 'modules', { name: 'dia*' }))
    expect(accepted.poisoned).toEqual([expect.objectContaining({ severity: 'high', hosts: [], rows: [] })])
  })

  test('is silenced only by an acceptance on the base branch', async () => {
    const accepted = accepting(clean, 'modules', { name: 'diamorphine' }, { hosts: [hostId(4)] })
    const approving = (baseline: Baseline) => adding(baseline, 'modules', { optional: [['diamorphine']] })
    const onBase = await review(withModule, accepted, approving(accepted))
    expect(onBase.poisoned.map(({ acceptedBy }) => acceptedBy)).toEqual([
      'load test (@acme/perf, until 2026-12-31)'
    ])
    const inRequest = await review(withModule, clean, approving(accepted))
    expect(inRequest.poisoned.map(({ acceptedBy }) => acceptedBy)).toEqual([null])
    const expired = accepting(clean, 'modules', { name: 'diamorphine' }, { expires: '2026-09-29' })
    const afterwards = await review(withModule, expired, approving(expired))
    expect(afterwards.poisoned.map(({ acceptedBy }) => acceptedBy)).toEqual([null])
    const other = accepting(clean, 'modules', { name: 'diamorphine' }, { hosts: [hostId(5)] })
    expect(
      (await review(withModule, other, approving(other))).poisoned.map(({ acceptedBy }) => acceptedBy)
    ).toEqual([null])
  })
})

test('a host in a separate cluster cannot approve its own rows: they are compared with the hosts it was split from', () => {
  const builder = fleetBuilder(QUERIES)
  for (const record of withModule) builder.add(record)
  const whole = builder.finish()
  const all = [...whole.hosts.keys()]
  const others = all.filter(index => index !== 4)
  const version = (baseline: Baseline) => baselineVersion(matchBaseline(baseline, whole), TODAY)
  const judged = (reference: number[]) =>
    poisoning(
      {
        fleet: whole,
        clusters: [
          { id: 'c1', hosts: others, reference: others },
          { id: 'c2', hosts: [4], reference }
        ],
        older: version(clean),
        newer: version(adding(clean, 'modules', { optional: [['diamorphine']] }))
      },
      { fleet: whole, drafts: [] }
    ).drafts
  expect(judged(all)).toEqual([expect.objectContaining({ severity: 'high', hosts: [4], cluster: 'c2' })])
  expect(judged([4])).toEqual([])
})

test('hosts that differ from the others only by an implant are not a role, and cannot approve it', async () => {
  const TOOLS = Array.from({ length: 12 }, (_, at) => `/opt/.x/tool-${'abcdefghijkl'[at]}`)
  const hosts = fleet(60, (index, rows) => {
    if (index < 20) rows.programs?.push(...TOOLS.map(path => ({ path, username: 'root' })))
  })
  const learned = await learnedFrom(hosts)
  expect(learned.roles).toEqual({})
  const approving = adding(clean, 'programs', { optional: TOOLS.map(path => [path, 'root']) })
  const { poisoned } = await review(hosts, clean, approving)
  expect([...new Set(poisoned.flatMap(finding => finding.hosts))].sort()).toEqual(
    Array.from({ length: 20 }, (_, at) => hostId(at))
  )
  expect(poisoned.every(({ severity }) => severity === 'high')).toBe(true)
})

test('a pull request that allows a stopped protection is found, with the hosts', async () => {
  const hosts = fleet(30, (index, rows) => {
    if (index < 2) rows.guards = []
  })
  const guards = { ...clean.queries.guards!, required: [], optional: [['auditd', 'active']] }
  const { poisoned } = await review(hosts, clean, { ...clean, queries: { ...clean.queries, guards } })
  expect(poisoned).toEqual([expect.objectContaining({ severity: 'high', hosts: [hostId(0), hostId(1)] })])
  expect(poisoned[0]?.rows[0]).toMatchObject({
    kind: 'missing',
    row: { name: 'auditd' },
    prevalence: { cluster: [28, 30] }
  })
})

test('a pull request that no longer requires an ordinary row, which two hosts lack, is no finding', async () => {
  const hosts = fleet(30, (index, rows) => {
    if (index < 2) rows.ports = []
  })
  const ports = { ...clean.queries.ports!, required: [], optional: clean.queries.ports!.required }
  const { poisoned } = await review(hosts, clean, { ...clean, queries: { ...clean.queries, ports } })
  expect(poisoned).toEqual([])
})

describe('a pull request that follows a rollout', () => {
  test('passes, and the hosts become clean', async () => {
    const { poisoned, effect, findings } = await review(
      withPort(27),
      clean,
      adding(clean, 'ports', { optional: [EXPORTER] })
    )
    expect(poisoned).toEqual([])
    expect(effect.becomeClean).toHaveLength(27)
    expect(effect.becomeDrifted).toEqual([])
    expect(effect.vanished).toEqual([expect.objectContaining({ verdict: 'rollout', queries: ['ports'] })])
    expect(findings.filter(({ kind, severity }) => kind === 'deviation' && severity !== 'info')).toEqual([])
  })

  test('too early, on fewer than half of the hosts, is a high finding', async () => {
    const { poisoned } = await review(withPort(14), clean, adding(clean, 'ports', { optional: [EXPORTER] }))
    expect(poisoned).toEqual([
      expect.objectContaining({
        severity: 'high',
        hosts: Array.from({ length: 14 }, (_, at) => hostId(at))
      })
    ])
    expect(
      (await review(withPort(15), clean, adding(clean, 'ports', { optional: [EXPORTER] }))).poisoned
    ).toEqual([])
  })

  test('as required makes the hosts drift that lack the row', async () => {
    const hosts = fleet(30, (index, rows) => {
      if (index < 28) rows.modules?.push({ name: 'br_netfilter' })
    })
    const { effect } = await review(hosts, clean, adding(clean, 'modules', { required: [['br_netfilter']] }))
    expect(effect.becomeClean).toHaveLength(28)
    expect(effect.becomeDrifted).toEqual([hostId(28), hostId(29)])
    expect(effect.appeared).toEqual([
      expect.objectContaining({ verdict: 'missing', hosts: [hostId(28), hostId(29)] })
    ])
  })
})

test('a pull request that changes nothing for the fleet approves nothing', async () => {
  const moved = {
    ...clean,
    queries: {
      ...clean.queries,
      ports: { ...clean.queries.ports!, required: [], optional: clean.queries.ports!.required }
    }
  }
  for (const baseline of [clean, moved, { ...clean, roles: { web: { queries: {} } } }]) {
    const { poisoned, effect } = await review(fleet(30), clean, baseline)
    expect(poisoned).toEqual([])
    expect(effect).toEqual({ becomeClean: [], becomeDrifted: [], vanished: [], appeared: [] })
  }
})

test('if 60 % of the hosts are compromised, a clean baseline finds all of them and no other', async () => {
  const bad = (index: number) => index % 5 < 3
  const hosts = fleet(50, (index, rows) => {
    if (!bad(index)) return
    rows.modules?.push({ name: 'diamorphine' })
    rows.programs?.push({ path: '/opt/.x/agent', username: 'root' })
    rows.cron?.push({ path: '/etc/cron.d/x', command: '/opt/.x/agent' })
  })
  const { findings } = await review(hosts, clean, clean)
  const serious = findings.filter(
    ({ kind, severity }) => kind === 'deviation' && ['critical', 'high', 'medium'].includes(severity)
  )
  const drifted = [...new Set(serious.flatMap(({ hosts }) => hosts))].sort()
  expect(drifted).toEqual(
    Array.from({ length: 50 }, (_, index) => index)
      .filter(bad)
      .map(hostId)
  )
  expect(serious.find(({ rows }) => rows.some(({ query }) => query === 'modules'))).toMatchObject({
    verdict: 'intruder'
  })
})

describe('the suggested update', () => {
  const suggestion = async (hosts: ReturnType<typeof fleet>, baseline = clean) => {
    const { match, analysis } = await review(hosts, baseline, baseline)
    return suggest(match, analysis)
  }

  test('follows a rollout: the row is required if every host has it, optional if most do', async () => {
    const all = await suggestion(withPort(30))
    expect(all?.changes.rows).toEqual([
      expect.objectContaining({
        change: 'added',
        query: 'ports',
        to: 'required',
        row: { protocol: '6', port: '9100', path: '/usr/bin/exporter' }
      })
    ])
    const most = await suggestion(withPort(27))
    expect(most?.changes.rows).toEqual([expect.objectContaining({ change: 'added', to: 'optional' })])
    const { poisoned, findings } = await review(withPort(27), clean, most!.baseline)
    expect(poisoned).toEqual([])
    expect(findings.filter(({ verdict }) => verdict === 'rollout')).toEqual([])
  })

  test('drops a row that a deploy removed', async () => {
    const removed = (hosts: number) =>
      fleet(30, (index, rows) => {
        if (index < hosts) rows.ports = rows.ports?.filter(({ port }) => port !== '443') ?? []
      })
    expect((await suggestion(removed(30)))?.changes.rows).toEqual([
      expect.objectContaining({ change: 'removed', from: 'required' })
    ])
    expect((await suggestion(removed(20)))?.changes.rows).toEqual([
      expect.objectContaining({ change: 'moved', from: 'required', to: 'optional' })
    ])
  })

  test('leaves out rare rows, and integrity tables however common their rows are', async () => {
    expect(await suggestion(withModule)).toBeNull()
    expect(await suggestion(withPort(1))).toBeNull()
    expect(await suggestion(withPort(10))).toBeNull()
    expect(await suggestion(fleet(30, (_, rows) => rows.modules?.push({ name: 'everywhere' })))).toBeNull()
    expect(await suggestion(fleet(30))).toBeNull()
  })

  test('adds a row to the role whose hosts have it', async () => {
    const roles = {
      a: {
        queries: { programs: { columns: ['path', 'username'], required: [['/opt/a', 'root']], optional: [] } }
      },
      b: {
        queries: { programs: { columns: ['path', 'username'], required: [['/opt/b', 'root']], optional: [] } }
      }
    }
    const hosts = fleet(30, (index, rows) => {
      rows.programs?.push({ path: index < 20 ? '/opt/a' : '/opt/b', username: 'root' })
      if (index < 20) rows.ports?.push({ protocol: '6', port: '9100', path: '/usr/bin/exporter' })
    })
    const changes = (await suggestion(hosts, { ...clean, roles }))?.changes.rows
    expect(changes).toEqual([
      expect.objectContaining({ change: 'added', role: 'a', query: 'ports', to: 'required' })
    ])
  })
})
