import { describe, expect, test } from '@jest/globals'
import type { Severity } from '../../src/analyze/finding.ts'
import { assess } from '../../src/assess.ts'
import type { Row } from '../../src/snapshot/snapshot.ts'
import { host, hostId, QUERIES, query } from '../support/fleets.ts'

const CONTROLS = query('controls', ['id', 'state'], {
  sql: "SELECT id, state FROM systemd_units WHERE id IN ('auditd.service', 'falcon-sensor.service')",
  changes: ['state'],
  control: true
})
const UNITS = query('units', ['id', 'fragment_path'], { sql: 'SELECT id, fragment_path FROM systemd_units' })

type Rows = Record<'programs' | 'controls' | 'units', Row[]>

/** The severities of findings in a fleet of forty hosts of which the first is changed. */
async function severities(change: (rows: Rows) => void): Promise<Severity[]> {
  const hosts = Array.from({ length: 40 }, (_, index) => {
    const rows: Rows = {
      programs: ['/usr/sbin/auditd', '/usr/sbin/sshd'].map(path => ({ path, username: 'root' })),
      controls: [{ id: 'auditd.service', state: 'running' }],
      units: [{ id: 'auditd.service', fragment_path: '/usr/lib/systemd/system/auditd.service' }]
    }
    if (index === 0) change(rows)
    return host(hostId(index), rows)
  })
  const [programs] = QUERIES
  const question = {
    queries: [programs, CONTROLS, UNITS],
    baseline: null,
    indicators: [],
    today: '2026-11-24'
  }
  const { findings } = await assess(question, async function* () {
    yield* hosts
  })
  return findings.map(({ severity }) => severity)
}

const kill = (rows: Rows) => rows.programs.shift()

describe("the process of a protection that the pack's own query asks for", () => {
  test('is gone while the query says that the protection runs: low', async () => {
    expect(await severities(kill)).toEqual(['low'])
  })

  test('is gone and the protection is stopped: high', async () => {
    expect(
      await severities(rows => {
        kill(rows)
        rows.controls[0] = { id: 'auditd.service', state: 'stopped' }
      })
    ).toEqual(['high'])
  })

  test('is gone and the query does not list the protection: high', async () => {
    expect(
      await severities(rows => {
        kill(rows)
        rows.controls.shift()
      })
    ).toEqual(['high'])
  })

  test('is gone and another protection runs: at least medium', async () => {
    expect(
      await severities(rows => {
        kill(rows)
        rows.controls[0] = { id: 'falcon-sensor.service', state: 'running' }
      })
    ).not.toContain('low')
  })

  test('is gone together with its unit: at least medium', async () => {
    const found = await severities(rows => {
      kill(rows)
      rows.units.shift()
    })
    expect(found).toHaveLength(1)
    expect(['medium', 'high']).toContain(found[0])
  })
})
