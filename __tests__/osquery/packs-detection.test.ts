import { afterAll, describe, expect, test } from '@jest/globals'
import { type Random, seededRandom } from '../../simulator/fleet/random.ts'
import type { Assessment } from '../../src/assess.ts'
import { builtinPack } from '../../src/osquery/builtin-packs.ts'
import { EVERYDAY_EVENTS } from '../support/everyday-events.ts'
import { HEALTHY_EVENTS } from '../support/healthy-events.ts'
import { together } from '../support/host-changes.ts'
import { packFleet } from '../support/pack-fleet.ts'
import { ODDITIES } from '../support/pack-oddities.ts'
import { TECHNIQUES, type Technique } from '../support/pack-techniques.ts'

const FOUND = ['medium', 'high', 'critical']
const EVENTS = [...ODDITIES, ...HEALTHY_EVENTS, ...EVERYDAY_EVENTS]

/** Random groups of things, each named after what it holds. */
function samplesOf<Thing extends { readonly what: string }>(
  random: Random,
  things: readonly Thing[],
  size: number,
  count: number
): [string, Thing[]][] {
  return Array.from({ length: count }, () => {
    const left = [...things]
    const picked = Array.from({ length: size }, () => left.splice(random.between(0, left.length - 1), 1)[0]!)
    return [picked.map(({ what }) => what).join(' + '), picked]
  })
}

describe('on one of 40 hosts', () => {
  const fleet = packFleet(40, 3)
  afterAll(() => fleet.close())

  const expectFound = async (techniques: readonly Technique[]) => {
    const answers = Object.fromEntries(
      techniques.flatMap(({ query, answer }) => (answer === undefined ? [] : [[query, [answer]]]))
    )
    const { findings } = await fleet.afterEach([together(...techniques.map(({ plant }) => plant))], answers)
    const [victim] = fleet.idsOf()
    const seen = findings
      .filter(({ hosts, severity }) => hosts.includes(victim!) && FOUND.includes(severity))
      .flatMap(({ rows }) => rows.map(({ query }) => query))
    for (const { query } of techniques) expect(seen).toContain(query)
  }

  test.each(TECHNIQUES.map(technique => [technique.what, technique] as const))(
    '%s is found',
    async (_what, technique) => {
      await expectFound([technique])
    }
  )

  test.each([
    ...samplesOf(seededRandom(41), TECHNIQUES, 2, 14),
    ...samplesOf(seededRandom(43), TECHNIQUES, 3, 6)
  ])('%s: all are found', async (_what, techniques) => {
    await expectFound(techniques)
  })

  test('every query that accuses shows a technique', () => {
    const shown = new Set(TECHNIQUES.map(({ query }) => query))
    const without = builtinPack('linux')!.queries.filter(
      ({ weight, name }) => weight !== 'context' && !shown.has(name)
    )
    expect(without).toEqual([])
  })
})

describe('on a healthy fleet of 60 hosts', () => {
  const fleet = packFleet(60, 5)
  afterAll(() => fleet.close())

  const expectQuiet = ({ findings }: Assessment, events: number) => {
    const severities = findings.map(({ severity }) => severity)
    expect(severities.filter(severity => severity === 'high' || severity === 'critical')).toEqual([])
    expect(severities.filter(severity => severity === 'medium').length).toBeLessThanOrEqual(events)
  }

  test.each(EVENTS.map(event => [event.what, event] as const))(
    '%s makes no finding high, and at most one medium',
    async (_what, { hosts, happens }) => {
      expectQuiet(await fleet.after(happens, hosts), 1)
    }
  )

  test.each([...samplesOf(seededRandom(47), EVENTS, 2, 14), ...samplesOf(seededRandom(53), EVENTS, 3, 10)])(
    'on the same hosts, %s make no finding high, and no more medium than they are',
    async (_what, events) => {
      const most = Math.max(...events.map(({ hosts }) => hosts))
      const changes = Array.from({ length: most }, (_, host) =>
        together(...events.flatMap(({ hosts, happens }) => (host < hosts ? [happens] : [])))
      )
      expectQuiet(await fleet.afterEach(changes), events.length)
    }
  )

  test.each(samplesOf(seededRandom(59), EVENTS, 2, 8))(
    'on different hosts, %s make no finding high, and no more medium than they are',
    async (_what, events) => {
      const changes = events.flatMap(({ hosts, happens }) => Array.from({ length: hosts }, () => happens))
      expectQuiet(await fleet.afterEach(changes), events.length)
    }
  )
})
