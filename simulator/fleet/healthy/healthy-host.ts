import { SIMULATED_NOW, type SimulatedHost } from '../host.ts'
import type { Random } from '../random.ts'
import { addAccounts } from './accounts.ts'
import { addFiles } from './files.ts'
import { addIdentity } from './identity.ts'
import { addKernel } from './kernel.ts'
import { addNetwork } from './network.ts'
import { addPackageFiles, addPackages } from './packages.ts'
import { addServices } from './services.ts'

const DAY_SECONDS = 86_400

/** Makes a healthy host of the checkout service: Debian 12 on EC2, with all the noise that healthy hosts have. */
export function healthyHost(random: Random, index: number): SimulatedHost {
  const address = `10.20.${Math.floor(index / 200) + 1}.${(index % 200) + 11}`
  const host: SimulatedHost = {
    id: `i-0${random.hex(16)}`,
    name: `ip-${address.replaceAll('.', '-')}`,
    address,
    tags: { Service: 'checkout', Stage: 'production', Name: `checkout-${index + 1}` },
    behavior: 'honest',
    tables: {}
  }
  const booted = SIMULATED_NOW - random.between(DAY_SECONDS, DAY_SECONDS * 90)
  const patched = random.chance(0.35)
  addIdentity(host, random)
  addKernel(host, random, booted)
  addServices(host, random, booted, patched)
  addAccounts(host)
  addFiles(host, random, patched)
  addNetwork(host, random)
  addPackages(host, patched)
  addPackageFiles(host)
  return host
}
