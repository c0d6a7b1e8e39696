import { describe, expect, test } from '@jest/globals'
import { rareLimit } from '../../src/analyze/counts.ts'
import type { Acceptance } from '../../src/baseline/baseline.ts'
import type { Row } from '../../src/snapshot/snapshot.ts'
import { baseline, findingsOf, TODAY } from '../support/findings.ts'
import { fleet, hostId } from '../support/fleets.ts'

const programs = (name: string, count: number): Row[] =>
  Array.from({ length: count }, (_, at) => ({ path: `/opt/${name}/${at}`, username: 'app' }))

test.each([
  [3, 1],
  [7, 1],
  [8, 2],
  [19, 2],
  [20, 3],
  [60, 9],
  [1_000, 150]
])('of %i hosts, at most %i differ rarely', (hosts, rare) => {
  expect(rareLimit(hosts)).toBe(rare)
})

describe('in a small role', () => {
  const ROLE = 6
  /** Sixty hosts, the first six of which are a role of their own. */
  const withRole = (change: (index: number, rows: Record<string, Row[]>) => void) =>
    fleet(60, (index, rows) => {
      rows.programs!.push(...programs(index < ROLE ? 'database' : 'web', 8))
      change(index, rows)
    })

  test('a kernel module that all of its hosts have, and no other, is a finding', async () => {
    const findings = await findingsOf(
      withRole((index, rows) => index < ROLE && rows.modules!.push({ name: 'diamorphine' }))
    )
    expect(findings).toMatchObject([{ hosts: Array.from({ length: ROLE }, (_, at) => hostId(at)) }])
  })

  test('what one of its hosts has like the rest of the fleet is no finding', async () => {
    const findings = await findingsOf(
      withRole((index, rows) => {
        if (index === 0 || index >= ROLE) rows.ports!.push({ protocol: '6', port: '31337', path: '/tmp/x' })
      })
    )
    expect(findings.flatMap(({ rows }) => rows).filter(({ kind }) => kind === 'unexpected')).toEqual([])
  })
})

describe('an answer that lacks many rows at once', () => {
  test('is short, also where it is long: a sixth of forty rows', async () => {
    const findings = await findingsOf(
      fleet(60, (index, rows) => rows.programs!.push(...programs('web', index === 3 ? 29 : 36)))
    )
    expect(findings).toMatchObject([
      {
        hosts: [hostId(3)],
        explanation: expect.stringContaining('7 of 40 usual rows of programs are missing at once')
      }
    ])
  })

  test('is no short answer where its rows are protections', async () => {
    const guards = ['auditd', 'osqueryd', 'falco', 'wazuh'].map(name => ({ name, state: 'active' }))
    const findings = await findingsOf(
      fleet(60, (index, rows) => {
        rows.guards = index === 3 ? [] : [...guards]
      })
    )
    expect(findings).toMatchObject([
      { verdict: 'broken-control', hosts: [hostId(3)], rows: guards.map(() => ({ kind: 'missing' })) }
    ])
  })
})

test('programs of many names in folders that anyone may write to are one finding', async () => {
  const paths = ['/tmp/alpha', '/var/tmp/b7/run', '/dev/shm/gamma-x', '/tmp/delta/epsilon']
  const findings = await findingsOf(
    fleet(60, (index, rows) => {
      const path = paths[index]
      if (path !== undefined) rows.programs!.push({ path, username: 'app' })
    })
  )
  expect(findings).toMatchObject([{ hosts: [0, 1, 2, 3].map(hostId) }])
})

describe('against a baseline', () => {
  test('what comes with a new kernel module on most hosts is part of its finding, not a rollout', async () => {
    const findings = await findingsOf(
      fleet(60, (index, rows) => {
        if (index >= 50) return
        rows.modules!.push({ name: 'diamorphine' })
        rows.programs!.push({ path: '/usr/sbin/agent', username: 'root' })
      }),
      baseline()
    )
    expect(findings).toHaveLength(1)
    expect(findings[0]?.verdict).not.toBe('rollout')
    expect(findings[0]?.rows.map(({ query }) => query).sort()).toEqual(['modules', 'programs'])
  })

  test.each([
    [TODAY, 'accepted'],
    ['2026-11-23', 'expired']
  ])('an acceptance until %s is %s: it holds through its last day', async (expires, state) => {
    const acceptance: Acceptance = {
      query: 'modules',
      match: { name: 'zfs' },
      reason: 'storage test',
      owner: '@acme/storage',
      expires
    }
    const findings = await findingsOf(
      fleet(60, (index, rows) => index === 4 && rows.modules!.push({ name: 'zfs' })),
      baseline({ accept: [acceptance] })
    )
    const open = findings.filter(({ acceptedBy }) => acceptedBy === null)
    expect(open.map(({ kind }) => kind).sort()).toEqual(
      state === 'accepted' ? [] : ['acceptance', 'deviation']
    )
  })
})
