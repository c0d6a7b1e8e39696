import type { SSMClient } from '@aws-sdk/client-ssm'
import type { RunContext } from '../github/context.ts'
import type { Inputs } from '../inputs/inputs.ts'
import { ssmClient } from './clients.ts'
import type { CredentialPorts } from './credentials.ts'
import { login } from './login.ts'

/** Logs in to AWS and opens SSM. Whoever calls it destroys the client. @throws Error that says what to change */
export async function connectToSsm(
  inputs: Inputs,
  context: RunContext,
  ports: Omit<CredentialPorts, 'tokens'>
): Promise<SSMClient> {
  const credentials = await login(inputs, context, ports)
  return ssmClient(inputs.region, credentials, ports.clock)
}
