import type { Inputs } from '../inputs/inputs.ts'
import type { Collector } from './collector.ts'
import { filesCollector } from './files.ts'
import { localCollector } from './local.ts'
import { ssmCollector } from './ssm/collector.ts'

/** By the name that the `collector` input gives. */
export const COLLECTORS: Readonly<Record<Inputs['collector'], Collector>> = {
  ssm: ssmCollector,
  local: localCollector,
  files: filesCollector
}
