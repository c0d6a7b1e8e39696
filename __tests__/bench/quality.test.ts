import { describe, expect, test } from '@jest/globals'
import type { LabeledFleet, Row } from '../../bench/quality/fleet/ground-truth.ts'
import { SCENARIOS } from '../../bench/quality/fleet/scenarios.ts'
import { HELD_OUT_SCENARIOS } from '../../bench/quality/held-out/scenarios.ts'
import { adjustedRandIndex, averagePrecision } from '../../bench/quality/metrics.ts'
import { OPERATED_SCENARIOS } from '../../bench/quality/operations/scenarios.ts'
import { belowFloor } from '../../bench/quality/print.ts'
import type { Result } from '../../bench/quality/result.ts'
import { FIGURES, score } from '../../bench/quality/score.ts'

const ALL = [...SCENARIOS, ...OPERATED_SCENARIOS, ...HELD_OUT_SCENARIOS]
const scenarioOf = (name: string) => ALL.find(scenario => scenario.name === name)!
const SEED = 77

/** One fleet of each small scenario, and of one with a foreign pack. */
const FLEETS = ALL.filter(({ name, hosts }) => hosts <= 60 || name === 'held-out-foreign-intrusion-120').map(
  scenario => ({
    scenario,
    fleet: scenario.make(SEED)
  })
)

/** The result of somebody who knows the truth. */
function perfect(fleet: LabeledFleet): Result {
  const assessed = fleet.hosts.filter(({ status }) => status !== 'silent').map(({ host }) => host)
  const incidents = fleet.incidents.filter(({ kind }) => kind === 'incident')
  const compromised = new Set(incidents.flatMap(({ hosts }) => hosts))
  return {
    clusters: [...Map.groupBy(assessed, host => fleet.strata.get(host)).values()],
    findings: incidents.map(({ hosts, rows }) => ({
      hosts,
      rows: rows.map(({ kind, query, row, previous }) => ({ kind, query, row, expected: previous })),
      isHigh: true,
      isMedium: true
    })),
    hosts: [...assessed].sort((a, b) => Number(compromised.has(b)) - Number(compromised.has(a))),
    aboveLow: incidents.length > 0
  }
}

describe('generated fleets', () => {
  test('the same scenario and seed give the same fleet, another seed another one', () => {
    const scenario = scenarioOf('kit-60')
    expect(scenario.make(SEED)).toEqual(scenario.make(SEED))
    expect(scenario.make(SEED).hosts).not.toEqual(scenario.make(SEED + 1).hosts)
  })

  test('an incident can be seen: each row is on some of its hosts, or gone from all; each host has some row', () => {
    for (const { scenario, fleet } of FLEETS) {
      const byHost = new Map(fleet.hosts.map(record => [record.host, record]))
      const isThere = (host: string, query: string, row: Row) =>
        (byHost.get(host)?.queries[query]?.rows ?? []).some(seen =>
          Object.entries(row).every(([column, value]) => seen[column] === value)
        )
      for (const { hosts, rows } of fleet.incidents) {
        const changes = rows.map(({ kind, query, row }) => ({
          there: hosts.filter(host => isThere(host, query, row)),
          isMissing: kind === 'missing'
        }))
        expect([
          scenario.name,
          changes.filter(({ there, isMissing }) => isMissing === there.length > 0)
        ]).toEqual([scenario.name, []])
        const untouched = hosts.filter(host =>
          changes.every(({ there, isMissing }) => !isMissing && !there.includes(host))
        )
        expect([scenario.name, untouched]).toEqual([scenario.name, []])
      }
    }
  })

  test('no host has two incidents, and a host with one is not silent and has no truncated query', () => {
    for (const { fleet } of FLEETS) {
      const compromised = fleet.incidents.flatMap(({ hosts }) => hosts)
      expect(new Set(compromised).size).toBe(compromised.length)
      for (const host of compromised)
        expect(fleet.hosts.find(one => one.host === host)?.status).toBe('reported')
    }
  })

  test('every scenario has a name of its own', () => {
    expect(new Set(ALL.map(({ name }) => name)).size).toBe(ALL.length)
  })
})

