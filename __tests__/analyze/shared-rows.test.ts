import { describe, expect, test } from '@jest/globals'
import type { Finding } from '../../src/analyze/finding.ts'
import { assess } from '../../src/assess.ts'
import type { Row } from '../../src/snapshot/snapshot.ts'
import { baseline, findingsOf } from '../support/findings.ts'
import { fleet, healthy, host, hostId, QUERIES, query } from '../support/fleets.ts'

type Rows = Record<string, Row[]>

const addTool = (folder: string) => (rows: Rows) => {
  rows.programs!.push({ path: `${folder}/beacon`, username: 'root', pid: '77' })
  rows.cron!.push({ path: '/etc/cron.d/beacon', command: `root ${folder}/beacon --again` })
}

/** Forty hosts of which those that `has` says have a tool in a folder. */
const withTool = (folder: string, has: (index: number) => boolean) =>
  fleet(40, (index, rows) => has(index) && addTool(folder)(rows))

const aboveLow = (findings: readonly Finding[]) =>
  findings.filter(({ severity }) => severity !== 'low' && severity !== 'info')

describe('rows that many hosts share', () => {
  test.each([10, 20, 30])(
    'a program in a hidden folder on %i of 40 hosts is one medium finding',
    async count => {
      const findings = await findingsOf(withTool('/opt/.cache', index => index < count))
      expect(findings).toHaveLength(1)
      expect(findings[0]).toMatchObject({ verdict: 'intruder', severity: 'medium' })
      expect(findings[0]!.hosts).toEqual(Array.from({ length: count }, (_, index) => hostId(index)))
      expect(findings[0]!.rows.map(({ query }) => query).sort()).toEqual(['cron', 'programs'])
    }
  )

  test('the same on as many hosts in a folder for temporary files', async () => {
    const findings = await findingsOf(withTool('/dev/shm/x', index => index % 2 === 0))
    expect(aboveLow(findings)).toMatchObject([{ severity: 'medium', verdict: 'intruder' }])
    expect(aboveLow(findings)[0]!.hosts).toHaveLength(20)
  })

  test.each(['/opt/beacon', '/usr/lib/beacon', '/var/www/beacon', '/home/app/.local'])(
    'a tool that a deploy puts in %s is nothing above low',
    async folder => {
      expect(aboveLow(await findingsOf(withTool(folder, index => index < 20)))).toEqual([])
    }
  )

  test('what nearly all hosts have is what the fleet has', async () => {
    const findings = await findingsOf(withTool('/opt/.cache', index => index !== 3))
    expect(findings.flatMap(({ rows }) => rows).filter(({ kind }) => kind === 'unexpected')).toEqual([])
  })

  test('what all hosts of a role have is what the role has', async () => {
    const hosts = fleet(40, (index, rows) => {
      const role = index < 20 ? 'web' : 'db'
      for (let at = 0; at < 6; at++) rows.programs!.push({ path: `/opt/${role}/${at}`, username: 'app' })
      if (role === 'web') addTool('/opt/.cache')(rows)
    })
    expect(aboveLow(await findingsOf(hosts))).toEqual([])
  })

  test('hosts without it miss nothing', async () => {
    const findings = await findingsOf(withTool('/opt/.cache', index => index < 33))
    expect(findings.flatMap(({ rows }) => rows).filter(({ kind }) => kind === 'missing')).toEqual([])
  })

  test('rare in one role and frequent in another, it is one finding with all of its hosts', async () => {
    const victims = [0, 20, 21, 22, 23, 24]
    const hosts = fleet(60, (index, rows) => {
      const role = index < 20 ? 'web' : index < 32 ? 'db' : 'api'
      for (let at = 0; at < 6; at++) rows.programs!.push({ path: `/opt/${role}/${at}`, username: 'app' })
      if (victims.includes(index)) addTool('/opt/.cache')(rows)
    })
    const findings = aboveLow(await findingsOf(hosts))
    expect(findings).toHaveLength(1)
    expect(findings[0]).toMatchObject({ severity: 'high', hosts: victims.map(hostId) })
  })

  test('a baseline answers instead', async () => {
    const hosts = withTool('/opt/.cache', index => index < 20)
    const known = baseline()
    const queries = {
      ...known.queries,
      programs: { ...known.queries.programs!, optional: [['/opt/.cache/beacon', 'root']] }
    }
    const findings = await findingsOf(hosts, { ...known, queries })
    expect(findings.flatMap(({ rows }) => rows).filter(({ query }) => query === 'programs')).toEqual([])
  })
})

