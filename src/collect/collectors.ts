import type { Inputs } from '../inputs/inputs.ts'
import type { Collector } from './collector.ts'

/** By the name that the `collector` input gives. Each is loaded where it is used: the AWS SDK is large. */
export const COLLECTORS: Readonly<Record<Inputs['collector'], Collector>> = {
  ssm: {
    usesAws: true,
    open: async (request, ports) => (await import('./ssm/collector.ts')).openSsm(request, ports)
  },
  local: {
    usesAws: false,
    open: async (request, ports) => (await import('./local.ts')).openLocal(request, ports)
  },
  files: {
    usesAws: false,
    open: async (request, ports) => (await import('./files.ts')).openFiles(request, ports)
  }
}
