import { describe, expect, test } from '@jest/globals'
import { analyze } from '../../../src/analyze/analyze.ts'
import { fleetBuilder } from '../../../src/normalize/fleet.ts'
import type { HostRecord, Row } from '../../../src/snapshot/snapshot.ts'
import { fleet, hostId, QUERIES } from '../../support/fleets.ts'

const TODAY = '2026-11-24'

function analysisOf(hosts: readonly HostRecord[]) {
  const builder = fleetBuilder(QUERIES)
  for (const host of hosts) builder.add(host)
  return analyze(builder.finish(), null, TODAY)
}

/** The sizes of the clusters, largest first. */
const sizes = (hosts: readonly HostRecord[]) =>
  analysisOf(hosts).clusters.map(cluster => cluster.hosts.length)

const programs = (name: string, count: number): Row[] =>
  Array.from({ length: count }, (_, at) => ({ path: `/opt/${name}/${at}`, username: 'app' }))

describe('clusters', () => {
  test('a homogeneous fleet is one cluster', () => {
    const { clusters, profiles } = analysisOf(fleet(60))
    expect(clusters).toHaveLength(1)
    expect(profiles).toEqual([{ label: 'all hosts', items: [] }])
  })

  test('two roles are two clusters, each described by what sets it apart', () => {
    const {
      clusters,
      profiles,
      fleet: whole
    } = analysisOf(
      fleet(60, (index, rows) => rows.programs!.push(...programs(index % 4 === 0 ? 'database' : 'web', 6)))
    )
    expect(clusters.map(cluster => cluster.hosts.length)).toEqual([45, 15])
    const paths = profiles.map(card => card.items.map(item => whole.items[item]!.values[0]))
    expect(paths[0]).toEqual(Array.from({ length: 6 }, (_, at) => `/opt/web/${at}`))
    expect(paths[1]).toEqual(Array.from({ length: 6 }, (_, at) => `/opt/database/${at}`))
    expect(profiles.some(card => card.label.includes('additions'))).toBe(false)
  })

  test('versions within roles are clusters too', () => {
    const hosts = fleet(96, (index, rows) => {
      rows.programs!.push(...programs(`role${index % 2}`, 8), ...programs(`version${index % 4}`, 6))
    })
    expect(sizes(hosts)).toEqual([24, 24, 24, 24])
  })

  test('a canary that replaces rows on a tenth of the hosts is a cluster', () => {
    const hosts = fleet(60, (index, rows) =>
      rows.programs!.push(...programs(index % 10 === 0 ? 'new' : 'old', 5))
    )
    expect(sizes(hosts)).toEqual([54, 6])
  })

  test('several versions that share no row are clusters, though each only adds to the others', () => {
    const hosts = fleet(100, (index, rows) => rows.programs!.push(...programs(`version${index % 5}`, 5)))
    expect(sizes(hosts)).toEqual([20, 20, 20, 20, 20])
    expect(analysisOf(hosts).profiles.some(card => card.label.includes('additions'))).toBe(false)
  })

  test('tools that most hosts lack are not versions', () => {
    const hosts = fleet(100, (index, rows) => {
      if (index % 10 < 3) rows.programs!.push(...programs(`tool${index % 10}`, 5))
    })
    expect(sizes(hosts)).toEqual([100])
  })

  test('an implant on a few hosts is not a cluster', () => {
    const hosts = fleet(
      60,
      (index, rows) => [3, 9, 21].includes(index) && rows.programs!.push(...programs('x', 6))
    )
    expect(sizes(hosts)).toEqual([60])
  })

  test('hosts that were split off only by added rows are marked', () => {
    const { clusters } = analysisOf(
      fleet(60, (index, rows) => index % 2 === 0 && rows.programs!.push(...programs('x', 12)))
    )
    expect(clusters.filter(({ splitFrom }) => splitFrom !== null)).toHaveLength(1)
  })

  test('a few rows that some hosts of a cluster share are reported as a variant', () => {
    const { clusters, drafts } = analysisOf(
      fleet(60, (index, rows) => index % 5 === 0 && rows.programs!.push(...programs('x', 4)))
    )
    expect(clusters).toHaveLength(1)
    expect(drafts).toMatchObject([
      {
        verdict: 'variation',
        severity: 'low',
        hosts: Array.from({ length: 12 }, (_, at) => at * 5),
        explanation:
          '12 of the 60 hosts of c1 differ together in 4 rows of programs: a variant of the role, or a compromise of many hosts.'
      }
    ])
    expect(drafts[0]!.rows).toHaveLength(4)
  })

  test('hosts that run things at random are one cluster', () => {
    const hosts = fleet(64, (index, rows) => {
      for (let bit = 0; bit < 5; bit++)
        if ((index >> bit) % 2 === 1) rows.programs!.push(...programs(`c${bit}`, 7))
    })
    expect(sizes(hosts)).toEqual([64])
  })

  test('a query that was cut on some hosts splits no cluster', () => {
    const hosts = fleet(60, (index, rows) => {
      rows.programs!.push(...programs('web', 20))
      if (index % 4 === 0) rows.programs!.splice(5)
    })
    expect(sizes(hosts)).toEqual([60])
  })

  test('a host like no other is isolated, is reported low, and hides no real finding', () => {
    const { clusters, drafts } = analysisOf(
      fleet(60, (index, rows) => {
        rows.ports!.push({ protocol: '6', port: '9100', path: '/usr/bin/exporter' })
        rows.programs!.push(...programs('web', 20))
        if (index === 5) {
          rows.programs = programs('bastion', 14)
          rows.ports = [{ protocol: '6', port: '2222', path: '/opt/bastion/0' }]
          rows.modules = rows.modules!.slice(1)
        }
        if (index === 17) {
          rows.programs!.push({ path: '/usr/lib/.x', username: 'root' })
          rows.ports!.push({ protocol: '6', port: '31337', path: '/usr/lib/.x' })
        }
      })
    )
    expect(clusters.map(cluster => cluster.hosts.length)).toEqual([59, 1])
    expect(drafts.filter(draft => draft.severity === 'high').map(draft => draft.hosts)).toEqual([[17]])
    expect(drafts.filter(draft => draft.hosts.includes(5))).toMatchObject([
      { verdict: 'variation', severity: 'low' }
    ])
  })

  test('one host with a large tool set of its own is not isolated: it is medium', () => {
    const { clusters, drafts } = analysisOf(
      fleet(60, (index, rows) => {
        if (index !== 7) return
        rows.programs!.push(...programs('kit', 14))
        rows.cron!.push({ path: '/etc/cron.d/kit', command: '/opt/kit/0' })
      })
    )
    expect(clusters).toHaveLength(1)
    expect(drafts).toMatchObject([{ severity: 'medium', hosts: [7] }])
    expect(drafts[0]!.rows).toHaveLength(15)
  })
})

