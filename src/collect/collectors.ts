import type { Inputs } from '../inputs/inputs.ts'
import type { Collector } from './collector.ts'
import { filesCollector } from './files.ts'
import { localCollector } from './local.ts'

/** By the name that the `collector` input gives. */
export const COLLECTORS: Readonly<Record<Inputs['collector'], Collector>> = {
  ssm: {
    usesAws: true,
    // Loaded only where it is used: the AWS SDK is large.
    async open(request, ports) {
      const { openSsm } = await import(/* webpackMode: "eager" */ './ssm/collector.ts')
      return openSsm(request, ports)
    }
  },
  local: localCollector,
  files: filesCollector
}
