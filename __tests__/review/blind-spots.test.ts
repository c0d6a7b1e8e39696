import { describe, expect, test } from '@jest/globals'
import type { Baseline, BaselineQuery } from '../../src/baseline/baseline.ts'
import type { HostRecord } from '../../src/snapshot/snapshot.ts'
import { fleet, hostId } from '../support/fleets.ts'
import { accepting, adding, learnedFrom, review } from '../support/reviews.ts'

const clean = await learnedFrom(fleet(30))

const saying = (name: string, query: Partial<BaselineQuery>): Baseline => ({
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
const told = (severity: string, words: RegExp, hosts: string[] = []) => ({
  severity,
  hosts,
  explanation: expect.stringMatching(words)
})

describe('what a pull request makes unseen is told while the fleet is still healthy:', () => {
  test('a table of integrity that the baseline no longer speaks of', async () => {
    expect(await found(fleet(30), clean, without('modules'))).toEqual([
      told('high', /^The new baseline no longer judges modules on 30 hosts/)
    ])
    expect(await found(fleet(30), clean, saying('modules', { columns: ['nom'] }))).toEqual([
      told('high', /no longer judges modules/)
    ])
    expect(await found(fleet(30), clean, without('sessions'))).toEqual([
      told('low', /no longer judges sessions/)
    ])
  })

  test('a pattern in the place of rows', async () => {
    expect(
      await found(fleet(30), clean, saying('modules', { required: [], optional: [['<rand>']] }))
    ).toEqual([told('high', /modules with a pattern/)])
    const programs = saying('programs', {
      required: [['/usr/bin/node', 'app']],
      optional: [['/usr/sbin/<rand>', 'root']]
    })
    expect(await found(fleet(30), clean, programs)).toEqual([told('medium', /programs with a pattern/)])
    expect(await found(fleet(30), programs, programs)).toEqual([])
  })

  test('but not the pattern of many variants, as mode baseline writes it', async () => {
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
    expect(await found(hosts, older, learned)).toEqual([])
  })

  test('a protection that is no longer required', async () => {
    const { required } = clean.queries.guards!
    expect(await found(fleet(30), clean, saying('guards', { required: [], optional: required }))).toEqual([
      told('medium', /^The new baseline no longer requires a row of guards/)
    ])
    const lax = {
      ...clean,
      queries: { ...clean.queries, guards: { ...clean.queries.guards!, required: [] } }
    }
    const roles = { a: { queries: {} }, web: { queries: { guards: clean.queries.guards! } } }
    expect(await found(fleet(30), clean, { ...lax, roles })).toEqual([])
  })

  test('an acceptance that takes in what nobody has yet', async () => {
    expect(await found(fleet(30), clean, accepting(clean, 'modules', { name: '*' }))).toEqual([
      told('high', /accepts rows of modules/)
    ])
    expect(await found(fleet(30), clean, accepting(clean, 'guards', { name: 'auditd' }))).toEqual([
      told('high', /accepts rows of guards/)
    ])
    const rolledOut = fleet(30, (_, rows) => {
      rows.modules?.push({ name: 'br_netfilter' })
      rows.programs?.push({ path: '/opt/agent', username: 'root' })
    })
    expect(await found(rolledOut, clean, accepting(clean, 'modules', { name: '*' }))).toEqual([
      told('high', /accepts more rows of modules/)
    ])
    expect(await found(rolledOut, clean, accepting(clean, 'programs', { path: '**' }))).toEqual([
      told('medium', /accepts more rows of programs/)
    ])
    expect(await found(rolledOut, clean, accepting(clean, 'programs', { path: '/opt/agent' }))).toEqual([])
    const known = accepting(clean, 'modules', { name: '*' })
    expect(await found(fleet(30), known, known)).toEqual([])
  })
})

describe('a stopped protection is not excused', () => {
  const lacking = fleet(30, (index, rows) => {
    if (index < 2) rows.guards = []
  })
  const excusing = saying('guards', { required: [], optional: clean.queries.guards!.required })

  test('by a baseline that is new', async () => {
    expect(await found(lacking, null, excusing)).toContainEqual(
      told('high', /no longer requires a row of guards that 2 of 30 hosts lack/, [hostId(0), hostId(1)])
    )
  })

  test('by a query that is new in it', async () => {
    expect(await found(lacking, without('guards'), excusing)).toEqual([
      told('high', /no longer requires a row of guards that 2 of 30 hosts lack/, [hostId(0), hostId(1)])
    ])
    expect(await found(lacking, without('guards'), clean)).toEqual([])
  })
})

test('a row of a query that nobody answered is told: nobody can say who has it', async () => {
  const hosts = fleet(30).map(one => ({
    ...one,
    status: 'partial' as const,
    queries: { ...one.queries, modules: { status: 'failed' as const, detail: 'no table', rows: [] } }
  }))
  expect(await found(hosts, clean, adding(clean, 'modules', { optional: [['diamorphine']] }))).toEqual([
    told('high', /no host answered/)
  ])
  expect(await found(hosts, clean, clean)).toEqual([])
})

test('the order of roles in the file has no say in which of two a host belongs to', async () => {
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