describe('scoring', () => {
  test('the truth itself reaches every goal', () => {
    for (const { scenario, fleet } of FLEETS) {
      const benign = fleet.incidents.some(({ kind }) => kind === 'benign')
      for (const { key, sum, weight } of score(fleet, perfect(fleet))) {
        const figure = FIGURES.find(one => one.key === key)!
        if (weight === 0 || benign) continue
        expect([scenario.name, key, sum / weight]).toEqual([scenario.name, key, figure.atLeast ? 1 : 0])
      }
    }
  })

  test('a silent result finds nothing, and one that accuses every host has no precision', () => {
    const scenario = scenarioOf('kit-60')
    const fleet = scenario.make(SEED)
    const truth = perfect(fleet)
    const figureOf = (result: Result, key: string) => {
      const seen = score(fleet, result).filter(one => one.key === key)
      return seen.reduce((sum, one) => sum + one.sum, 0) / seen.reduce((sum, one) => sum + one.weight, 0)
    }
    const silent = { ...truth, findings: [] }
    for (const key of ['inHigh', 'first', 'five', 'found', 'high']) expect(figureOf(silent, key)).toBe(0)
    const everybody = truth.hosts.map(host => ({
      hosts: [host],
      rows: [
        { kind: 'unexpected' as const, query: 'programs', row: { path: '/x', username: 'y' }, expected: null }
      ],
      isHigh: true,
      isMedium: true
    }))
    const shouting = { ...truth, findings: [...everybody, ...truth.findings] }
    expect(figureOf(shouting, 'precision')).toBeLessThan(0.2)
    expect(figureOf(shouting, 'first')).toBe(0)
    expect(figureOf(shouting, 'accused')).toBe(1)
    expect(figureOf(shouting, 'five')).toBe(0)
  })

  test('a finding that names half of the fleet holds no incident', () => {
    const scenario = scenarioOf('kit-60')
    const fleet = scenario.make(SEED)
    const truth = perfect(fleet)
    const vague = {
      ...truth,
      findings: truth.findings.map(found => ({
        ...found,
        hosts: truth.hosts.slice(0, 30).concat(found.hosts)
      }))
    }
    expect(score(fleet, vague).find(({ key }) => key === 'inHigh')?.sum).toBe(0)
  })

  test('the adjusted Rand index is 1 for the same partition, 0 for one cluster, and as in Hubert and Arabie between', () => {
    const groupOf = (one: string) => one[0] ?? ''
    expect(
      adjustedRandIndex(
        [
          ['a1', 'a2'],
          ['b1', 'b2']
        ],
        groupOf
      )
    ).toBe(1)
    expect(adjustedRandIndex([['a1', 'a2', 'b1', 'b2']], groupOf)).toBe(0)
    expect(
      adjustedRandIndex(
        [
          ['a1', 'a2', 'b1'],
          ['a3', 'b2', 'b3']
        ],
        groupOf
      )
    ).toBeCloseTo(-1 / 9, 10)
  })

  test('average precision is the mean of the precisions at the ranks of the wanted hosts', () => {
    expect(averagePrecision(['a', 'x', 'b'], new Set(['a', 'b']))).toBeCloseTo((1 + 2 / 3) / 2, 10)
    expect(averagePrecision(['x', 'a'], new Set(['a', 'gone']))).toBeCloseTo(0.25, 10)
  })

  test('a figure below its floor is reported, and so is one that was not measured', () => {
    const measured = {
      product: new Map([
        ['ari', { value: 0.9, weight: 3 }],
        ['accused', { value: 0, weight: 3 }]
      ]),
      references: new Map(),
      byScenario: new Map()
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
