import { describe, expect, test } from '@jest/globals'
import { generate } from '../../bench/quality/fleet/generate.ts'
import type { TrueFleet } from '../../bench/quality/fleet/ground-truth.ts'
import { FAMILIES } from '../../bench/quality/fleet/scenarios.ts'
import { HELD_OUT } from '../../bench/quality/held-out/scenarios.ts'
import { adjustedRandIndex, averagePrecision } from '../../bench/quality/metrics.ts'
import { belowFloor } from '../../bench/quality/print.ts'
import type { Answer } from '../../bench/quality/result.ts'
import { FIGURES, score } from '../../bench/quality/score.ts'

const ALL = [...FAMILIES, ...HELD_OUT]
const familyOf = (name: string) => ALL.find(family => family.name === name)!
const SEED = 77

/** One fleet of each family that is not large. */
const FLEETS = ALL.filter(({ hosts }) => hosts <= 150).map(family => ({
  family,
  fleet: generate(family, SEED)
}))

/** What somebody who knows the truth would say. */
function perfect(fleet: TrueFleet): Answer {
  const assessed = fleet.hosts.filter(({ status }) => status !== 'silent').map(({ host }) => host)
  const incidents = fleet.plants.filter(({ kind }) => kind === 'incident')
  const sick = new Set(incidents.flatMap(({ hosts }) => hosts))
  return {
    clusters: [...Map.groupBy(assessed, host => fleet.cells.get(host)).values()],
    findings: incidents.map(({ hosts, rows }) => ({
      hosts,
      rows: rows.map(({ kind, query, row, instead }) => ({ kind, query, row, expected: instead })),
      alert: true,
      told: true
    })),
    hosts: [...assessed].sort((a, b) => Number(sick.has(b)) - Number(sick.has(a))),
    aboveLow: incidents.length > 0
  }
}

describe('generated fleets', () => {
  test('the same family and seed give the same fleet, another seed another one', () => {
    const family = familyOf('kit-60')
    expect(generate(family, SEED)).toEqual(generate(family, SEED))
    expect(generate(family, SEED).hosts).not.toEqual(generate(family, SEED + 1).hosts)
  })

  test('what is planted can be seen: every row is on its hosts, or gone from them', () => {
    for (const { family, fleet } of FLEETS) {
      const byHost = new Map(fleet.hosts.map(one => [one.host, one]))
      const rowsOf = (host: string, query: string) => byHost.get(host)?.queries[query]?.rows ?? []
      for (const plant of fleet.plants) {
        expect(plant.rows.length).toBeGreaterThan(0)
        for (const { kind, query, row } of plant.rows) {
          for (const host of plant.hosts) {
            const there = rowsOf(host, query).some(seen =>
              Object.entries(row).every(([column, value]) => seen[column] === value)
            )
            expect([family.name, host, query, row, there]).toEqual([
              family.name,
              host,
              query,
              row,
              kind !== 'missing'
            ])
          }
        }
      }
    }
  })

  test('nothing is planted on a host twice, on a silent one or where a query was cut', () => {
    for (const { fleet } of FLEETS) {
      const planted = fleet.plants.flatMap(({ hosts }) => hosts)
      expect(new Set(planted).size).toBe(planted.length)
      for (const host of planted) expect(fleet.hosts.find(one => one.host === host)?.status).toBe('reported')
    }
  })

  test('families have names of their own', () => {
    expect(new Set(ALL.map(({ name }) => name)).size).toBe(ALL.length)
  })
})

describe('scoring', () => {
  test('the truth itself reaches every goal', () => {
    for (const { family, fleet } of FLEETS) {
      const benign = fleet.plants.some(({ kind }) => kind === 'benign')
      for (const { key, sum, weight } of score(family, fleet, perfect(fleet))) {
        const figure = FIGURES.find(one => one.key === key)!
        if (weight === 0 || benign) continue
        expect([family.name, key, sum / weight]).toEqual([family.name, key, figure.least ? 1 : 0])
      }
    }
  })

  test('to say nothing finds nothing, and to accuse every host is no precision', () => {
    const family = familyOf('kit-60')
    const fleet = generate(family, SEED)
    const truth = perfect(fleet)
    const figureOf = (answer: Answer, key: string) => {
      const seen = score(family, fleet, answer).filter(one => one.key === key)
      return seen.reduce((sum, one) => sum + one.sum, 0) / seen.reduce((sum, one) => sum + one.weight, 0)
    }
    const silent = { ...truth, findings: [] }
    for (const key of ['alert', 'first', 'five']) expect(figureOf(silent, key)).toBe(0)
    const everybody = truth.hosts.map(host => ({
      hosts: [host],
      rows: [
        { kind: 'unexpected' as const, query: 'programs', row: { path: '/x', username: 'y' }, expected: null }
      ],
      alert: true,
      told: true
    }))
    const shouting = { ...truth, findings: [...everybody, ...truth.findings] }
    expect(figureOf(shouting, 'precision')).toBeLessThan(0.2)
    expect(figureOf(shouting, 'first')).toBe(0)
    expect(figureOf(shouting, 'five')).toBe(0)
  })

  test('a finding that names half of the fleet holds no incident', () => {
    const family = familyOf('kit-60')
    const fleet = generate(family, SEED)
    const truth = perfect(fleet)
    const vague = {
      ...truth,
      findings: truth.findings.map(found => ({
        ...found,
        hosts: truth.hosts.slice(0, 30).concat(found.hosts)
      }))
    }
    expect(score(family, fleet, vague).find(({ key }) => key === 'alert')?.sum).toBe(0)
  })

  test('the adjusted Rand index is 1 for the same partition, 0 for one cluster, and as in Hubert and Arabie between', () => {
    const cellOf = (one: string) => one[0] ?? ''
    expect(
      adjustedRandIndex(
        [
          ['a1', 'a2'],
          ['b1', 'b2']
        ],
        cellOf
      )
    ).toBe(1)
    expect(adjustedRandIndex([['a1', 'a2', 'b1', 'b2']], cellOf)).toBe(0)
    expect(
      adjustedRandIndex(
        [
          ['a1', 'a2', 'b1'],
          ['a3', 'b2', 'b3']
        ],
        cellOf
      )
    ).toBeCloseTo(-1 / 9, 10)
  })

  test('average precision is the mean precision where each wanted host stands', () => {
    expect(averagePrecision(['a', 'x', 'b'], new Set(['a', 'b']))).toBeCloseTo((1 + 2 / 3) / 2, 10)
    expect(averagePrecision(['x', 'a'], new Set(['a', 'gone']))).toBeCloseTo(0.25, 10)
  })

  test('a figure below its floor is told, and so is one that was not measured', () => {
    const measured = {
      ours: new Map([
        ['ari', { value: 0.9, weight: 3 }],
        ['accused', { value: 0, weight: 3 }]
      ]),
      peers: new Map(),
      byFamily: new Map()
    }
    expect(belowFloor(measured, { ari: 0.9, accused: 0 })).toEqual([])
    expect(belowFloor(measured, { ari: 0.95 })).toEqual([
      'adjusted Rand index of clusters: 0.900, the recorded floor is 0.95.'
    ])
    expect(belowFloor(measured, { ap: 0.5 })).toEqual([
      'host average precision: not measured, the recorded floor is 0.5.'
    ])
  })
})
