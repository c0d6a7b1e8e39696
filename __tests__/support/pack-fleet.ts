import { isDeepStrictEqual } from 'node:util'
import { makeFleet } from '../../simulator/fleet/fleet.ts'
import type { SimulatedHost } from '../../simulator/fleet/host.ts'
import { simulatedOsquery } from '../../simulator/osquery/answer.ts'
import { type Assessment, assess } from '../../src/assess.ts'
import { builtinPack } from '../../src/osquery/builtin-packs.ts'
import type { HostRecord, Row } from '../../src/snapshot/snapshot.ts'
import { facts, host as record } from './fleets.ts'

const QUERIES = builtinPack('linux')?.queries ?? []

type Happens = (host: SimulatedHost) => void

/** A healthy simulated fleet whose hosts can be changed, each asked the queries of the default pack. */
export function packFleet(hostCount: number, seed: number) {
  const osquery = simulatedOsquery()
  const hosts = makeFleet({ scenario: 'healthy', hostCount: hostCount + 2, seed }).hosts.filter(
    ({ behavior }) => behavior === 'honest'
  )
  const answers = hosts.map(host => answersOf(host))

  /** @param known what the host answered before some of its tables changed: other queries answer the same again */
  function answersOf(
    host: SimulatedHost,
    known: HostRecord | null = null,
    changed: readonly string[] = [],
    more: Readonly<Record<string, readonly Row[]>> = {}
  ) {
    const rows: Record<string, Row[]> = {}
    for (const { name, sql } of QUERIES) {
      const before = known?.queries[name]
      if (before !== undefined && !changed.some(table => new RegExp(`\\b${table}\\b`, 'i').test(sql))) {
        rows[name] = [...before.rows]
        continue
      }
      const { stdout, stderr, code } = osquery.answer(host.tables, sql)
      if (code !== 0) throw new Error(`${name}: ${stderr}`)
      rows[name] = JSON.parse(stdout.toString())
    }
    for (const [name, added] of Object.entries(more)) rows[name]!.push(...added)
    return record(host.id, rows, { facts })
  }

  return {
    close: () => osquery.close(),
    /** Assesses the fleet after the same happened on the first hosts. */
    after(happens: Happens, count = 1): Promise<Assessment> {
      return this.afterEach(Array.from({ length: count }, () => happens))
    },
    /**
     * Assesses the fleet after something happened on each of the first hosts.
     * @param more rows that the first host answers besides
     */
    async afterEach(
      happens: readonly Happens[],
      more: Readonly<Record<string, readonly Row[]>> = {}
    ): Promise<Assessment> {
      const changed = happens.map((happen, index) => {
        const host = hosts[index]!
        const copy = { ...host, tables: structuredClone(host.tables) }
        happen(copy)
        const tables = Object.keys({ ...host.tables, ...copy.tables }).filter(
          name => !isDeepStrictEqual(copy.tables[name], host.tables[name])
        )
        return answersOf(copy, answers[index], tables, index === 0 ? more : {})
      })
      return await assess(
        { queries: QUERIES, baseline: null, indicators: [], today: '2026-11-30' },
        async function* () {
          yield* [...changed, ...answers.slice(happens.length)]
        }
      )
    },
    /** The first hosts, which change. */
    idsOf: (count = 1) => hosts.slice(0, count).map(({ id }) => id)
  }
}