describe('coverage and size', () => {
  test('an answer that lost half of its rows at once is reported low, for coverage', () => {
    const { drafts } = analysisOf(
      fleet(60, (index, rows) => {
        rows.programs!.push(...programs('web', 20))
        if (index === 4) rows.programs!.splice(8)
      })
    )
    expect(drafts).toMatchObject([{ verdict: 'missing', severity: 'low', hosts: [4] }])
    expect(drafts[0]!.explanation).toMatch(/^16 of 24 usual rows of programs are missing at once on 1 host: /)
  })

  test('a notice says that a fleet is small', () => {
    expect(analysisOf(fleet(12)).notices).toEqual([
      'Only 12 hosts were compared. With fewer than 30, "rare" and "common" are weak evidence.'
    ])
    expect(analysisOf(fleet(2)).notices[0]).toMatch(/^Only 2 hosts answered: too few to compare/)
  })

  test('a notice says that a cluster is small', () => {
    const hosts = fleet(60, (index, rows) =>
      rows.programs!.push(...programs(index % 12 === 0 ? 'database' : 'web', 8))
    )
    expect(analysisOf(hosts).notices).toEqual([
      'Cluster c2 has fewer than 8 hosts: what is usual there is weak evidence.'
    ])
  })

  test('one implant on hosts of two roles is one finding', () => {
    const { clusters, drafts } = analysisOf(
      fleet(60, (index, rows) => {
        rows.programs!.push(...programs(index % 2 === 0 ? 'database' : 'web', 8))
        if (![4, 7, 12, 13, 31].includes(index)) return
        rows.programs!.push({ path: '/usr/lib/.x', username: 'root' })
        rows.ports!.push({ protocol: '6', port: '31337', path: '/usr/lib/.x' })
      })
    )
    expect(clusters).toHaveLength(2)
    expect(drafts).toMatchObject([{ severity: 'high', hosts: [4, 7, 12, 13, 31], cluster: null }])
    expect(drafts[0]!.rows[0]!.prevalence).toEqual({ cluster: [5, 60], fleet: [5, 60] })
    expect(hostId(4)).toMatch(/^i-/)
  })

  test('hosts whose answers lack most rows of one table are not a role', () => {
    const jobs = Array.from({ length: 20 }, (_, at) => ({
      path: `/etc/cron.d/${at}`,
      command: `root /usr/bin/${at}`
    }))
    const cut = (index: number) => jobs.slice(0, index % 4 === 0 ? 6 : 20)
    expect(sizes(fleet(60, (index, rows) => rows.cron!.push(...cut(index))))).toEqual([60])
  })

  test('two hosts that share a few rows more, and a few less, are not a role', () => {
    expect(
      sizes(
        fleet(60, (index, rows) => {
          const isPair = index === 4 || index === 9
          rows.programs!.push(...programs('web', isPair ? 17 : 20), ...programs('extra', isPair ? 12 : 0))
        })
      )
    ).toEqual([60])
  })
})
