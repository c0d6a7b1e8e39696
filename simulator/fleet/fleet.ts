import { ATTACKS } from './attacks.ts'
import { healthyHost } from './healthy/healthy-host.ts'
import { addTool } from './healthy/packages.ts'
import type { Compromise, SimulatedFleet, SimulatedHost } from './host.ts'
import { seededRandom } from './random.ts'

/**
 * `sick`: four compromises; `healthy`: none; `garbage`: as `sick`, and one more host answers garbage. In each of them
 * one host is silent and one has no osquery.
 */
export type Scenario = 'sick' | 'healthy' | 'garbage'

export interface FleetOptions {
  readonly seed?: number
  readonly hostCount?: number
  readonly scenario?: Scenario
}

/**
 * Makes a simulated fleet. The same options give the same fleet.
 * @throws Error if the scenario needs more hosts
 */
export function makeFleet({
  seed = 1,
  hostCount = 64,
  scenario = 'sick'
}: FleetOptions = {}): SimulatedFleet {
  const attacks = scenario === 'healthy' ? [] : ATTACKS
  const minHosts = attacks.reduce((sum, attack) => sum + attack.hostCount, scenario === 'garbage' ? 5 : 4)
  if (!(hostCount >= minHosts)) throw new Error(`The scenario ${scenario} needs at least ${minHosts} hosts.`)
  const random = seededRandom(seed)
  const hosts = Array.from({ length: hostCount }, (_, index) => healthyHost(random, index))
  const unassigned = [...hosts]
  const takeHost = (): SimulatedHost => {
    const [host] = unassigned.splice(random.between(0, unassigned.length - 1), 1)
    if (host === undefined) throw new Error('The scenario has too few hosts')
    return host
  }
  takeHost().behavior = 'silent'
  takeHost().behavior = 'no-osquery'
  if (scenario === 'garbage') takeHost().behavior = 'garbage'
  for (const tool of ['strace', 'tcpdump']) addTool(takeHost(), tool)
  const compromises: Compromise[] = []
  for (const attack of attacks) {
    const victims = Array.from({ length: attack.hostCount }, takeHost)
    for (const host of victims) attack.carryOut(host, random)
    const { name, description } = attack
    compromises.push({ name, description, hosts: victims.map(host => host.id).sort() })
  }
  return { hosts, compromises }
}
