import { afterAll, describe, expect, test } from '@jest/globals'
import { addFile, addRow, type SimulatedHost } from '../../simulator/fleet/host.ts'
import { type Random, seededRandom } from '../../simulator/fleet/random.ts'
import type { Assessment } from '../../src/assess.ts'
import { builtinPack } from '../../src/osquery/builtin-packs.ts'
import { EVERYDAY_EVENTS } from '../support/everyday-events.ts'
import { HEALTHY_EVENTS } from '../support/healthy-events.ts'
import { pidOf, run, together } from '../support/host-changes.ts'
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
    ...samplesOf(seededRandom(41), TECHNIQUES, 2, 10),
    ...samplesOf(seededRandom(43), TECHNIQUES, 3, 5)
  ])('%s: all are found', async (_what, techniques) => {
    await expectFound(techniques)
  })

  test.each<readonly [string, (host: SimulatedHost) => void]>([
    [
      "a person's shell over SSH",
      host => run(host, '/usr/bin/bash', '-bash', { uid: 1_000, parent: pidOf(host, '/usr/sbin/sshd') })
    ],
    ['a start-up file that no other host has', host => addFile(host, '/home/bob/.zshrc', "bob's taste")],
    [
      'a package manager of a person',
      host => run(host, '/usr/bin/apt-get', 'apt-get -s upgrade', { uid: 1_000 })
    ],
    [
      'a hidden file in `/etc`',
      host => addRow(host, 'file', { path: '/etc/.hosts.swp', type: 'regular', mode: '0600', uid: 0 })
    ],
    [
      'a hidden folder in `/tmp`',
      host => addRow(host, 'file', { path: '/tmp/.tool/', type: 'directory', mode: '0700', uid: 0 })
    ],
    [
      'a container that shares the process namespace of the host',
      host => {
        const pid_namespace = '4026531836'
        addRow(host, 'process_namespaces', { pid: Number(host.tables.osquery_info?.[0]?.pid), pid_namespace })
        addRow(host, 'docker_containers', { id: 'c', image: 'agent:7', privileged: 0, pid_namespace })
      }
    ]
  ])('%s is nothing above low', async (_what, happens) => {
    const { findings } = await fleet.after(happens)
    expect(findings.filter(({ severity }) => FOUND.includes(severity))).toEqual([])
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

  test.each([...samplesOf(seededRandom(47), EVENTS, 2, 10), ...samplesOf(seededRandom(53), EVENTS, 3, 8)])(
    'on the same hosts, %s make no finding high, and no more medium than they are',
    async (_what, events) => {
      const most = Math.max(...events.map(({ hosts }) => hosts))
      const changes = Array.from({ length: most }, (_, host) =>
        together(...events.flatMap(({ hosts, happens }) => (host < hosts ? [happens] : [])))
      )
      expectQuiet(await fleet.afterEach(changes), events.length)
    }
  )

  test.each(samplesOf(seededRandom(59), EVENTS, 2, 5))(
    'on different hosts, %s make no finding high, and no more medium than they are',
    async (_what, events) => {
      const changes = events.flatMap(({ hosts, happens }) => Array.from({ length: hosts }, () => happens))
      expectQuiet(await fleet.afterEach(changes), events.length)
    }
  )
})
