import type { SSMClient } from '@aws-sdk/client-ssm'
import { s3Reader } from '../../aws/s3.ts'
import type { HostRecord } from '../../snapshot/snapshot.ts'
import {
  type CollectPorts,
  type CollectRequest,
  expectedIds,
  type OpenCollection,
  packDigests
} from '../collector.ts'
import { collectFromSsm } from './ssm.ts'

/** Collects the targets through SSM Run Command. @throws Error that says what to change */
export async function openSsm(request: CollectRequest, ports: CollectPorts): Promise<OpenCollection> {
  const { inputs, packs } = request
  return {
    source: { region: inputs.region, targets: inputs.targetLines, packs: packDigests(packs) },
    hosts: collectWith(await ports.connect(), request, ports)
  }
}

async function* collectWith(
  ssm: SSMClient,
  { inputs, queries, comment }: CollectRequest,
  { env, log, clock, signal }: CollectPorts
): AsyncGenerator<HostRecord, number> {
  const credentials = () => ssm.config.credentials()
  const s3 =
    inputs.outputS3 === null ? null : s3Reader(inputs.outputS3, inputs.region, credentials, env, clock)
  const request = { ...inputs, queries, comment, expectedIds: expectedIds(inputs.expectedHosts) }
  try {
    return yield* collectFromSsm(request, { ssm, s3, log, clock, signal })
  } finally {
    ssm.destroy()
  }
}