describe('rows that met on one host', () => {
  const planted = (plain: number) =>
    fleet(40, (index, rows) => {
      if (index !== 5) return
      rows.cron!.push({ path: '/etc/cron.d/qz', command: 'root /var/tmp/qz --wait' })
      for (let at = 0; at < plain; at++) rows.programs!.push({ path: `/usr/bin/p${at}`, username: 'app' })
    })

  test('a plain row that nothing ties to a cause stays out of its finding', async () => {
    const findings = await findingsOf(planted(2))
    expect(findings).toMatchObject([{ severity: 'high', hosts: [hostId(5)], rows: [{ query: 'cron' }] }])
    expect(findings[0]!.rows).toHaveLength(1)
  })

  test('several at once in one table are told with it', async () => {
    const [finding] = await findingsOf(planted(3))
    expect(finding!.rows.map(({ query }) => query).sort()).toEqual([
      'cron',
      'programs',
      'programs',
      'programs'
    ])
  })

  test('a kernel module with the name of a job on the same hosts is in the finding of the job', async () => {
    const findings = await findingsOf(
      fleet(40, (index, rows) => {
        if (index === 5 || index === 6) {
          rows.cron!.push({ path: '/etc/cron.d/usbagent', command: 'root /var/tmp/.usbagent' })
          rows.modules!.push({ name: 'usbagent' })
        }
        if ([10, 11, 12].includes(index)) rows.modules!.push({ name: `odd${'xyz'[index - 10]}mod` })
      })
    )
    const about = findings.filter(({ rows }) => JSON.stringify(rows).includes('usbagent'))
    expect(about).toMatchObject([{ severity: 'high', hosts: [hostId(5), hostId(6)] }])
    expect(about[0]!.rows.map(({ query }) => query).sort()).toEqual(['cron', 'modules'])
  })

  const HOOKS = query('hooks', ['path', 'sha256'], {
    sql: "SELECT path, sha256 FROM file JOIN hash USING (path) WHERE path LIKE '/etc/udev/rules.d/%'"
  })

  test('a file of hooks on a host that also has its share of noise is told, whatever files others have', async () => {
    const hosts = Array.from({ length: 40 }, (_, index) => {
      const rows: Rows = healthy(index)
      rows.hooks = [{ path: '/etc/udev/rules.d/10-all.rules', sha256: 'aa' }]
      // A scratch program on every fourth host: noise by its shape.
      if (index % 4 === 0)
        rows.programs!.push({ path: `/usr/bin/job-${40_000 + index * 977}`, username: 'app' })
      if ([8, 9, 10, 11, 13, 14].includes(index))
        rows.hooks.push({
          path: `/etc/udev/rules.d/${'abcdefghijklmno'[index]}word.rules`,
          sha256: `${index}`
        })
      return host(hostId(index), rows)
    })
    const question = { queries: [...QUERIES, HOOKS], baseline: null, indicators: [], today: '2026-11-24' }
    const { findings } = await assess(question, async function* () {
      yield* hosts
    })
    expect(findings.filter(({ hosts: on }) => on.includes(hostId(8)))).toMatchObject([
      { rows: [{ query: 'hooks' }] }
    ])
  })

  test('programs of root that run from memory are high each, on however many hosts', async () => {
    const MEMORY = query('memory', ['name', 'path'], { weight: 'integrity', attack: ['T1620'] })
    const found = async (victims: number) => {
      const hosts = Array.from({ length: 24 }, (_, index) =>
        host(hostId(index), {
          ...healthy(index),
          memory:
            index < victims
              ? [{ name: `x${'abcdefgh'[index]}word`, path: `/memfd:${'abcdefgh'[index]}word` }]
              : []
        })
      )
      const question = { queries: [...QUERIES, MEMORY], baseline: null, indicators: [], today: '2026-11-24' }
      return (
        await assess(question, async function* () {
          yield* hosts
        })
      ).findings
    }
    for (const victims of [1, 2, 5]) {
      const findings = await found(victims)
      expect(findings.map(({ severity }) => severity)).toEqual(findings.map(() => 'high'))
      expect(findings.flatMap(({ hosts }) => hosts)).toHaveLength(victims)
    }
  })
})
