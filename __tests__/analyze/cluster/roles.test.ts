import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { clusterFleet } from '../../../src/analyze/cluster/clusters.ts'
import { fleetBuilder } from '../../../src/normalize/fleet.ts'
import type { HostRecord, Row } from '../../../src/snapshot/snapshot.ts'
import { fleet, host, hostId, QUERIES } from '../../support/fleets.ts'

const RUNS = { numRuns: Number(process.env.FC_RUNS || 25) }

function clustersOf(hosts: readonly HostRecord[]) {
  const builder = fleetBuilder(QUERIES)
  for (const record of hosts) builder.add(record)
  const built = builder.finish()
  return clusterFleet(built).map(cluster => ({
    ...cluster,
    ids: cluster.hosts.map(index => built.hosts[index]!.id)
  }))
}

/** The hosts of each cluster, in an order that depends on nothing but them. */
const partition = (hosts: readonly HostRecord[]) =>
  clustersOf(hosts)
    .map(({ ids }) => ids.toSorted())
    .sort((a, b) => (a[0]! < b[0]! ? -1 : 1))

/** Rows of a service, over three tables. */
function addService(rows: Record<string, Row[]>, name: string, count: number): void {
  for (let at = 0; at < count; at++) {
    const path = `/opt/${name}/${at}`
    if (at % 3 === 0) rows.programs!.push({ path, username: name })
    else if (at % 3 === 1) rows.cron!.push({ path: `/etc/cron.d/${name}-${at}`, command: path })
    else rows.ports!.push({ protocol: '6', port: String(7000 + at), path })
  }
}

/** Roles of eight hosts and more, each with three rows and more that no other role has. */
const roles = fc.array(
  fc.record({ hosts: fc.integer({ min: 8, max: 30 }), rows: fc.integer({ min: 3, max: 9 }) }),
  {
    minLength: 2,
    maxLength: 4
  }
)

type Roles = readonly { readonly hosts: number; readonly rows: number }[]

function fleetOf(
  sizes: Roles,
  change: (index: number, rows: Record<string, Row[]>) => void = () => undefined
) {
  const roleOf = sizes.flatMap(({ hosts }, role) => Array.from({ length: hosts }, () => role))
  const hosts = fleet(roleOf.length, (index, rows) => {
    const role = roleOf[index]!
    addService(rows, `role${role}`, sizes[role]!.rows)
    change(index, rows)
  })
  const expected = sizes.map((_, role) =>
    hosts.filter((_, at) => roleOf[at] === role).map(({ host: id }) => id)
  )
  return { hosts, expected }
}

describe('roles', () => {
  test('a role of eight hosts that differs in three rows without an exception is a cluster', () => {
    fc.assert(
      fc.property(roles, sizes => {
        const { hosts, expected } = fleetOf(sizes)
        expect(partition(hosts)).toEqual(expected)
      }),
      RUNS
    )
  })

  test('the order of hosts and rows changes no cluster', () => {
    fc.assert(
      fc.property(roles, fc.func(fc.integer()), (sizes, rank) => {
        const { hosts } = fleetOf(sizes)
        const shuffled = hosts
          .toSorted((a, b) => rank(a.host) - rank(b.host))
          .map(({ host: id, queries }) =>
            host(
              id,
              Object.fromEntries(Object.entries(queries).map(([name, { rows }]) => [name, rows.toReversed()]))
            )
          )
        expect(partition(shuffled)).toEqual(partition(hosts))
      }),
      RUNS
    )
  })

  test('noise in one table moves no host to another cluster', () => {
    fc.assert(
      fc.property(roles, fc.integer({ min: 1, max: 12 }), (sizes, level) => {
        const { hosts, expected } = fleetOf(sizes, (index, rows) => {
          for (let at = 0; at < level; at++)
            rows.cron!.push({
              path: `/var/spool/noise/${(index * 7919 + at * 104729) % 50}`,
              command: String(at)
            })
        })
        expect(partition(hosts)).toEqual(expected)
      }),
      RUNS
    )
  })

  test('a copy of every host goes to the cluster of its original', () => {
    fc.assert(
      fc.property(roles, sizes => {
        const { hosts, expected } = fleetOf(sizes)
        const copies = hosts.map((record, at) => ({ ...record, host: hostId(at + 100_000) }))
        const idOf = new Map(hosts.map(({ host: id }, at) => [id, hostId(at + 100_000)]))
        expect(partition([...hosts, ...copies])).toEqual(
          expected.map(ids => [...ids, ...ids.map(id => idOf.get(id)!)].sort())
        )
      }),
      RUNS
    )
  })
})

describe('groups that are small or one-sided', () => {
  test('four hosts that replace rows of the others are a role', () => {
    const clusters = clustersOf(
      fleet(40, (index, rows) => addService(rows, index < 4 ? 'cache' : 'runner', 6))
    )
    expect(clusters.map(({ hosts }) => hosts.length)).toEqual([36, 4])
    expect(clusters.every(({ splitFrom }) => splitFrom === null)).toBe(true)
  })

  test('four hosts that only add rows are not', () => {
    const clusters = clustersOf(fleet(40, (index, rows) => index < 4 && addService(rows, 'kit', 9)))
    expect(clusters.map(({ hosts }) => hosts.length)).toEqual([40])
  })

  test('hosts that only lack rows are not a role when they are fewer than a quarter', () => {
    const clusters = clustersOf(fleet(60, (index, rows) => index >= 10 && addService(rows, 'job', 6)))
    expect(clusters.map(({ hosts }) => hosts.length)).toEqual([60])
  })

  test('a tool set on hosts of every role splits none of them', () => {
    const clusters = clustersOf(
      fleet(60, (index, rows) => {
        addService(rows, index % 2 === 0 ? 'web' : 'worker', 4)
        if (index % 5 < 2) addService(rows, 'debug', 9)
      })
    )
    expect(clusters.map(({ hosts }) => hosts.length)).toEqual([30, 30])
  })

  test('rows that are rarely innocent make no cluster', () => {
    const clusters = clustersOf(
      fleet(60, (index, rows) => {
        for (let at = 0; at < 6; at++) rows.modules!.push({ name: `${index % 2 === 0 ? 'old' : 'new'}${at}` })
      })
    )
    expect(clusters.map(({ hosts }) => hosts.length)).toEqual([60])
  })

  test('a host whose query failed goes to the role that its other rows name', () => {
    const hosts = fleet(40, (index, rows) => addService(rows, index % 2 === 0 ? 'web' : 'worker', 6)).map(
      (record, index) =>
        index === 4
          ? {
              ...record,
              queries: { ...record.queries, programs: { status: 'failed' as const, detail: null, rows: [] } }
            }
          : record
    )
    const cluster = clustersOf(hosts).find(({ ids }) => ids.includes(hostId(4)))
    expect(cluster?.ids).toContain(hostId(2))
    expect(cluster?.ids).toHaveLength(20)
  })
})
