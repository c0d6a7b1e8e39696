import { describe, expect, test } from '@jest/globals'
import { assess } from '../../src/assess.ts'
import type { Baseline } from '../../src/baseline/baseline.ts'
import { type Fleet, fleetBuilder } from '../../src/normalize/fleet.ts'
import type { HostRecord, Row } from '../../src/snapshot/snapshot.ts'
import { host, hostId, query } from '../support/fleets.ts'

const build = (hosts: readonly HostRecord[]): Fleet => {
  const builder = fleetBuilder([query('f', null)])
  for (const one of hosts) builder.add(one)
  return builder.finish()
}
const identityOf = (rowsOf: readonly Row[][]) =>
  build(rowsOf.map((rows, index) => host(hostId(index), { f: rows }))).queries[0]!.identity

/** A row of one program, on any host. */
const plain = (index: number, rest: Row = {}): Row => ({
  path: '/usr/bin/app',
  lease: `x${index * 7919}`,
  ...rest
})
const hosts = (count: number, rows: (index: number) => Row[]) =>
  Array.from({ length: count }, (_, at) => rows(at))

describe('the columns of a foreign query', () => {
  test('leave out those whose values hardly repeat while the rest of the row does', () => {
    expect(identityOf(hosts(30, index => [plain(index)]))).toEqual(['path'])
  })

  test('leave out several such columns, and one whose numbers coincide by chance', () => {
    const rows = hosts(200, index => [
      { name: 'a', job: String((index * 7919) % 97), stamp: `t${index}`, token: `k${index * 31}` },
      { name: 'b', job: String((index * 104_729) % 97), stamp: `t${index}`, token: `q${index * 37}` }
    ])
    expect(identityOf(rows)).toEqual(['name'])
  })

  test('keep a column with many values that every host has', () => {
    const rows = hosts(30, () =>
      Array.from({ length: 300 }, (_, at) => ({ name: `package-${at}`, arch: 'amd64' }))
    )
    expect(identityOf(rows)).toEqual(['arch', 'name'])
  })

  test('keep a column that distinguishes versions or roles', () => {
    const rows = hosts(60, index => [
      plain(index, { version: `1.${index % 4}` }),
      { path: `/opt/${index % 5}`, lease: '', version: '1' }
    ])
    expect(identityOf(rows)).toEqual(['path', 'version'])
  })

  test('always keep names of programs and keys, however random', () => {
    const rows = hosts(30, index => [{ name: 'app', path: `/tmp/${index}`, key: `k${index}` }])
    expect(identityOf(rows)).toEqual(['key', 'name', 'path'])
  })

  test('keep a port that hosts share, and leave out an ephemeral one', () => {
    const rows = hosts(30, index => [{ name: 'app', port: '443', source_port: String(32_768 + index * 17) }])
    expect(identityOf(rows)).toEqual(['name', 'port'])
  })

  test('are all but the known volatile ones if there are too few hosts to infer more', () => {
    expect(identityOf(hosts(3, index => [plain(index, { pid: String(index) })]))).toEqual(['lease', 'path'])
  })

  test('do not change because of one hostile host, whatever it sends', () => {
    const flood = Array.from({ length: 5000 }, (_, at) => plain(at, { mode: `s${at}`, extra: 'x' }))
    const rows = hosts(30, index => (index === 7 ? flood : [plain(index, { mode: 'up' })]))
    expect(identityOf(rows)).toEqual(['mode', 'path'])
  })

  test('make rows that differ in nothing else one item, in any order of hosts', () => {
    const list = hosts(30, index => [plain(index), plain(index + 1)]).map((rows, index) =>
      host(hostId(index), { f: rows })
    )
    const fleet = build(list)
    expect(fleet.items).toEqual([{ query: 0, columns: ['path'], values: ['/usr/bin/app'] }])
    expect(fleet.hosts.map(({ items }) => [...items])).toEqual(list.map(() => [0]))
    expect(build([...list].reverse())).toEqual(fleet)
  })

  test('come from the baseline if it has the query, and findings show the raw rows', async () => {
    const baseline: Baseline = {
      version: 1,
      name: 'x',
      packs: {},
      queries: { f: { columns: ['path', 'lease'], required: [], optional: [['/usr/bin/app', 'x0']] } },
      accept: [],
      roles: {}
    }
    const question = { queries: [query('f', null)], baseline, indicators: [], today: '2026-01-01' }
    const list = hosts(30, index => [plain(index === 3 ? 1 : 0, { pid: '4711' })])
    const { analysis, findings } = await assess(question, async function* () {
      for (const [index, rows] of list.entries()) yield host(hostId(index), { f: rows })
    })
    expect(analysis.fleet.queries[0]!.identity).toEqual(['lease', 'path'])
    expect(findings).toMatchObject([
      {
        hosts: [hostId(3)],
        rows: [{ row: { path: '/usr/bin/app', lease: 'x7919', pid: '4711' }, baseline: 'new' }]
      }
    ])
  })
})

test('a host that names other columns in each row has few columns in the end, and is still seen', () => {
  const builder = fleetBuilder([query('f', null)])
  const rows = Array.from(
    { length: 500 },
    (_, at): Row => Object.fromEntries(Array.from({ length: 20 }, (_, column) => [`c${column}_${at}`, 'x']))
  )
  builder.add(host('a', { f: rows }))
  const { queries, hosts } = builder.finish()
  expect(queries[0]?.identity).toHaveLength(256)
  expect(hosts[0]?.items.length).toBeGreaterThan(0)
})
