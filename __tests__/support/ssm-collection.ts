import { expect } from '@jest/globals'
import type { SsmRequest } from '../../src/collect/ssm/session.ts'
import { collectFromSsm } from '../../src/collect/ssm/ssm.ts'
import type { Platform, Query } from '../../src/osquery/pack.ts'
import type { HostRecord } from '../../src/snapshot/snapshot.ts'
import { recordingLog } from './recording-log.ts'
import { type SimulatedHost, type Simulation, simulateSsm } from './simulated-ssm.ts'

export const query = (name: string, platforms: Platform[] = ['linux']): Query => ({
  name,
  platforms,
  sql: `SELECT '${name}'`,
  title: name,
  identity: ['a'],
  changes: [],
  cohort: [],
  attack: [],
  weight: 'normal',
  control: false,
  root: false
})

export const id = (at: number) => `i-${at.toString(16).padStart(17, '0')}`
export const hosts = (
  count: number,
  host: (at: number) => Partial<SimulatedHost> = () => ({})
): SimulatedHost[] => Array.from({ length: count }, (_, at) => ({ id: id(at), endsAt: 3_000, ...host(at) }))
export const FILTER: SsmRequest['targets'] = {
  kind: 'filters',
  filters: [{ key: 'tag:Service', values: ['web'] }]
}
export const named = (fleet: readonly { id: string }[]): SsmRequest['targets'] => ({
  kind: 'hosts',
  hosts: fleet.map(host => host.id)
})

interface Run extends Partial<SsmRequest> {
  readonly simulation?: Simulation
  readonly signal?: AbortSignal
}

/** Collects from a simulated fleet. `targeted` is what the collection returns. */
export async function collect(fleet: readonly SimulatedHost[], { simulation, signal, ...request }: Run = {}) {
  const simulated = simulateSsm(fleet, simulation)
  const log = recordingLog()
  const records: HostRecord[] = []
  let error: unknown = null
  let targeted = 0
  try {
    const collection = {
      targets: FILTER,
      targetLines: ['tag:Service=web'],
      queries: [query('users'), query('ports')],
      document: null,
      osquery: [],
      outputS3: null,
      comment: 'fleet-drift acme/app run 7',
      maxConcurrency: '100%',
      timeoutSeconds: 60,
      expectedIds: [],
      ...request
    }
    const ports = {
      ssm: simulated.ssm,
      s3: null,
      clock: simulated.clock,
      log,
      signal: signal ?? new AbortController().signal
    }
    const hosts = collectFromSsm(collection, ports)
    let next = await hosts.next()
    for (; !next.done; next = await hosts.next()) records.push(next.value)
    targeted = next.value
  } catch (thrown) {
    error = thrown
  }
  const byId = Object.fromEntries(records.map(record => [record.host, record]))
  expect(Object.keys(byId)).toHaveLength(records.length)
  return {
    ...simulated,
    records,
    targeted,
    byId,
    lines: log.lines,
    error,
    message: error instanceof Error ? error.message : ''
  }
}
