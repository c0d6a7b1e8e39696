import { afterAll, describe, expect, test } from '@jest/globals'
import { builtinPack } from '../../src/osquery/builtin-packs.ts'
import { HEALTHY_EVENTS } from '../support/healthy-events.ts'
import { packFleet } from '../support/pack-fleet.ts'
import { ODDITIES } from '../support/pack-oddities.ts'
import { TECHNIQUES } from '../support/pack-techniques.ts'

const FOUND = ['medium', 'high', 'critical']

describe('on one of 40 hosts', () => {
  const fleet = packFleet(40, 3)
  afterAll(() => fleet.close())

  test.each(TECHNIQUES.map(technique => [technique.what, technique] as const))(
    '%s is found',
    async (_what, { query, plant, found: expected }) => {
      const { findings } = await fleet.after(plant)
      const [victim] = fleet.idsOf()
      const found = findings.filter(
        ({ hosts, rows }) => hosts.includes(victim!) && rows.some(row => row.query === query)
      )
      const severities = found.map(({ severity }) => severity)
      if (expected === 'low') expect(severities).toContain('low')
      else expect(severities.filter(severity => FOUND.includes(severity))).not.toEqual([])
    }
  )

  test('every query that accuses shows a technique, except one that no plain table can show', () => {
    const shown = new Set(TECHNIQUES.map(({ query }) => query))
    const without = builtinPack('linux')!.queries.filter(
      ({ weight, name }) => weight !== 'context' && !shown.has(name)
    )
    // A process that answers and is in no list: see the tests of the planner.
    expect(without.map(({ name }) => name)).toEqual(['hidden_processes'])
  })
})

describe('on a healthy fleet of 60 hosts', () => {
  const fleet = packFleet(60, 5)
  afterAll(() => fleet.close())

  test.each([...ODDITIES, ...HEALTHY_EVENTS].map(oddity => [oddity.what, oddity] as const))(
    '%s makes no finding high, and at most one medium',
    async (_what, { hosts, happens }) => {
      const { findings } = await fleet.after(happens, hosts)
      const severities = findings.map(({ severity }) => severity)
      expect(severities.filter(severity => severity === 'high' || severity === 'critical')).toEqual([])
      expect(severities.filter(severity => severity === 'medium').length).toBeLessThanOrEqual(1)
    }
  )
})
