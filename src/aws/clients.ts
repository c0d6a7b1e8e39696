import { SSMClient } from '@aws-sdk/client-ssm'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import type { Clock } from '../clock.ts'
import type { RoleSession } from './credentials.ts'
import { explainAwsError, hasExpired, isThrottled } from './errors.ts'
import { proxyAgents } from './http.ts'
import { type Pace, startPace } from './pace.ts'

/** A call may wait long for its turn. More renewals than this would hide credentials that never work. */
const MAX_RENEWALS = 2

/**
 * A client for SSM. Each attempt of an action, retries included, keeps to the pace of that action; the SDK retries
 * transient failures. Credentials that AWS calls expired are renewed, whatever their date says.
 * @param credentials `null`: the SDK looks for ambient ones
 */
export function ssmClient(
  region: string,
  credentials: RoleSession['credentials'] | null,
  clock: Clock
): SSMClient {
  const client = new SSMClient({
    region,
    // The session decides when to renew: an expired date makes the SDK ask it each time.
    ...(credentials === null
      ? {}
      : { credentials: async () => ({ ...(await credentials()), expiration: new Date(0) }) }),
    maxAttempts: 10,
    requestHandler: {
      connectionTimeout: 5_000,
      requestTimeout: 30_000,
      throwOnRequestTimeout: true,
      ...proxyAgents()
    },
    customUserAgent: 'fleet-drift'
  })
  const paces = new Map<string, Pace>()
  const paceOf = (action: string): Pace => {
    const pace = paces.get(action) ?? startPace(clock)
    paces.set(action, pace)
    return pace
  }
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async args => {
        const pace = paceOf(commandName)
        await pace.turn()
        try {
          const answer = await next(args)
          pace.answered()
          return answer
        } catch (error) {
          if (isThrottled(error)) pace.throttled()
          throw error
        }
      },
    // Inside the SDK's retries.
    { name: 'pace', step: 'finalizeRequest', priority: 'low' }
  )
  if (credentials !== null) {
    client.middlewareStack.add(
      next => async args => {
        for (let renewals = 0; ; renewals++) {
          const used = await credentials()
          try {
            return await next(args)
          } catch (error) {
            if (!hasExpired(error) || renewals >= MAX_RENEWALS) throw error
            await credentials(used)
          }
        }
      },
      { name: 'renewCredentials', step: 'initialize' }
    )
  }
  return client
}

/** The account of the ambient credentials. @throws Error with what to change when STS does not answer. */
export async function ambientAccount(region: string): Promise<string> {
  const sts = new STSClient({
    region,
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 15_000, ...proxyAgents() }
  })
  try {
    const { Account } = await sts.send(new GetCallerIdentityCommand({}))
    return Account ?? ''
  } catch (error) {
    throw new Error(explainAwsError(error, 'sts:GetCallerIdentity'))
  } finally {
    sts.destroy()
  }
}

/** @throws Error when accounts are listed and `account` is not one of them. */
export function refuseOtherAccounts(account: string, allowed: readonly string[]): void {
  if (allowed.length === 0 || allowed.includes(account)) return
  throw new Error(
    `The credentials belong to account ${account || '(unknown)'}, and allowed-account-ids names only ${allowed.join(', ')}. ` +
      'Nothing was called in it.'
  )
}
