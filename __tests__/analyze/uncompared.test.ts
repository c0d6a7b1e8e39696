import { expect, test } from '@jest/globals'
import { assess } from '../../src/assess.ts'
import type { Baseline } from '../../src/baseline/baseline.ts'
import type { HostRecord } from '../../src/snapshot/snapshot.ts'
import { fleet, hostId, QUERIES, query } from '../support/fleets.ts'
import { learnedFrom, TODAY } from '../support/reviews.ts'

const DRIVERS = query('drivers', ['name'], { weight: 'integrity' })

async function uncompared(hosts: readonly HostRecord[], baseline: Baseline | null = null) {
  const { uncompared, analysis } = await assess(
    { queries: [...QUERIES, DRIVERS], indicators: [], today: TODAY, baseline },
    async function* () {
      yield* hosts
    }
  )
  return uncompared.hosts.map(host => analysis.fleet.hosts[host]!.id)
}

/** Answers only what the others do not answer. */
const windows: HostRecord = {
  ...fleet(1)[0]!,
  host: hostId(99),
  queries: { drivers: { status: 'ok', detail: null, rows: [{ name: 'rootkit.sys' }] } }
}

test('one or two hosts are compared with nothing, three with each other', async () => {
  expect(await uncompared(fleet(1))).toEqual([hostId(0)])
  expect(await uncompared(fleet(2))).toEqual([hostId(0), hostId(1)])
  expect(await uncompared(fleet(3))).toEqual([])
})

test('a host of another kind is compared with nothing, however many others there are', async () => {
  expect(await uncompared([...fleet(20), windows])).toEqual([windows.host])
})

test('a baseline compares one host if it covers the tables of which the host has rows', async () => {
  const baseline = await learnedFrom(fleet(4))
  expect(await uncompared(fleet(1), baseline)).toEqual([])
  const { cron: _, ...queries } = baseline.queries
  expect(await uncompared(fleet(1), { ...baseline, queries })).toEqual([hostId(0)])
  const { sessions: __, ...others } = baseline.queries
  expect(await uncompared(fleet(1), { ...baseline, queries: others })).toEqual([])
})
