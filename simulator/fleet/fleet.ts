import { COMPROMISES } from './compromises.ts'
import { benignTool, healthyHost } from './healthy.ts'
import type { DemoFleet, DemoHost, Plant } from './host.ts'
import { seededRandom } from './random.ts'

/** `sick`: four compromises; `healthy`: noise only. Both with one silent host and one without osquery; `garbage`: one host more answers garbage. */
export type Scenario = 'sick' | 'healthy' | 'garbage'

export interface FleetOptions {
  readonly seed?: number
  readonly hosts?: number
  readonly scenario?: Scenario
}

/** Makes the embedded fleet. The same options give the same fleet. */
export function makeFleet({ seed = 1, hosts: size = 64, scenario = 'sick' }: FleetOptions = {}): DemoFleet {
  const random = seededRandom(seed)
  const hosts = Array.from({ length: size }, (_, index) => healthyHost(random, index))
  const free = [...hosts]
  const take = (): DemoHost => {
    const [host] = free.splice(random.between(0, free.length - 1), 1)
    if (host === undefined) throw new Error(`${size} hosts are too few for this scenario`)
    return host
  }
  take().behavior = 'silent'
  take().behavior = 'no-osquery'
  if (scenario === 'garbage') take().behavior = 'garbage'
  for (const tool of ['strace', 'tcpdump']) benignTool(take(), tool)
  const plants: Plant[] = []
  for (const compromise of scenario === 'healthy' ? [] : COMPROMISES) {
    const chosen = Array.from({ length: compromise.hosts }, take)
    for (const host of chosen) compromise.plant(host, random)
    plants.push({ name: compromise.name, what: compromise.what, hosts: chosen.map(host => host.id).sort() })
  }
  return { hosts, plants }
}
